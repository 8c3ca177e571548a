"""Which workloads are there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from beaf_bench.workloads.bars import W1
from beaf_bench.workloads.base import Workload
from beaf_bench.workloads.book import W2
from beaf_bench.workloads.everything import TINY, W5
from beaf_bench.workloads.hours import W4, W4_QUANTILES
from beaf_bench.workloads.impact import W6
from beaf_bench.workloads.orders import W3, W3_COUNTS

WORKLOADS: Mapping[str, Workload] = {
    each.name: each for each in (W1, W2, W3_COUNTS, W3, W4, W4_QUANTILES, W5, W6, TINY)
}
#: Those that a person chooses from.
COMPARED: Sequence[str] = [name for name, each in WORKLOADS.items() if each.hand is not None]
