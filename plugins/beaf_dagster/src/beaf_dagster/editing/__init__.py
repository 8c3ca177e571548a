"""How is a pipeline's YAML edited so that all else in it stays as a person has typed it?"""
