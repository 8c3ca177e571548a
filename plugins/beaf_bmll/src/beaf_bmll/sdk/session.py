"""How does a process speak to the servers: logged in, one call at a time, and never twice as two?

The vendor's `Session` keeps its token and its counters without a lock, and rewrites globals when a
second client is made: under threads it raises, or becomes somebody else. So there is one session
per process and account, behind one lock, and the vendor's default session is left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from beaf_bmll.errors import BMLLError
from beaf_bmll.sdk.faults import Asked, of_sdk, reading
from beaf_bmll.sdk.login import log_in
from beaf_core import BeafError, UsageError

if TYPE_CHECKING:
    from requests import PreparedRequest

Answer = TypeVar("Answer")

_READS = frozenset({"GET", "POST"})
#: Asking for the same end or the same fields twice is asking once; making is not among them.
_SAFE_ON_COMPUTE = frozenset({"GET", "DELETE", "PATCH"})
_CHANGES_ON_COMPUTE = frozenset({"POST", "DELETE", "PATCH"})

_READING = Asked("a query", "of its data", changes=False)

_sessions: dict[tuple[object, ...], LockedSession] = {}
_sessions_lock = Lock()


def session_of(lab_org_id: str | None, timeout: float) -> LockedSession:
    """Give this process's session for the account that the environment names.

    Args:
        lab_org_id: the organisation, for jobs from outside the Lab; None for data alone.
        timeout: seconds that one answer may take.

    Raises:
        UsageError: the vendor's package is not installed.
    """
    account = tuple(sorted((n, v) for n, v in os.environ.items() if _names_account(n)))
    key = (os.getpid(), lab_org_id, timeout, account)  # a forked child must not share sockets
    with _sessions_lock:
        if key not in _sessions:
            _sessions[key] = LockedSession(_sdk_session(timeout), lab_org_id)
        return _sessions[key]


class LockedSession:
    """A session of the vendor's package, used by one thread at a time."""

    def __init__(self, sdk: Any, lab_org_id: str | None) -> None:
        self._sdk, self._lab_org_id = sdk, lab_org_id
        self._lock = RLock()
        self._logged_in = False

    def compute(self, method: str, path: str, **what: Any) -> Any:
        """Ask the compute service, and give the `result` of its answer.

        What makes something (POST) goes out once. A token that has ended is renewed, and the
        request repeated, unless it makes something: then the error says that it is unsure.
        """
        asked = Asked(method, "compute" + path, method in _CHANGES_ON_COMPUTE)

        def ask() -> Any:
            with reading(asked):
                return self._sdk.execute(method.lower(), "compute", path, **what)["result"]

        return self._call(ask, again=method in _SAFE_ON_COMPUTE)

    def read(self, call: Callable[[Any], Answer]) -> Answer:
        """Call with the vendor's session, for what only reads: `client(session=…).query(…)`.

        An ended token is renewed, and the call repeated once.
        """

        def ask() -> Answer:
            try:
                return call(self._sdk)
            except BeafError:
                raise
            except Exception as error:  # noqa: BLE001  # the vendor's client raises bare ones, with a status
                raise of_sdk(_READING, error) or error from None

        return self._call(ask, again=True)

    def log_in(self) -> None:
        """Log in now, where nothing has asked yet.

        Raises:
            UsageError, BMLLError: we are not let in, or nobody answers.
        """
        with self._lock:
            self._log_in_once()

    def _call(self, ask: Callable[[], Answer], *, again: bool) -> Answer:
        with self._lock:
            self._log_in_once()
            try:
                return ask()
            except BMLLError as error:
                if error.status != 401:
                    raise
                self._logged_in = False
                if not again:
                    raise
            self._log_in_once()
            return self._last(ask)

    def _last(self, ask: Callable[[], Answer]) -> Answer:
        """Ask with a fresh token: who is refused now will be refused again."""
        try:
            return ask()
        except BMLLError as error:
            if error.status == 401:
                error.retryable = self._logged_in = False
            raise

    def _log_in_once(self) -> None:
        if not self._logged_in:
            log_in(self._sdk, self._lab_org_id)
            self._logged_in = True


def _names_account(variable: str) -> bool:
    """Say whether a variable tells one account from another, and is no secret."""
    # Inside the Lab the vendor's package sets BMLL_BASE_URL itself, while it logs in.
    return variable.startswith("BMLL_") and variable not in {"BMLL_BASE_URL", "BMLL_KEY_PASSPHRASE"}


def _sdk_session(timeout: float) -> Any:
    """Make a session of the vendor's package that sends through our adapters."""
    bmll = _sdk()
    import requests

    from beaf_bmll.sdk import transport

    http = requests.Session()
    http.auth = _as_it_is
    session = bmll.Session(session=http)
    _guard_logins(session.SERVICE_URLS)
    everywhere = transport.Transport(timeout, _READS, stops_at=transport.what_the_sdk_mistakes)
    http.mount("https://", everywhere)
    http.mount("http://", everywhere)
    urls = session.SERVICE_URLS
    for service in ("auth", "lab-auth", "account"):
        http.mount(f"{urls[service]}/", transport.Transport(timeout, _READS))
    # The vendor's client takes any status of it for a sign of life.
    http.mount(
        f"{urls['lab-auth']}/status-check",
        transport.Transport(timeout, frozenset({"GET"}), stops_at=transport.none),
    )
    compute = transport.Transport(timeout, _SAFE_ON_COMPUTE, _CHANGES_ON_COMPUTE)
    http.mount(f"{urls['compute']}/", compute)
    return session


def _as_it_is(request: PreparedRequest) -> PreparedRequest:
    """Leave a request its token: a `default` in ~/.netrc would put a password in its place."""
    return request


def _sdk() -> Any:
    """Import the vendor's package: 3 to 5 seconds."""
    try:
        import bmll
    except ImportError as error:
        raise UsageError(
            f"the package of BMLL cannot be imported: {error}",
            remedy="pip install 'beaf-bmll[sdk]' (Python below 3.13)",
        ) from error
    return bmll


def _guard_logins(urls: dict[str, str]) -> None:
    """Log in over an encrypted line, though the vendor's package ships one address without."""
    # Guess: that address answers to https as well. Who must, may set BMLL_AUTH_URL to it as it is.
    url = urlsplit(urls["auth"])
    if url.scheme == "http" and "BMLL_AUTH_URL" not in os.environ:
        urls["auth"] = url._replace(scheme="https").geturl()
