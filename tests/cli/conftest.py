"""How do tests type a command? As a person does, and look at both streams and the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from beaf_core.cli import main


@dataclass(frozen=True)
class Typed:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as one JSON value."""
        return json.loads(self.out)


Beaf = Callable[..., Typed]


@pytest.fixture
def beaf(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Beaf:
    """Type a command: `beaf("pipeline", "run", …)`."""

    def type_command(*arguments: object) -> Typed:
        monkeypatch.setattr(sys, "argv", ["beaf", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Typed(int(ended.value.code or 0), printed.out, printed.err)

    return type_command
