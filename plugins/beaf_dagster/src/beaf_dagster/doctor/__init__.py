"""Does an instance of Dagster work, and what is to be mended?"""
