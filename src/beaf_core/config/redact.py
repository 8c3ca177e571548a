"""How is a configuration shown without its secrets?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

HIDDEN = "***"

_WORDS = r"(?:secret|passw|passphrase|pwd|token|credential|(?:access|account|api|private|sas)_?key)"
_SECRET_NAME = re.compile(_WORDS, re.I)
_REFERENCE_NAME = re.compile(r"\$\{env:([^}]*)\}")
_REFERENCES = re.compile(r"(?:\$\{env:[^}]*\})+")
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):(\S+)@")
#: An option of a URL or a connection string; what ODBC is given is such a string itself.
_PARAMETER = re.compile(rf"\b([\w-]*{_WORDS}[\w-]*|odbc_connect|sig|signature)=([^;&\s]+)", re.I)
_SECRET_LINE = re.compile(rf"({_WORDS}\w*[\"']?\s*[:=]\s*)(\S.*)", re.I)


def redact(value: Any, name: str = "") -> Any:
    """Hide values whose names speak of secrets, and passwords inside URLs.

    What stands below a secret name is hidden whole. References such as `${env:NAME}` stay: they
    name a secret, they do not tell it.
    """
    if isinstance(value, dict):
        return {key: redact(each, f"{name}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [redact(each, name) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.search(name):
        return _hidden(str(value))
    return redact_text(value) if isinstance(value, str) else value


def mask_of(config: Any, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Make a function that hides, in any text, what a configuration's references stand for.

    A plugin's message may quote what it was given; it must not tell a secret by that.
    """
    names = set(_REFERENCE_NAME.findall(json.dumps(config, default=str)))
    secrets = {environ[name] for name in names if environ.get(name)} | set(_secrets(config))
    longest_first = sorted(secrets, key=len, reverse=True)

    def mask(text: str) -> str:
        for secret in longest_first:
            text = text.replace(secret, HIDDEN)
        return redact_text(text)

    return mask


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    """Yield what is written out under secret names."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets(each, f"{name}.{key}")
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets(each, name)
    elif isinstance(value, str) and value and _SECRET_NAME.search(name):
        yield from [] if _REFERENCES.fullmatch(value) else [value]


def redact_text(text: str) -> str:
    """Hide passwords inside URLs and connection strings."""
    text = _URL_PASSWORD.sub(lambda found: f"{found[1]}:{_hidden(found[2])}@", text)
    return _PARAMETER.sub(lambda found: f"{found[1]}={_hidden(found[2])}", text)


def redact_line(line: str) -> str:
    """Hide secrets in a line of a source file, without moving what a caret points to."""
    line = _SECRET_LINE.sub(_starred, line)
    return _PARAMETER.sub(_starred, _URL_PASSWORD.sub(_starred, line))


def _starred(found: re.Match[str]) -> str:
    start, end = found.start(2) - found.start(), found.end(2) - found.start()
    if _REFERENCES.fullmatch(found[2].strip(" ,\"'})]")):
        return found[0]
    return found[0][:start] + "*" * (end - start) + found[0][end:]


def _hidden(secret: str) -> str:
    return secret if _REFERENCES.fullmatch(secret) else HIDDEN
