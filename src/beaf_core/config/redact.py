"""How is a configuration shown without its secrets?"""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "***"

_SECRET_NAME = re.compile(r"secret|password|passphrase|token|access_key|api_key|credential", re.I)
_URL_PASSWORD = re.compile(r"(?<=://)([^/:@\s]+):([^@\s]+)@")


def redact(value: Any, name: str = "") -> Any:
    """Hide values whose names speak of secrets, and passwords inside URLs.

    References such as `${env:NAME}` stay: they name a secret, they do not tell it.
    """
    if isinstance(value, dict):
        return {key: redact(each, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [redact(each, name) for each in value]
    if isinstance(value, str):
        if _SECRET_NAME.search(name) and not value.startswith("${env:"):
            return HIDDEN
        return _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", value)
    return value
