"""Logged in, one call at a time, in bounded time: and what makes something goes out once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from beaf_bmll.errors import BMLLError
from beaf_bmll.sdk import connect
from beaf_bmll.sdk.session import session_of
from beaf_bmll.testing.faults import KINDS


@pytest.fixture
def impatient(gateway, config):
    """The same servers, for somebody who waits 0.3 s."""
    gateway = connect(config.model_copy(update={"http_timeout": 0.3}))
    list(gateway.jobs())
    return gateway


def strike(emulator, method, path, kind, when="before", times=1, seconds=0.5):
    emulator.faults.add(method, path, kind, when=when, times=times, seconds=seconds)
    emulator.requests.clear()


def until(condition):
    """Wait for what servers note down when a stall is over."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_makes_something_goes_out_once_and_says_whether_it_is_unsure(
    impatient, emulator, spec, asked, kind, when
):
    strike(emulator, "POST", "/compute/jobs", kind, when)
    with pytest.raises(BMLLError) as caught:
        impatient.create_job(spec)
    until(lambda: emulator.requests)
    assert asked() == [("POST", "/compute/jobs")]
    assert (caught.value.unsure, caught.value.retryable) == (True, True)
    known = {"html": 500, "reset": None, "stall": None}
    assert caught.value.status == (known[kind] if kind in known else int(kind))
    assert caught.value.remedy
    assert len(emulator.jobs) == (when == "after")
    assert [job.name for job in impatient.jobs()] == ["bars"] * (when == "after")


@pytest.mark.parametrize("kind", KINDS)
def test_what_only_reads_is_asked_again_until_it_is_answered(impatient, emulator, spec, kind):
    made = impatient.create_job(spec)
    strike(emulator, "GET", "/compute/jobs/*", kind)
    assert impatient.get_job(made.id).id == made.id


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_ended_whatever_befalls_the_first_request(impatient, emulator, spec, kind, when):
    run = impatient.execute(impatient.create_job(spec).id)
    strike(emulator, "DELETE", "/compute/runs/*", kind, when)
    impatient.terminate(run.id)
    assert [each.state for each in emulator.runs] == ["terminated"]


def test_what_is_refused_for_good_is_said_in_the_servers_words_and_is_sure(gateway, spec):
    with pytest.raises(BMLLError, match="instanceSize 20 not available") as caught:
        gateway.create_job(replace(spec, instance_size=20))
    assert (caught.value.status, caught.value.unsure, caught.value.retryable) == (400, False, False)


def test_servers_that_stay_busy_are_given_up_after_some_tries(gateway, emulator, asked):
    strike(emulator, "GET", "/compute/jobs", "503", times=None)
    with pytest.raises(BMLLError, match="answered 503") as caught:
        list(gateway.jobs())
    assert len(asked()) == 6
    assert (caught.value.unsure, caught.value.retryable) == (False, True)


def test_silence_costs_what_http_timeout_says_and_no_more(impatient, emulator, spec):
    strike(emulator, "POST", "/compute/jobs", "stall", seconds=60)
    began = time.monotonic()
    with pytest.raises(BMLLError, match=r"silence for 0\.3 s"):
        impatient.create_job(spec)
    assert 0.3 <= time.monotonic() - began < 5


def test_an_ended_token_is_renewed_without_a_word(gateway, emulator, logins):
    list(gateway.jobs())
    emulator.expire_logins()
    emulator.requests.clear()
    assert list(gateway.jobs()) == []
    assert logins() == 1


def test_an_ended_token_makes_nothing_and_the_next_call_has_a_new_one(gateway, emulator, spec):
    list(gateway.jobs())
    emulator.expire_logins()
    with pytest.raises(BMLLError) as caught:
        gateway.create_job(spec)
    assert (caught.value.status, caught.value.unsure) == (401, True)
    assert emulator.jobs == []
    assert gateway.create_job(spec).name == "bars"


def test_who_stays_refused_is_told_after_one_new_login(gateway, emulator, asked, logins):
    list(gateway.jobs())
    strike(emulator, "GET", "/compute/jobs", "401", times=None)
    with pytest.raises(BMLLError, match="answered 401") as caught:
        list(gateway.jobs())
    assert logins() == 1
    assert len(asked()) == 2
    assert not caught.value.retryable


def test_threads_that_meet_an_ended_token_renew_it_once(gateway, emulator, config, spec, logins):
    made = gateway.create_job(spec)
    emulator.requests.clear()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            emulator.expire_logins()
            read = pool.map(lambda _: connect(config).get_job(made.id).id, range(16))
            assert list(read) == [made.id] * 16
    assert logins() == 4


def test_one_process_has_one_session_for_an_account_and_another_for_another(
    gateway, config, emulator, monkeypatch
):
    again = connect(config.model_copy(update={"name_prefix": "other"}))
    assert again.session is gateway.session
    monkeypatch.setenv("BMLL_BASE_URL", "as the vendor's package does while it logs in")
    assert connect(config).session is gateway.session
    monkeypatch.setenv("BMLL_USERNAME", "somebody.else@example.org")
    assert connect(config).session is not gateway.session


def test_the_vendors_default_session_stays_the_users_own(gateway, spec):
    import bmll
    from bmll._jobs import core

    gateway.create_job(spec)
    assert core.SESSION is bmll.DEFAULT_SESSION
    assert bmll.DEFAULT_SESSION._TOKEN is None
    assert bmll.DEFAULT_SESSION._BACKOFF_ON_PREDICATE_KWARGS == {"max_time": 30}


def test_a_listing_of_twenty_jobs_takes_two_requests_and_one_of_many_has_them_all(
    gateway, spec, asked, monkeypatch
):
    from beaf_bmll.sdk import gateway as module

    made = {gateway.create_job(spec).id for _ in range(20)}
    asked()
    assert {job.id for job in gateway.jobs()} == made
    assert asked() == [("GET", "/compute/jobs")] * 2
    monkeypatch.setattr(module, "PAGE", 7)
    assert sorted(job.id for job in gateway.jobs()) == sorted(made)


def test_what_is_gone_is_no_fault(gateway, spec):
    job = gateway.create_job(spec)
    run = gateway.execute(job.id)
    gateway.terminate(run.id)
    gateway.terminate(run.id)
    gateway.delete_job(job.id)
    gateway.delete_job(job.id)
    gateway.delete_trigger(job.id, "none")
    gateway.terminate(run.id)
    assert gateway.get_job(job.id) is None


def test_a_run_that_is_still_active_after_a_refused_end_is_a_fault(gateway, emulator, spec):
    run = gateway.execute(gateway.create_job(spec).id)
    job_of_run = emulator.run(run.id)
    strike(emulator, "DELETE", "/compute/runs/*", "500", times=None)
    with pytest.raises(BMLLError, match="answered 500"):
        gateway.terminate(run.id)
    assert job_of_run.active


def test_an_id_with_a_slash_reaches_no_other_call(gateway, emulator, spec):
    kept = gateway.create_job(spec)
    assert gateway.get_job("../runs") is None
    gateway.delete_job(f"x/../{kept.id}")
    assert [job.id for job in emulator.jobs] == [kept.id]


def test_reads_of_the_vendors_clients_go_through_the_same_lock_and_login(gateway, emulator, logins):
    emulator.expire_logins()
    emulator.requests.clear()
    raw = gateway.session.read(lambda sdk: sdk.execute("get", "compute", "/jobs"))
    assert raw == {"result": []}
    assert logins() == 1
    with pytest.raises(BMLLError, match="not found") as caught:
        gateway.session.read(lambda sdk: sdk.execute("get", "compute", "/jobs/none"))
    assert caught.value.status == 404


def test_a_readers_own_mistake_is_not_blamed_on_the_servers(gateway):
    with pytest.raises(ZeroDivisionError):
        gateway.session.read(lambda sdk: 1 // 0)


def test_servers_that_cannot_be_reached_are_named_without_a_query(emulator, monkeypatch, spec):
    monkeypatch.setenv("BMLL_COMPUTE_URL", "http://127.0.0.1:1/compute")
    session = session_of(emulator.lab_org_id, 2)
    with pytest.raises(BMLLError, match="it cannot be reached") as caught:
        session.compute("POST", "/jobs", json={}, params={"nextToken": "secret"})
    assert not caught.value.unsure
    assert "127.0.0.1:1/compute/jobs" in caught.value.message
    assert "secret" not in str(caught.value)
