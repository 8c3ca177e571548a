"""Pipelines as assets: what they are called, how they are computed, and what they tell."""
