"""Who are we to the servers: somebody in the Lab, or somebody with a key?"""

from __future__ import annotations

import os
from importlib.util import find_spec
from json import JSONDecodeError
from typing import Any

from beaf_bmll.errors import BMLLError
from beaf_core import UsageError

_SETUP = (
    "set BMLL_USERNAME and BMLL_KEY_PATH (a PEM key that BMLL knows); inside the Lab set neither"
)
_PROXY = "see whether a proxy stands between; if not, tell BMLL"
_KEY_FORMAT = "convert a copy of it: ssh-keygen -p -m PEM -f COPY_OF_THE_KEY"


def in_lab() -> bool:
    """Say whether the Lab itself will vouch for us: it is around us, and nobody named a key."""
    by_key = "BMLL_USERNAME" in os.environ or "BMLL_KEY_PATH" in os.environ
    around = "BMLL_BASE_URL" in os.environ or find_spec("bmll2") is not None
    return around and not by_key


def log_in(session: Any, lab_org_id: str | None) -> None:
    """Log a session of the vendor's package in.

    Naming an organisation would make the vendor's package look for a key, in the Lab as well.

    Raises:
        UsageError: something of ours is missing or wrong: a key, a name, a package.
        BMLLError: the servers refuse, or do not answer.
    """
    inside = in_lab()
    who = {} if inside or lab_org_id is None else {"lab_org_id": lab_org_id}
    try:
        session.login(**who)
    except UsageError:
        raise
    except BMLLError as error:
        raise _refused(error) from None
    except Exception as error:  # noqa: BLE001  # files, ciphers, bmll2: each raises its own
        raise _explained(error, inside) from None  # what they hold may be secret


def _refused(error: BMLLError) -> BMLLError:
    ours = error.status in (400, 401, 403, 404)
    return BMLLError(
        f"logging in failed: {error.message}",
        remedy="check BMLL_USERNAME, BMLL_KEY_PATH and BMLL_JOBS.lab_org_id"
        if ours
        else error.remedy,
        status=error.status,
        retryable=error.retryable and not ours,
    )


def _explained(error: Exception, inside: bool) -> UsageError | BMLLError:
    if isinstance(error, ImportError):
        return UsageError(
            f"the Lab should log us in, but its package is not here: {error}",
            remedy="unset BMLL_BASE_URL outside the Lab, and " + _SETUP,
        )
    if inside:
        return BMLLError(
            f"the Lab does not log us in ({type(error).__name__})",
            remedy="open a new session of the Lab; if it stays, tell BMLL",
        )
    if isinstance(error, JSONDecodeError | KeyError):
        return BMLLError("logging in failed: the answer cannot be read", remedy=_PROXY)
    return _about_the_key(error)


def _about_the_key(error: Exception) -> UsageError:
    if isinstance(error, OSError):
        return UsageError(f"the key cannot be read: {error}", remedy=_SETUP)
    if isinstance(error, ValueError | TypeError):
        return UsageError(
            "BMLL_KEY_PATH is no private key that can be used: not PEM, or its passphrase is "
            "missing or wrong",
            remedy=f"set BMLL_KEY_PASSPHRASE, or {_KEY_FORMAT}",
        )
    first_line = str(error).partition("\n")[0]
    return UsageError(f"not logged in: {first_line}", remedy=_SETUP)
