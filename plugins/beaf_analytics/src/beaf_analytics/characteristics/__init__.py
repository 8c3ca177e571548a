"""What does the raw data look like, before anything is computed from it?"""
