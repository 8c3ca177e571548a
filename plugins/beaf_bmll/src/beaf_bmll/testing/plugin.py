"""Which fixtures does every suite get that has beaf-bmll installed? The pytest plugin `beaf_bmll`.

Every pytest run on the machine imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beaf_bmll.testing import Emulator


def lead_sdk_here() -> None:
    """Let the vendor's package read its environment again, where it is imported already.

    It reads addresses, user and key once, when its session is made; what it knew of a login goes.
    """
    rest = sys.modules.get("bmll._rest")
    if rest is not None:
        rest.DEFAULT_SESSION.http_session.close()
        rest.DEFAULT_SESSION.__init__()


def lead_here(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead this process, from outside the Lab, to an emulator, until the test ends."""
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BMLL_BASE_URL", raising=False)
    lead_sdk_here()


@pytest.fixture
def bmll_emulator(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """Servers of BMLL for one test, to which the vendor's package is led.

    They fail the test in the end if anything was asked that the contract does not have. Options:
    `@pytest.mark.parametrize("bmll_emulator", [{"start_machines": False}], indirect=True)`.
    """
    from beaf_bmll.testing import Emulator

    with Emulator(tmp_path / "bmll", **getattr(request, "param", {})) as emulator:
        lead_here(emulator, monkeypatch)
        yield emulator
    if emulator.violations:
        pytest.fail("against the contract: " + "\n".join(emulator.violations))


@pytest.fixture
def bmll_lab(bmll_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The same servers, and the test stands inside the Lab: no key, but a `bmll2` to import."""
    from beaf_bmll.testing.lab import LAB_SITE

    for name in ("BMLL_USERNAME", "BMLL_KEY_PATH"):
        monkeypatch.delenv(name)
    for name, value in bmll_emulator.lab_environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(LAB_SITE)
    lead_sdk_here()
    yield bmll_emulator
    sys.modules.pop("bmll2", None)  # the next test may stand outside
