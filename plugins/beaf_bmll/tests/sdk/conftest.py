"""Servers for the tests of the client: one set for all of them, emptied after each."""

from __future__ import annotations

import pytest

from beaf_bmll.config import Config
from beaf_bmll.gateway import JobSpec
from beaf_bmll.sdk import connect, transport
from beaf_bmll.testing import Emulator
from beaf_bmll.testing.plugin import bmll_lab

__all__ = ["bmll_lab"]


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("bmll"), start_machines=False) as emulator:
        yield emulator


@pytest.fixture
def emulator(servers, monkeypatch):
    for name, value in servers.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BMLL_BASE_URL", raising=False)
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    yield servers
    servers.faults.clear()
    assert servers.violations == []


@pytest.fixture
def config(emulator):
    return Config(lab_org_id=emulator.lab_org_id, http_timeout=5)


@pytest.fixture
def gateway(config, emulator):
    """The servers in our words; what a test leaves is gone after it."""
    gateway = connect(config)
    emulator.requests.clear()
    yield gateway
    emulator.faults.clear()
    for job in list(gateway.jobs()):
        gateway.delete_job(job.id)


@pytest.fixture
def spec():
    return JobSpec(
        name="bars",
        script_area="user",
        script_path="jobs/runner.py",
        parameters={"beaf_submit_id": "one"},
        instance_size=16,
        conda_env="py311-stable",
        max_runtime_hours=1,
        log_area="user",
        log_path="jobs/logs",
    )


@pytest.fixture
def asked(emulator):
    """What was asked of compute since the last look: methods and contract's paths."""

    def look():
        seen = [(each.method, each.route) for each in emulator.requests]
        emulator.requests.clear()
        return [each for each in seen if "/compute/" in each[1]]

    return look


@pytest.fixture
def logins(emulator):
    """How often somebody has logged in since the last look."""

    def look():
        return sum(each.path.endswith("/auth/token") for each in emulator.requests)

    return look
