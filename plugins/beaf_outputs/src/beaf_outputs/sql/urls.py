"""Which database does a URL name, and what of it may be shown?"""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote, quote_plus

import sqlalchemy as sa
from sqlalchemy import dialects
from sqlalchemy.engine import URL

from beaf_core import did_you_mean

#: What of a URL's options tells where a database is, and nothing else.
_SHOWN_OPTIONS = ("host", "port", "service")

#: What the names of options have in them whose values are secrets; a text of ODBC holds one.
_SECRET_OPTION = re.compile("pass|pwd|token|secret|key|credential|odbc_connect", re.I)

HIDDEN = "***"

_NO_URL = (
    "is no URL of a database; write dialect://user:password@host/database, and escape "
    "what has a meaning in URLs (@ is %40, / is %2F)"
)

#: What has a driver of its own, and may have no dialect that SQLAlchemy finds.
_OWN = ("postgresql", "sqlite", "duckdb")


@cache
def parsed(text: str) -> URL:
    """Read a URL.

    Raises:
        ValueError: it is none, or of no kind of database; the message does not repeat it.
    """
    url = _url(text)
    kind = url.get_backend_name()
    if kind not in _OWN and not _has_dialect(kind):
        near = did_you_mean(kind, [*_OWN, *dialects.__all__])
        raise ValueError(
            f"is of a kind of database that SQLAlchemy has no dialect for, {kind}"
            + (near or "; install the one that its vendor offers")
        )
    return url


def is_database(text: str) -> bool:
    """Say whether a text is the URL of a database."""
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _has_dialect(kind: str) -> bool:
    try:
        dialects.registry.load(kind)
    except sa.exc.NoSuchModuleError:
        return False
    return True


def _url(text: str) -> URL:
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise ValueError(_NO_URL) from None
    if "@" in (url.host or ""):  # the end of a password with an unescaped @, which nobody may see
        raise ValueError(_NO_URL)
    return url


def shown(text: str) -> str:
    """Render a URL without user, password and options."""
    return without_secrets(parsed(text))


def without_secrets(url: URL) -> str:
    """Render a URL that has been read, without user, password and options."""
    options = {name: url.query[name] for name in _SHOWN_OPTIONS if name in url.query}
    bare = URL.create(
        url.get_backend_name(), host=url.host, port=url.port, database=url.database, query=options
    )
    return bare.render_as_string(hide_password=True)


def masked(message: str, text: str) -> str:
    """Hide, in a driver's message, what the URL keeps secret."""
    url = parsed(text)
    secrets = {str(url.password)} if url.password else set()
    for name, value in url.query.items():
        if name not in _SHOWN_OPTIONS and _SECRET_OPTION.search(name):
            secrets |= {value} if isinstance(value, str) else set(value)
    spelled = {text} | secrets | {quote(each, safe="") for each in secrets}
    spelled |= {quote_plus(each) for each in secrets} | {quote(each) for each in secrets}
    for each in sorted(spelled, key=len, reverse=True):
        message = message.replace(each, HIDDEN)
    return message
