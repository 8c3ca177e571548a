"""Which parts of Dagster are installed, and do the private ones that BEAF needs stand?"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from beaf_dagster import private
from beaf_dagster.doctor.findings import Finding

#: Distribution → the extra that brings it, and what it is for.
_PARTS = {
    "dagster-webserver": ("ui", "the web page"),
    "dagster-postgres": ("postgres", "events in PostgreSQL"),
    "dagster-dg-cli": ("dg", "the command dg"),
}


def check_installed() -> Iterator[Finding]:
    """Look at Dagster, its parts, and the names of it that are not public."""
    yield Finding("dagster", "ok", version("dagster"))
    for name, (extra, purpose) in _PARTS.items():
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            remedy = f"for {purpose}: pip install 'beaf-dagster[{extra}]'"
            yield Finding(name, "warn", "not installed", remedy)
    yield _private_names()


def _private_names() -> Finding:
    gone = []
    for name in private.__all__:
        try:
            getattr(private, name)
        except (AttributeError, ImportError) as error:
            gone.append(f"{name} ({error})")
    if gone:
        return Finding(
            "private names",
            "fail",
            f"not in this release of Dagster: {'; '.join(gone)}",
            "install the release of Dagster that beaf-dagster asks for",
        )
    return Finding("private names", "ok", f"all {len(private.__all__)} stand")
