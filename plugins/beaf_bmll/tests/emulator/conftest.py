"""What do the emulator's own tests share? A logged-in client, scripts, and bare requests."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from beaf_bmll.testing import Emulator

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def compute(bmll_emulator: Emulator) -> ModuleType:
    """The vendor's own module, logged in to the Lab."""
    import bmll

    bmll.login(lab_org_id=bmll_emulator.lab_org_id)
    return bmll.compute


@pytest.fixture
def script(bmll_emulator: Emulator) -> Callable[[str, str], str]:
    """Write a script into the user's area, and give its path there."""

    def write(name: str, text: str) -> str:
        (bmll_emulator.area_roots["user"] / name).write_text(text)
        return name

    return write


@pytest.fixture
def job(compute: ModuleType, script: Callable[[str, str], str]) -> Callable[..., Any]:
    """Make a job of a shell script's text."""

    def make(text: str = "echo hello", **options: Any) -> Any:
        return compute.create_job(
            "instance", script_path=script("job.sh", text), log_path="logs", **options
        )

    return make


@pytest.fixture
def ask(bmll_emulator: Emulator, compute: ModuleType) -> Ask:
    """Send one bare request to compute, with a valid login: nothing is tried again."""
    import bmll

    headers = bmll.Session.get_headers(bmll.DEFAULT_SESSION)
    base = bmll_emulator.urls["BMLL_COMPUTE_URL"]

    def send(
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float = 5.0,
        without: str | None = None,
        changed: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        sent = {name: value for name, value in headers.items() if name != without}
        request = urllib.request.Request(
            base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=sent | {"content-type": "application/json"} | (changed or {}),
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    return send
