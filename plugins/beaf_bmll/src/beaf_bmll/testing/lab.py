"""What does a user's code find in the Lab under the name `bmll2`? A stand-in over local folders.

Nothing of the real package has been seen: names and arguments are those that known users of it
call, and every one is a guess. `site/bmll2.py` gives them the vendor's name, for machines of the
emulator and for whoever puts that folder on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beaf_core import UsageError

if TYPE_CHECKING:
    import polars as pl

#: Where the emulator's folder is told.
ROOT = "BMLL_EMULATED_ROOT"
#: The folder that holds this stand-in under the vendor's name.
LAB_SITE = Path(__file__).parent / "site"
#: The folder and prefix of each table in the vendor's buckets.
LAYOUT = {
    "trades-plus": ("Trades-Plus", "trades-plus-"),
    "l2": ("Equity", ""),
    "l3": ("Equity-L3", "l3-"),
    "cbbo": ("CBBO", "cbbo-"),
    "market-state": ("MarketState", "market-state-"),
}


def _root() -> Path:
    if ROOT not in os.environ:
        raise UsageError(
            "The stand-in for bmll2 does not know its folder.",
            remedy=f"Set {ROOT} to the emulator's folder: see Emulator.lab_environment.",
        )
    return Path(os.environ[ROOT])


def lake_path(root: Path, table: str, mic: str, day: date) -> Path:
    """Tell where the data of a market's day lie, below a bucket or a folder."""
    if table not in LAYOUT:
        raise ValueError(f"no table {table!r}: one of {', '.join(LAYOUT)}")
    folder, prefix = LAYOUT[table]
    return root / folder / mic / f"{day:%Y/%m/%d}" / f"{prefix}{mic}-{day:%Y%m%d}.parquet"


def get_market_data(
    market: str, date: Any, table_name: str, df_engine: str = "pandas", lazy_load: bool = False
) -> Any:
    """Read the data of a market's day: an empty frame where there are none."""
    return _as_asked(_read([market], [_day(date)], table_name), df_engine, lazy_load)


def get_market_data_range(
    markets: str | Sequence[str],
    table_name: str,
    df_engine: str = "spark",
    start_date: Any = None,
    end_date: Any = None,
    lazy_load: bool = False,
) -> Any:
    """Read the data of markets and days; times are integers, of nanoseconds since 1970."""
    import polars as pl

    from beaf_bmll.testing.market import days_of

    mics = [markets] if isinstance(markets, str) else list(markets)
    days = days_of(_day(start_date), _day(end_date or start_date))
    found = _read(mics, days, table_name)
    times = [name for name, kind in found.collect_schema().items() if isinstance(kind, pl.Datetime)]
    return _as_asked(found.with_columns(pl.col(times).dt.epoch("ns")), df_engine, lazy_load)


def _read(mics: Sequence[str], days: Sequence[date], table: str) -> pl.LazyFrame:
    import polars as pl

    paths = [lake_path(_root() / "lake", table, mic, day) for mic in mics for day in days]
    there = [path for path in paths if path.exists()]
    # Nothing there is an empty frame, and no error: a wrong market, a holiday, no permission.
    return pl.scan_parquet(there) if there else pl.LazyFrame()


def _as_asked(found: pl.LazyFrame, engine: str, lazy: bool) -> Any:
    if engine == "polars":
        return found if lazy else found.collect()
    if engine == "pandas":
        return found.collect().to_pandas()
    raise NotImplementedError(f"the stand-in has no {engine!r}: say df_engine='polars'")


def _day(given: Any) -> date:
    return given if isinstance(given, date) else date.fromisoformat(str(given)[:10])


def storage_paths() -> dict[str, dict[str, str]]:
    """Tell where storage areas lie in the cloud."""
    return {
        area: {"bucket": f"emulated-{area}", "prefix": f"{area}-files"}
        for area in ("user", "organisation")
    }


def put_file(path: str, area: str = "user", name: str | None = None) -> None:
    """Put a file into an area, below its root; under its own name where none is said."""
    target = _root() / area / (name or Path(path).name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def get_file(name: str, area: str = "user") -> str:
    """Fetch a file of an area into the working directory, and tell its path."""
    target = Path.cwd() / Path(name).name
    shutil.copyfile(_root() / area / name, target)
    return str(target)


def list_files(area: str = "user") -> list[str]:
    """List the files of an area, below its root."""
    root = _root() / area
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def get_credentials_for_remote_services() -> tuple[str, str, str]:
    """Log in as whoever owns the machine: a token, a key, and the organisation."""
    door = json.loads((_root() / "keys" / "lab.json").read_text())
    request = urllib.request.Request(  # noqa: S310 - the address is the emulator's own
        door["url"], method="POST", headers={"x-emulator": door["secret"]}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        given = json.load(answer)
    return given["token"], given["api_key"], given["lab_org_id"]
