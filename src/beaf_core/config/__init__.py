"""How does a description of a pipeline become a checked, resolved configuration?"""
