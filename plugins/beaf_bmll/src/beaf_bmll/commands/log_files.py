"""What is left of a run's log where the vendor knows the run no more?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_bmll.commands.finding import Found
from beaf_bmll.commands.service import Service
from beaf_core import UsageError, redact_text

if TYPE_CHECKING:
    from beaf_bmll.gateway import LogKind


def kept_lines(found: Found, service: Service, kind: LogKind) -> Iterator[str]:
    """Read the files of a run's log in its area.

    Raises:
        UsageError: there are none here.
    """
    # Guess: below log_path, the file of each kind of log has that word in its name.
    folder = _folder(found, service)
    files = [each for each in sorted(folder.rglob("*")) if each.is_file() and kind in each.name]
    if not files:
        raise UsageError(
            f"the vendor knows the run {found.run_id} no more, and no log of it lies in {folder}",
            remedy="look where BMLL_JOBS.log_path leads to, in the Lab",
        )
    for each in files:
        with each.open(encoding="utf-8", errors="replace") as lines:
            yield from (redact_text(line.rstrip("\n")) for line in lines)


def _folder(found: Found, service: Service) -> Path:
    area, path = (
        (found.entry.log_area, found.entry.log_path)
        if found.entry
        else (found.run.log_area, found.run.log_path)
        if found.run
        else ("user", "")
    )
    roots = {str(name): root for name, root in service.config.area_roots.items()}
    return Path(roots[area], path)
