"""How does one HTTP request go out: in bounded time, and repeated only where that is harmless?

The vendor's package sends its requests through these adapters. It never sees an answer that it
would repeat of its own accord: it repeats a POST after a 503 too, which starts a second machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from requests import PreparedRequest, Response
from requests import exceptions as http
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util.retry import Retry

from beaf_bmll.sdk.faults import Asked, refused, silent

#: Pauses of about 0, 0.5, 1, 2 and 4 seconds; what still fails then, fails for longer.
TRIES = 5
PAUSE = 0.25
_LONGEST_PAUSE = 30.0

_BUSY = (429, 500, 502, 503, 504)
#: How requests speaks of faults before anything was sent.
_UNSENT = (http.ConnectTimeout, http.ProxyError, http.InvalidURL, http.MissingSchema)
_UNREACHED = ("NewConnectionError", "NameResolutionError", "CERTIFICATE_VERIFY_FAILED")


def every_fault(status: int) -> bool:
    """Stop at every answer that is no success; we read them ourselves."""
    return status >= 300


def what_the_sdk_mistakes(status: int) -> bool:
    """Stop at what the vendor's client would repeat or follow; it reads other refusals well."""
    return 300 <= status < 400 or status in (401, 429) or status >= 500


def none(status: int) -> bool:
    """Let every answer through."""
    return False


class Transport(BaseAdapter):
    """An adapter of requests, to be mounted for one service.

    Args:
        timeout: seconds for a connection, and for the servers' silence after it.
        repeats: methods that may be sent again when the servers are busy or silent.
        changes: methods by which this service changes something.
        stops_at: statuses that become a BMLLError here; others go on to the vendor's client.
    """

    def __init__(
        self,
        timeout: float,
        repeats: frozenset[str],
        changes: frozenset[str] = frozenset(),
        stops_at: Callable[[int], bool] = every_fault,
    ) -> None:
        super().__init__()
        self._timeout, self._changes, self._stops_at = timeout, changes, stops_at
        self._adapter = HTTPAdapter(max_retries=_patience(repeats))

    def send(  # type: ignore[override]  # what requests gives by name goes on by name
        self, request: PreparedRequest, **given: Any
    ) -> Response:
        """Send one request; its answer has arrived whole."""
        asked = self._asked(request)
        given["timeout"] = given.get("timeout") or self._timeout
        try:
            response = self._adapter.send(request, **given)
            body = response.content  # read here, so that a line that breaks is told like others
        except http.RequestException as error:
            # Not "from error": it holds the request, and with it the token.
            raise silent(asked, self._why(error), sent=not _unsent(error)) from None
        if self._stops_at(response.status_code):
            text = body.decode("utf-8", "replace")
            raise refused(asked, response.status_code, text, _secrets(request))
        return response

    def close(self) -> None:
        """Close what is open."""
        self._adapter.close()

    def _asked(self, request: PreparedRequest) -> Asked:
        method = (request.method or "GET").upper()
        place = (request.url or "").partition("://")[2].partition("?")[0]
        return Asked(method, place, method in self._changes)

    def _why(self, error: http.RequestException) -> str:
        text = str(error)
        if isinstance(error, http.Timeout) or "timed out" in text:
            return f"silence for {self._timeout:g} s"
        if "CERTIFICATE_VERIFY_FAILED" in text:
            return "its certificate is not trusted here"
        return "it cannot be reached" if _unsent(error) else "the connection broke"


class _Patience(Retry):
    """Wait as long as a server asks for, within reason."""

    def get_retry_after(self, response: Any) -> float | None:
        asked_for = super().get_retry_after(response)
        return None if asked_for is None else min(asked_for, _LONGEST_PAUSE)


def _patience(repeats: frozenset[str]) -> Retry:
    return _Patience(
        total=TRIES,
        connect=2,
        read=1,  # a server that was silent once has taken our time already
        redirect=0,
        backoff_factor=PAUSE,
        status_forcelist=_BUSY,
        allowed_methods=repeats,
        raise_on_status=False,
    )


def _unsent(error: http.RequestException) -> bool:
    return isinstance(error, _UNSENT) or any(word in str(error) for word in _UNREACHED)


def _secrets(request: PreparedRequest) -> Iterator[str]:
    """Yield what a server might echo and nobody may read."""
    for name in ("Authorization", "x-api-key"):
        value = request.headers.get(name)
        if isinstance(value, str) and value:
            yield value.removeprefix("Bearer ")
    sent = json.loads(request.body) if isinstance(request.body, str | bytes) else None
    if isinstance(sent, dict):
        yield from (value for name in ("jws", "sid") if isinstance(value := sent.get(name), str))
