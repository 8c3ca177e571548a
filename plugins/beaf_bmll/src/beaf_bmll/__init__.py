"""Pipelines of BEAF on BMLL: jobs, data, universes, and a run launcher for Dagster."""
