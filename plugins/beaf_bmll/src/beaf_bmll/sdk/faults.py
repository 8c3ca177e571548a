"""What went wrong between us and the servers, may they have acted, and what should one do?

No message holds a token, a key, or what was sent: only who was asked, and why it was refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from beaf_bmll.errors import BMLLError
from beaf_core import redact_text

#: Statuses after which the same request may succeed; the vendor's client repeats the last four.
RETRYABLE = frozenset({401, 408, 500, 429, 502, 503, 504})
#: What a server says of a quota that is used up, as the vendor's client knows it.
_QUOTA = "Limit Exceeded"
_LONGEST_REASON = 300

_LOOK = "see `beaf job list` and `beaf job doctor` for what came of it"
_REMEDIES = {
    400: "mend what was asked; the servers say above what they do not take",
    401: "try again, for a token may have ended; else check BMLL_USERNAME, BMLL_KEY_PATH and "
    "BMLL_JOBS.lab_org_id",
    403: "ask BMLL, or who looks after your organisation there, for the permission",
    404: "it is not there, or is not yours; `beaf job list` shows what is",
    409: "somebody else has changed it, or has taken its name; look with `beaf job list`",
    429: "wait a minute, and ask less often",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for what.

    Attributes:
        method: in capitals.
        place: host and path; no query, which may hold what is nobody else's business.
        changes: whether the servers change something when they act.
    """

    method: str
    place: str
    changes: bool

    def __str__(self) -> str:
        return f"{self.method} {self.place}"


def refused(asked: Asked, status: int, body: str, secrets: Iterable[str] = ()) -> BMLLError:
    """Say that the servers answered with a status that means no."""
    reason = _reason(body, secrets)
    unsure = asked.changes and (status in RETRYABLE or status >= 500)
    return BMLLError(
        f"BMLL answered {status} to {asked}" + (f": {reason}" if reason else ""),
        remedy=_remedy(status, reason, unsure),
        status=status,
        retryable=status in RETRYABLE and _QUOTA not in reason,
        unsure=unsure,
    )


def silent(asked: Asked, why: str, *, sent: bool) -> BMLLError:
    """Say that no answer came; `sent` tells whether the request may have arrived."""
    unsure = asked.changes and sent
    return BMLLError(
        f"BMLL did not answer {asked}: {why}",
        remedy=_LOOK
        if unsure
        else "check the network, and try again; BMLL_JOBS.http_timeout "
        "is how long one answer may take",
        retryable=True,
        unsure=unsure,
    )


def unreadable(asked: Asked, why: str) -> BMLLError:
    """Say that the servers agreed in words that we do not know: a proxy's, or a new version's."""
    return BMLLError(
        f"the answer to {asked} cannot be read: {why}",
        remedy=_LOOK
        if asked.changes
        else "see whether a proxy stands between; `beaf job conformance` compares the servers "
        "with what this version knows",
        unsure=asked.changes,
    )


@contextmanager
def reading(asked: Asked) -> Iterator[None]:
    """Turn what a reader of an answer stumbles over into `unreadable`."""
    try:
        yield
    except KeyError as error:
        raise unreadable(asked, f"{error} is missing") from None
    except json.JSONDecodeError:
        raise unreadable(asked, "it is no JSON") from None
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise unreadable(asked, _masked(str(error), ())) from None


def of_sdk(asked: Asked, error: Exception) -> BMLLError | None:
    """Say in our words what the vendor's client has raised; None where it is not from there."""
    said = error.args[0] if len(error.args) == 1 else None
    if isinstance(said, tuple) and len(said) == 2 and isinstance(said[0], int):
        return refused(asked, said[0], json.dumps(said[1], default=str))
    if not type(error).__module__.startswith("bmll."):
        return None
    status = getattr(error, "status_code", None)
    return BMLLError(
        f"BMLL refused {asked}: {_masked(str(error).partition(chr(10))[0], ())}",
        remedy=_REMEDIES.get(status or 400, _REMEDIES[400]),
        status=status,
        retryable=status in RETRYABLE,
    )


def _remedy(status: int, reason: str, unsure: bool) -> str:
    if _QUOTA in reason:
        return "the quota is used up; see your usage at https://data.bmlltech.com"
    if unsure and status != 401:
        return _LOOK
    later = "try again later; if it stays, tell BMLL"
    return _REMEDIES.get(status, later if status >= 500 else _REMEDIES[400])


def _reason(body: str, secrets: Iterable[str]) -> str:
    """Read the servers' own words from a body: of JSON the message, of a page its title."""
    return _masked(_words(body), secrets)


def _words(body: str) -> str:
    if "<" in body[:200] and (title := re.search(r"<title[^>]*>([^<]*)", body, re.I)):
        return f"a page, {title[1].strip()!r}"
    try:
        said = json.loads(body)
    except ValueError:
        return "a page" if body.lstrip().startswith("<") else body
    if isinstance(said, dict):
        return str(said.get("error") or said.get("message") or said.get("detail") or "")
    return str(said)


def _masked(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return redact_text(" ".join(text.split()))[:_LONGEST_REASON]
