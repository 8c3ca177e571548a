"""Can the instance be opened: its file, its storage, its schema, its daemon?"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from beaf_dagster.doctor.findings import Finding

#: Seconds after which a daemon that beats every thirty counts as gone.
_SILENT_AFTER = 120
#: How long to wait for a server that does not answer.
_CONNECT_SECONDS = "5"


def check_instance(home: Path) -> Iterator[Finding]:
    """Look at dagster.yaml; then open what it describes, as every process of Dagster does."""
    file = home / "dagster.yaml"
    yield Finding("DAGSTER_HOME", "ok", str(home))
    found = list(check_file(file))
    yield from found
    if any(each.state == "fail" for each in found):
        return
    with _impatient():
        yield from _check_storage(home)


# -- the file ----------------------------------------------------------------------------------


def check_file(file: Path) -> Iterator[Finding]:
    """Look at a dagster.yaml without opening what it describes."""
    subject = "dagster.yaml"
    if not file.is_file():
        yield Finding(
            subject,
            "warn",
            "not there, so that Dagster takes SQLite and sends usage statistics",
            "beaf dagster setup",
        )
        return
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        yield Finding(subject, "fail", f"cannot be read: {error}", f"mend {file}")
        return
    unset = [each for each in _variables(config) if each not in os.environ]
    if unset:
        names = ", ".join(unset)
        yield Finding(subject, "fail", f"{names} not set, and read by {file}", f"export {names}")
    elif _literal_passwords(config) and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            subject,
            "warn",
            "holds a password, and is open to others",
            f"chmod 600 {file}, or write `password: {{env: NAME}}`",
        )
    else:
        yield Finding(subject, "ok", str(file))


def _variables(node: Any) -> Iterator[str]:
    """Find every `{env: NAME}`."""
    if isinstance(node, dict):
        if list(node) == ["env"] and isinstance(node["env"], str):
            yield node["env"]
            return
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _variables(each)


def _literal_passwords(node: Any) -> bool:
    if isinstance(node, dict):
        return any(
            (key == "password" and isinstance(value, str) and value != "")
            or (key == "postgres_url" and isinstance(value, str))
            or _literal_passwords(value)
            for key, value in node.items()
        )
    return isinstance(node, list) and any(_literal_passwords(each) for each in node)


# -- what it describes -------------------------------------------------------------------------


@contextmanager
def _impatient() -> Iterator[None]:
    """Wait for PostgreSQL for seconds: the driver's own patience is that of TCP, minutes."""
    name = "PGCONNECT_TIMEOUT"
    if name in os.environ:
        yield
        return
    os.environ[name] = _CONNECT_SECONDS
    try:
        yield
    finally:
        del os.environ[name]


def _check_storage(home: Path) -> Iterator[Finding]:
    import dagster as dg

    try:
        instance = dg.DagsterInstance.from_config(str(home))
    except Exception as error:  # noqa: BLE001 — whatever a storage raises is what is looked for
        yield _unreachable(error)
        return
    with instance:
        try:
            runs = instance.get_runs_count()
            assets = len(instance.get_asset_keys(limit=1))
        except Exception as error:  # noqa: BLE001 — a storage's fault is a finding
            yield _unreachable(error)
            return
        yield _storage(instance, runs, assets)
        yield from _check_schema(instance)
        yield _daemons(instance)


def _unreachable(error: Exception) -> Finding:
    causes = [str(error)]
    while (cause := error.__cause__ or error.__context__) is not None:
        causes.append(str(cause))
        error = cause  # type: ignore[assignment]  # a cause may be any BaseException
    # The innermost one says it; those around it repeat its SQL, and a link to a page.
    told = next(each for each in reversed(causes) if each).strip().splitlines()
    return Finding(
        "storage",
        "fail",
        f"cannot be opened: {told[0]}",
        "start the server, and correct `storage` in dagster.yaml",
    )


def _storage(instance: Any, runs: int, assets: int) -> Finding:
    url = getattr(instance.event_log_storage, "postgres_url", None)
    holds = f"{runs:,} runs, {'assets are known' if assets else 'no assets yet'}"
    if url is not None:
        from sqlalchemy.engine import make_url  # Dagster has imported it

        shown = make_url(url).render_as_string(hide_password=True)
        return Finding("storage", "ok", f"{shown}: {holds}")
    kind = type(instance.event_log_storage).__name__
    if "Sqlite" not in kind:
        return Finding("storage", "ok", f"{kind}: {holds}")
    return Finding(
        "storage",
        "warn",
        f"SQLite: {holds}",
        "right for one machine and few runs at once; for more, PostgreSQL: "
        "beaf dagster setup --postgres_url … in another DAGSTER_HOME",
    )


def _check_schema(instance: Any) -> Iterator[Finding]:
    storages = {
        "events": instance.event_log_storage,
        "runs": instance.run_storage,
        "schedules": instance.schedule_storage,
    }
    behind = []
    for name, storage in storages.items():
        version = storage.alembic_version()
        if version is not None and version[0] != version[1]:
            behind.append(f"{name}: {version[0]}, not {version[1]}")
    if behind:
        yield Finding("schema", "fail", "; ".join(behind), "dagster instance migrate")
    else:
        yield Finding("schema", "ok", "as this release of Dagster expects")


def _daemons(instance: Any) -> Finding:
    beats = instance.get_daemon_heartbeats()
    remedy = "dagster-daemon run -w $DAGSTER_HOME/workspace.yaml"
    if not beats:
        text = "none has been seen: schedules do not fire, and queued runs wait"
        return Finding("daemon", "warn", text, remedy)
    age = time.time() - max(each.timestamp for each in beats.values())
    if age > _SILENT_AFTER:
        return Finding("daemon", "warn", f"silent for {age:,.0f} s", remedy)
    failing = [
        f"{name}: {each.errors[0].message.strip()}" for name, each in beats.items() if each.errors
    ]
    if failing:
        return Finding("daemon", "fail", "; ".join(failing), "see its log")
    return Finding("daemon", "ok", f"{', '.join(sorted(beats))}: last seen {age:.0f} s ago")
