"""Where does Dagster keep an instance, and what does a new one begin with?"""
