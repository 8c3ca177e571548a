"""What does an error of PostgreSQL mean, and what may be done about it?"""

from __future__ import annotations

import re

from beaf_core import BeafError, UsageError
from beaf_outputs.sql.drivers.faults import CommitUnknownError, DatabaseError, LostError
from beaf_outputs.sql.urls import masked, shown

#: Text that is none, such as one with a zero character.
NOT_TEXT = "22021"

# Of SQLSTATE: the server is ending, or two transactions were in each other's way.
_LOST = {"57P01", "57P02", "57P03", "40001", "40P01", "08000", "08003", "08006", "08007", "53300"}
# While connecting there is no SQLSTATE, only words; what is not among them will not pass.
_PASSING = re.compile(
    r"refused|reset|timeout expired|starting up|shutting down|recovery mode|not yet accepting"
    r"|closed the connection|too many clients|connection slots|unreachable",
    re.I,
)
_NOISE = re.compile(
    r"^[A-Z_]+: (\[libpq\] )?(Failed to execute query '.*': )?|\. SQLSTATE: \w+$"
    r"|PGRES_FATAL_ERROR |\nLINE \d+:[^\n]*\n *\^",
    re.S,
)

_REMEDIES = {
    "28": "correct the user and the password in sql_connection",
    "3F": "create the schema, or name another in sql_table",
    "2B": "remove what depends on the table (views), or take schema_mode: add_columns",
    "22": "correct the values, or keep the pass in parquet",
    "23": "correct the values, or the constraints of the table",
    "54": "split the pass into several with fewer columns, or write to parquet",
    "42501": "grant the user of sql_connection the right to do it",
    "42": "see what the table is, or name another with sql_table",
    "53100": "make room on the server's disk",
    "55P03": "see which transaction holds the table, and run again",
}
#: Of these, the request is to be mended; of others, the server.
_USAGE = {"3F", "2B", "22", "23", "42", "54"}


def state_of(error: Exception) -> str:
    """The five characters by which PostgreSQL tells errors apart; empty where it told none."""
    return getattr(error, "sqlstate", None) or ""


def fault(error: Exception, url: str, doing: str) -> BeafError:
    """Make an error of ours, without what the URL keeps secret.

    Args:
        error: the driver's.
        url: of the database.
        doing: `connect`, `commit`, or anything else in between.
    """
    reason = masked(" ".join(_NOISE.sub("", str(error)).split()), url)
    message = f"PostgreSQL at {shown(url)}: {reason}"
    state = state_of(error)
    if _is_lost(state, reason, doing):
        kind = CommitUnknownError if doing == "commit" else LostError
        return kind(message, remedy=_LOST_REMEDY)
    remedy = _REMEDIES.get(state) or _REMEDIES.get(state[:2])
    if state[:2] in _USAGE and state != "42501":
        return UsageError(message, remedy=remedy)
    return DatabaseError(message, remedy=remedy or _elsewhere(doing))


_LOST_REMEDY = "see whether the server runs, and where (host and port in sql_connection); run again"


def _is_lost(state: str, reason: str, doing: str) -> bool:
    if state:
        return state in _LOST
    return doing != "connect" or bool(_PASSING.search(reason))


def _elsewhere(doing: str) -> str:
    if doing == "connect":
        return "correct sql_connection: host, database, user and password"
    return "see to what the server says, and run again"
