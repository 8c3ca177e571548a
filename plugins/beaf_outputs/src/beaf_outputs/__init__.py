"""Outputs that replace exactly one partition, whole or not at all."""
