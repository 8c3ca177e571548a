"""Frames between Dagster's assets and BEAF's outputs: where they lie, how they go and come."""
