"""Does the configuration of a Dagster instance spell a password out, rather than name it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from beaf_bmll.staging.secrecy import is_secret
from beaf_core import UsageError

#: Who logs in with a password, within a URL.
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def refuse_passwords(reference: Any) -> None:
    """Refuse an instance whose configuration spells a password out: machines get it as a file.

    Raises:
        UsageError: it does; which key of which part, not its value.
    """
    for part in reference:
        written = getattr(part, "config_dict", None)
        for name in _passwords(written) if written else ():
            raise UsageError(
                f"dagster.yaml spells a password out, at {part.class_name}: {name}; it would lie "
                "in the files of a storage area",
                remedy=f"write {name}: {{env: NAME}} in its place, set NAME where the daemon runs, "
                "and write NAME=value into the file that BMLL_JOBS.env_file names, in an area",
            )


def _passwords(value: Any, name: str = "") -> Iterator[str]:
    """Name the keys whose value is a password; `{env: NAME}` only names one."""
    if isinstance(value, Mapping) and set(value) != {"env"}:
        for key, each in value.items():
            yield from _passwords(each, str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _passwords(each, name)
    elif isinstance(value, str) and value and (is_secret(name, "") or _PASSWORD.search(value)):
        yield name
