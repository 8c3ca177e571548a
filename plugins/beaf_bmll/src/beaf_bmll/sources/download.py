"""How is a result fetched from the vendor's store: in bounded time, whole or not at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from beaf_bmll.errors import BMLLError

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

_CONNECT_SECONDS = 10.0
_BYTES_AT_ONCE = 1 << 20


def fetch(link: str, path: Path, timeout: float, given_up: Event) -> None:
    """Download a file; the link opens it for anybody, so no message holds it.

    Raises:
        BMLLError: it cannot be had; nothing of it is kept.
    """
    import requests  # comes with the vendor's package

    try:
        with requests.get(link, stream=True, timeout=(_CONNECT_SECONDS, timeout)) as answer:
            if answer.status_code != 200:
                raise _not_fetched(f"the store answers {answer.status_code}")
            with path.open("xb") as file:
                for chunk in answer.iter_content(_BYTES_AT_ONCE):
                    if given_up.is_set():
                        raise not_wanted()
                    file.write(chunk)
    except requests.RequestException as error:
        raise _not_fetched(type(error).__name__) from None  # its text holds the link


def not_wanted() -> BMLLError:
    """Say that whoever asked does not want it any more."""
    return BMLLError("a query of the Data API was given up, since another one failed")


def _not_fetched(why: str) -> BMLLError:
    return BMLLError(
        f"a result of the Data API cannot be downloaded: {why}",
        remedy="try again; SOURCE.http_timeout is how long the store may be silent",
        retryable=True,
    )
