"""Which files does a Dagster home hold to begin with?

Every file is written once: what stands already is a person's, and is kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from beaf_core import BatchFrequency, ResourceError, UsageError

#: Where the processes of Dagster find the password of PostgreSQL.
PASSWORD_VARIABLE = "DAGSTER_POSTGRES_PASSWORD"  # noqa: S105 — its name, not a password
FIRST_DAY = "2015-01-01"

_PROJECT = "project/src/beaf_pipelines"
#: What fits on a line beside the longest name of an argument.
_LINE = 70
_PRIVATE, _SHARED = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Asked:
    """What a home is set up for.

    Attributes:
        pipelines: folders, files or packages; those of the project at load time, if empty.
        universes: selectors beside each pipeline's own UNIVERSE; none means its UNIVERSES.
        postgres_url: where events are kept; SQLite in the home, if None.
        frequency: how dates are cut; as each pipeline says, if None.
        start_date: the first day of partitions.
    """

    pipelines: Sequence[str] = ()
    universes: Sequence[str] = ()
    postgres_url: str | None = None
    frequency: str | None = None
    start_date: str = FIRST_DAY


@dataclass(frozen=True, slots=True)
class SetFile:
    """A file of a home: `written`, `kept` (it stands as it would be written) or `differs`."""

    path: Path
    state: str


def set_up(home: Path, asked: Asked, *, dry_run: bool = False) -> list[SetFile]:
    """Write what is not there yet, and say of each file what became of it.

    Raises:
        UsageError: an address that is none of PostgreSQL's, an unknown frequency.
        ResourceError: the folder cannot be written.
    """
    texts = file_texts(asked)
    done = [SetFile(home / name, _state(home / name, text)) for name, text in texts.items()]
    if not dry_run:
        for each, text in zip(done, texts.values(), strict=True):
            if each.state == "written":
                _write(each.path, text)
    return done


def file_texts(asked: Asked) -> dict[str, str]:
    """Fill in the templates: path within the home → text."""
    return {
        "dagster.yaml": _filled("dagster.yaml", storage=_storage(asked.postgres_url)),
        "workspace.yaml": _filled("workspace.yaml"),
        "project/pyproject.toml": _filled("pyproject.toml"),
        f"{_PROJECT}/__init__.py": "",
        f"{_PROJECT}/definitions.py": _filled("definitions.py.txt", **_definitions(asked)),
    }


def _definitions(asked: Asked) -> Mapping[str, str]:
    frequency = BatchFrequency(asked.frequency).value if asked.frequency else None
    return {
        "pipelines": _listed(asked.pipelines),
        "universes": _listed(asked.universes),
        "frequency": json.dumps(frequency) if frequency else "None",
        "start": json.dumps(asked.start_date),
    }


def _listed(texts: Sequence[str]) -> str:
    """Write a list as `ruff format` would, on one line where it fits."""
    if not texts:
        return "None"
    words = [json.dumps(each, ensure_ascii=False) for each in texts]
    line = f"[{', '.join(words)}]"
    if len(line) <= _LINE:
        return line
    return "".join(["[\n", *(f"        {each},\n" for each in words), "    ]"])


def _storage(postgres_url: str | None) -> str:
    if postgres_url is None:
        return _filled("sqlite.yaml", password_variable=PASSWORD_VARIABLE)
    parts = urlsplit(postgres_url)
    port = _check_postgres(parts)
    return _filled(
        "postgres.yaml",
        hostname=json.dumps(parts.hostname),
        port=str(port),
        username=json.dumps(unquote(parts.username or "")),
        db_name=json.dumps(unquote(parts.path.lstrip("/"))),
        password_variable=PASSWORD_VARIABLE,
        params=_params(parts),
    )


def _params(parts: SplitResult) -> str:
    given = dict(parse_qsl(parts.query))
    return f"      params: {json.dumps(given)}\n" if given else ""


def _check_postgres(parts: SplitResult) -> int:
    """Refuse what is no address of PostgreSQL; return its port."""
    remedy = "write postgresql://user@host:5432/database"
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(
            f"--postgres_url: {parts.scheme or 'nothing'} is not PostgreSQL", remedy=remedy
        )
    lacking = [
        name
        for name, value in {
            "host": parts.hostname,
            "user": parts.username,
            "database": parts.path.lstrip("/"),
        }.items()
        if not value
    ]
    if lacking:
        raise UsageError(f"--postgres_url names no {' and no '.join(lacking)}", remedy=remedy)
    try:
        return parts.port or 5432
    except ValueError as error:
        raise UsageError(f"--postgres_url: {error}", remedy=remedy) from error


def _filled(name: str, **values: str) -> str:
    text = (files("beaf_dagster") / "templates" / name).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _state(path: Path, text: str) -> str:
    if not path.exists():
        return "written"
    return "kept" if path.read_text(encoding="utf-8", errors="replace") == text else "differs"


def _write(path: Path, text: str) -> None:
    """Write a file that is whole or not there, closed to others where a secret could come to be."""
    mode = _PRIVATE if path.name == "dagster.yaml" else _SHARED
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        begun.rename(path)
    except OSError as error:
        raise ResourceError(
            f"{path} cannot be written: {error.strerror}",
            remedy="name a folder of yours: --dagster_home /path",
        ) from error
