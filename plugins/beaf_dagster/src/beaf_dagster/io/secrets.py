"""Does a configuration hold a secret in plain text, where Dagster would show it?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from beaf_core import UsageError

#: What ends a name of a secret: sql_password, aws_secret_access_key, session_token.
_SECRET = re.compile(
    r"(password|passwd|secret|token|secret_access_key|account_key)$", re.IGNORECASE
)
_IN_URL = re.compile(r"://[^/@\s]*:(?!\$\{env:)[^/\s]+@")


def require_no_secret(config: Mapping[str, Any]) -> None:
    """Refuse secrets in plain text.

    Raises:
        UsageError: there is one; it names the place and not the secret.
    """
    for place, value in _texts(config, ""):
        name = place.rpartition(".")[2]
        plain = _SECRET.search(name) and not value.startswith("${env:")
        if plain or _IN_URL.search(value):
            raise UsageError(
                f"{place} holds a secret in plain text, and Dagster shows the values of resources",
                remedy="write ${env:NAME} in its place, and set the environment variable NAME",
            )


def _texts(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _texts(each, f"{place}[{number}]")
