"""What holds for the tests of every distribution?"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine, which may be busy, and not of the code.
# Each run draws examples of its own: what forty miss, another run meets.
settings.register_profile(
    "beaf", deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("beaf")
