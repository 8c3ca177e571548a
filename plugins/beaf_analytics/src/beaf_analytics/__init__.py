"""The standard analytics modules of BEAF."""
