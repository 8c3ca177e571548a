"""How is a configuration shown without its secrets?"""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "***"

_WORDS = r"(?:secret|passw|passphrase|pwd|token|credential|(?:access|account|api|private|sas)_?key)"
_SECRET_NAME = re.compile(_WORDS, re.I)
_REFERENCES = re.compile(r"(?:\$\{env:[^}]*\})+")
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):(\S+)@")
_PARAMETER = re.compile(r"\b(pwd|password|token|secret|sig|signature)=([^;&\s]+)", re.I)
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
