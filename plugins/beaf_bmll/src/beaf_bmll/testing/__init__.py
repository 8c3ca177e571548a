"""An emulator of the vendor's servers, and a stand-in for its Lab: try pipelines offline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name → home. pydantic is a quarter of a second, and every pytest run imports `testing.plugin`.
_HOMES = {"Emulator": "emulator", "Recorded": "desk", "Guesses": "guesses", "KINDS": "faults"}

__all__ = ["KINDS", "Emulator", "Guesses", "Recorded"]

if TYPE_CHECKING:
    from beaf_bmll.testing.desk import Recorded
    from beaf_bmll.testing.emulator import Emulator
    from beaf_bmll.testing.faults import KINDS
    from beaf_bmll.testing.guesses import Guesses


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
