"""What holds for the tests of every distribution?"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine, which may be busy, and not of the code.
settings.register_profile("beaf", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beaf")
