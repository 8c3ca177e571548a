"""Is `mic=XLON` the listings on XLON, and no others?"""

from __future__ import annotations

from beaf_core.testing import tiny_reference
from beaf_universes import mic


def test_a_venue_has_its_own_listings_and_not_their_siblings() -> None:
    # Listing 201 is the same instrument as 101, on another venue.
    found = mic.get_universe("2025-01-06", "XLON", tiny_reference)
    assert found["ListingId"].sort().to_list() == [101, 102]


def test_a_bare_mic_is_every_listing() -> None:
    found = mic.get_universe("2025-01-06", None, tiny_reference)
    assert found["ListingId"].sort().to_list() == [101, 102, 201]


def test_several_venues_are_joined_by_a_tilde() -> None:
    found = mic.get_universe("2025-01-06", "XPAR~XLON", tiny_reference)
    assert found["ListingId"].sort().to_list() == [101, 102, 201]


def test_a_venue_unheard_of_has_no_listing() -> None:
    assert mic.get_universe("2025-01-06", "XXXX", tiny_reference).is_empty()


def test_the_values_are_the_venues() -> None:
    assert mic.universe_values("2025-01-06", tiny_reference) == ["XLON", "XPAR"]
