"""Why does an object store refuse, and may that pass by itself?

It tells only in words, which differ from server to server and may repeat a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError

from beaf_outputs.stores.retries import PassingError

_STATUS = re.compile(r"status code: (\d{3}(?: [A-Z][\w' -]*)?)")
_CODE = re.compile(r"<Code>(\w+)</Code>|\(code: (\w+)\)")
_PASSING_CODES = {
    "InternalError", "RequestTimeout", "RequestTimeTooSkewed", "ServiceUnavailable", "SlowDown",
    "ThrottlingException", "TooManyRequests",
}  # fmt: skip
_PASSING_STATUS = {"408", "429"}
_LOST = "HTTP error"


@contextmanager
def sorted_out() -> Iterator[None]:
    """Tell refusals that pass from those that stay."""
    try:
        yield
    except BaseError as error:
        if passes(str(error)):
            raise PassingError(reason_of(error)) from None
        raise


def passes(text: str) -> bool:
    """Say whether a refusal, in the words of an object store, may pass by itself."""
    status, code = _STATUS.search(text), _CODE.search(text)
    if code and (code[1] or code[2]) in _PASSING_CODES:
        return True
    if status:
        return status[1][:3] in _PASSING_STATUS or status[1].startswith("5")
    return _LOST in text


def reason_of(error: Exception) -> str:
    """Say why, in words of which none can be a secret: what servers answer may repeat one."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    named = (code[1] or code[2]) if code else ""
    if status:
        return f"the object store answers {status[1]}{f' ({named})' if named else ''}"
    if named:
        return f"the object store answers {named}"
    if _LOST in text:
        return "the object store cannot be reached, or broke off"
    return f"the object store refuses it ({type(error).__name__})"
