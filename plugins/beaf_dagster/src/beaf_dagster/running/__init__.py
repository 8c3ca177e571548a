"""Runs that the command line starts: what is asked, here or by the launcher, or as a backfill."""
