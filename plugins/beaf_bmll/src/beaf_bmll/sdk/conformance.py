"""Do BMLL's servers behave as this plugin believes? Questions that only read, asked once.

Nothing is made, changed, started or ended, and no answer holds a secret: what is told are states,
counts, names of fields, and times.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from beaf_bmll.config import CONDA_ENVS, INSTANCE_SIZES, Config
from beaf_bmll.errors import BMLLError
from beaf_bmll.gateway import JobRun, LogKind
from beaf_bmll.sdk import logs, wire
from beaf_bmll.sdk.gateway import connect
from beaf_bmll.sdk.login import in_lab
from beaf_bmll.sdk.markets import living_markets
from beaf_bmll.sdk.session import LockedSession

_FAR = 10_000
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that this plugin believes of the servers, and what they do.

    Attributes:
        question: what was asked, in words.
        assumed: what the plugin believes.
        observed: what was seen.
        agrees: whether both are the same; None where it could not be told.
    """

    question: str
    assumed: str
    observed: str
    agrees: bool | None

    def as_row(self) -> dict[str, str]:
        """Give it as a row of a table."""
        says = {True: "as assumed", False: "OTHERWISE", None: "not told"}[self.agrees]
        return {
            "question": self.question,
            "assumed": self.assumed,
            "observed": self.observed,
            "verdict": says,
        }


Seen = tuple[str, bool | None]
Check = Callable[["Servers"], Seen]


class Servers:
    """What was read of the servers, once."""

    def __init__(self, session: LockedSession, config: Config) -> None:
        self.session, self.config = session, config
        self.jobs = self.ask("/jobs", visibility="private", page=1, pageSize=100)
        self.runs = self.ask("/runs", visibility="private", page=1, pageSize=100)

    def ask(self, path: str, **query: Any) -> Any:
        """Read from the compute service; it has no other word here."""
        return self.session.compute("GET", path, params=query)


def check_conformance(config: Config) -> list[Observation]:
    """Ask BMLL's servers all questions, and compare.

    Raises:
        UsageError: what a login needs is missing.
        BMLLError: not even jobs and runs can be listed.
    """
    servers = Servers(connect(config).session, config)
    return [_observe(*each, servers) for each in _QUESTIONS]


def _observe(question: str, assumed: str, check: Check, servers: Servers) -> Observation:
    try:
        observed, agrees = check(servers)
    except BMLLError as error:
        observed, agrees = error.message, None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # The very answer that we wanted to know: it does not look as we believe.
        observed, agrees = f"cannot be read: {type(error).__name__} {error}", False
    return Observation(question, assumed, observed, agrees)


def _first_page(servers: Servers) -> Seen:
    if len(servers.jobs) < 2:
        return f"{len(servers.jobs)} jobs; two are needed to tell", None
    ids = [_one_id(servers, page) for page in (1, 2)]
    same = ids == [str(job["jobId"]) for job in servers.jobs[:2]]
    return ("the first and second job" if same else "other jobs than the listing's first"), same


def _one_id(servers: Servers, page: int) -> str | None:
    found = servers.ask("/jobs", visibility="private", page=page, pageSize=1)
    return str(found[0]["jobId"]) if len(found) == 1 else None


def _far_page(servers: Servers) -> Seen:
    found = servers.ask("/runs", visibility="private", page=_FAR, pageSize=100)
    return f"{len(found)} runs", not found


def _absent(servers: Servers) -> Seen:
    try:
        servers.ask(f"/jobs/{uuid4()}")
    except BMLLError as error:
        return str(error.status or error.message), error.status == 404
    return "an answer", False


def _final_states(servers: Servers) -> Seen:
    ends = sorted({run.state for run in _read_runs(servers) if not run.active})
    if not ends:
        return "no run has ended yet", None
    known = set(servers.config.success_states) | {"failed", "terminated", "timed_out"}
    return ", ".join(ends), set(ends) <= known


def _active_states(servers: Servers) -> Seen:
    active = servers.ask("/runs", state="active", visibility="private", page=1, pageSize=100)
    states = {wire.run_of(raw).state for raw in active if wire.is_instance(raw)}
    seen = ", ".join(sorted(states)) or "no run is active"
    return seen, states <= set(wire.ACTIVE_STATES) if states else None


def _state_times(servers: Servers) -> Seen:
    times = [at for raw in servers.runs for _, at in raw["states"]]
    if not times:
        return "no run yet", None
    unzoned = sum(datetime.fromisoformat(at).tzinfo is None for at in times)
    return f"{len(times)} times, {unzoned} without offset, such as {times[0]}", True


def _run_tells_its_job(servers: Servers) -> Seen:
    told = sum("jobId" in raw for raw in servers.runs)
    return f"{told} of {len(servers.runs)} runs tell it", None if not servers.runs else told == 0


def _unique_names(servers: Servers) -> Seen:
    names = [job["name"] for job in servers.jobs]
    doubled = len(names) - len(set(names))
    return f"{doubled} of {len(names)} names occur again", True if doubled else None


def _machines(servers: Servers) -> Seen:
    raws = [raw for raw in (*servers.jobs, *servers.runs) if wire.is_instance(raw)]
    sizes = {int(raw["instanceSize"]) for raw in raws} - set(INSTANCE_SIZES)
    envs = {raw["condaEnv"] for raw in raws} - set(CONDA_ENVS)
    others = ", ".join(map(str, [*sorted(sizes), *sorted(envs)]))
    return (f"others: {others}" if others else "no others"), not others if raws else None


def _parameters(servers: Servers) -> Seen:
    kinds = {type(raw.get("scriptParameters")).__name__ for raw in servers.runs}
    if not kinds:
        return "no run yet", None
    return ", ".join(sorted(kinds)), kinds <= {"dict", "NoneType"}


def _crons(servers: Servers) -> Seen:
    triggers = [each for job in servers.jobs for each in job.get("triggers") or ()]
    crons = sorted({each["trigger"].get("cron", "") for each in triggers} - {""})
    steps = [cron for cron in crons if "/" in cron]
    if not crons:
        return "no job has a cron", None
    return f"{len(crons)} crons, {len(steps)} with '/', such as {(steps or crons)[0]}", (
        all(len(cron.split()) == 6 for cron in crons)
    )


def _log_events(kind: LogKind, servers: Servers) -> Seen:
    for run in _read_runs(servers)[:10]:
        since, until = logs.window(run, None, None)
        path = f"/runs/{run.id}/{logs.PATHS[kind]}"
        events = servers.ask(path, startTime=since, endTime=until).get("events") or []
        if events:
            logs.line_of(events[0])
            return f"{len(events)} events, the first of {_shape(events[0])}", True
    return "no run of the last ten has any", None


def _oldest_log(servers: Servers) -> Seen:
    ended = [run for run in _read_runs(servers) if run.states]
    if not ended:
        return "no run yet", None
    run = min(ended, key=lambda each: each.states[0][1])
    since, until = logs.window(run, None, run.states[-1][1])
    found = servers.ask(f"/runs/{run.id}/logs", startTime=since, endTime=until)
    age = (datetime.now(UTC) - run.states[0][1]).days
    return f"{len(found.get('events') or [])} events of a run {age} days old", None


def _markets(servers: Servers) -> Seen:
    day = two_business_days_before(datetime.now(UTC).date())
    found = living_markets(servers.session, day.isoformat())
    return f"{len(found)} markets alive on {day}", bool(found)


def two_business_days_before(day: date) -> date:
    """Give a day whose reference data are there: they come a day late, and none on weekends."""
    back = {1: 4, 2: 4, 7: 3}.get(day.isoweekday(), 2)
    return day - timedelta(days=back)


def _token(servers: Servers) -> Seen:
    token = servers.session.read(lambda sdk: sdk.get_auth_headers()["Authorization"])
    claims = _claims(token.removeprefix("Bearer "))
    if "exp" not in claims:
        return "the token does not tell", None
    hours = (float(claims["exp"]) - datetime.now(UTC).timestamp()) / 3600
    return f"{hours:.1f} hours are left of it", None


def _claims(token: str) -> Mapping[str, Any]:
    """Read what a token says of itself; nothing where it says nothing."""
    try:
        middle = token.split(".")[1]
        read = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}


def _mounts(servers: Servers) -> Seen:
    there = {area: Path(root).is_dir() for area, root in servers.config.area_roots.items()}
    seen = ", ".join(f"{area}: {'yes' if is_ else 'no'}" for area, is_ in there.items())
    return seen, all(there.values()) if in_lab() else None


def _lab_package(servers: Servers) -> Seen:
    wanted = ("get_market_data", "get_market_data_range", "storage_paths", "get_file", "put_file")
    if find_spec("bmll2") is None:
        return "bmll2 is not here", None
    import bmll2  # in the Lab alone

    missing = [name for name in wanted if not hasattr(bmll2, name)]
    return f"missing: {', '.join(missing)}" if missing else "all there", not missing


def _read_runs(servers: Servers) -> list[JobRun]:
    """Read the runs of machines, newest first."""
    runs = [wire.run_of(raw) for raw in servers.runs if wire.is_instance(raw)]
    return sorted(runs, key=lambda run: run.states[0][1] if run.states else _NEVER, reverse=True)


def _shape(event: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {type(value).__name__}" for name, value in sorted(event.items()))


_QUESTIONS: tuple[tuple[str, str, Check], ...] = (
    ("Which number has the first page of a listing?", "1", _first_page),
    ("What is on a page behind the last?", "nothing", _far_page),
    ("What is said of a job that is not there?", "404", _absent),
    (
        "In which states do runs end?",
        "success_states, failed, terminated, timed_out",
        _final_states,
    ),
    ("In which states are active runs?", ", ".join(wire.ACTIVE_STATES), _active_states),
    ("How are times written?", "ISO 8601; without an offset in UTC", _state_times),
    ("Do listed runs tell their job?", "no", _run_tells_its_job),
    ("Are names of jobs unique?", "no", _unique_names),
    ("Which machines are there?", "the sizes and environments of the package", _machines),
    ("How do parameters come back?", "as an object", _parameters),
    ("How are crons written?", "six fields", _crons),
    (
        "How does an event of the general log look?",
        "timestamp, message",
        partial(_log_events, "general"),
    ),
    (
        "How does an event of a script's output look?",
        "timestamp, message",
        partial(_log_events, "stream"),
    ),
    ("How long are logs kept?", "nobody knows", _oldest_log),
    ("Are markets told?", "with MIC and IsAlive", _markets),
    ("How long does a login last?", "about a day", _token),
    ("Are the storage areas mounted here?", "in the Lab, yes", _mounts),
    ("Has the Lab's package what we use?", "yes, in the Lab", _lab_package),
)
