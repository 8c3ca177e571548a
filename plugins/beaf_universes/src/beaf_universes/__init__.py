"""Universes answered from the source's reference table."""
