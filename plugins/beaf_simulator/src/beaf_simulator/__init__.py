"""A small deterministic market, to try and to test with."""
