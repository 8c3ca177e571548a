"""On which machine, and with which versions, was it measured?"""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

_DISTRIBUTIONS = ("beaf-core", "polars", "duckdb", "pyarrow", "numpy")


def machine(threads: int) -> dict[str, Any]:
    """Describe it."""
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": list(os.getloadavg()),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _DISTRIBUTIONS},
    }
