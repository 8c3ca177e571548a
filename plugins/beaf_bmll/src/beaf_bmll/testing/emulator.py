"""How does somebody get servers of BMLL on a machine that has none?

with Emulator(folder) as emulator:
    os.environ.update(emulator.environment)   # before `bmll` is imported
    ...
    assert not emulator.violations
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from beaf_bmll.config import Area
from beaf_bmll.testing.auth import Doorkeeper
from beaf_bmll.testing.clock import Clock
from beaf_bmll.testing.compute import Compute
from beaf_bmll.testing.data import Data
from beaf_bmll.testing.desk import Desk, Recorded
from beaf_bmll.testing.faults import Faults
from beaf_bmll.testing.guesses import Guesses
from beaf_bmll.testing.jobs import Books, Job, Run
from beaf_bmll.testing.lab import LAB_SITE, ROOT, lake_path
from beaf_bmll.testing.machines import Machines
from beaf_bmll.testing.market import Market
from beaf_bmll.testing.reference import Reference
from beaf_bmll.testing.runs import Runs
from beaf_bmll.testing.server import Server
from beaf_core import UsageError

if TYPE_CHECKING:
    import polars as pl

#: The variable of every service's address, and the path of ours.
_SERVICES = {
    "BMLL_REFERENCE_URL": "reference",
    "BMLL_TIME_SERIES_URL": "time-series",
    "BMLL_AUTH_URL": "auth",
    "BMLL_MARKET_DATA_URL": "market-data",
    "BMLL_ACCOUNT_URL": "account",
    "BMLL_LAB_AUTH_URL": "lab-auth",
    "BMLL_COMPUTE_URL": "compute",
    "BMLL_API_URL": "apiv2",
    "BMLL_MARKET_DATA_V2_URL": "market-data-v2",
}


class Emulator:
    """Servers of BMLL on this machine's loopback interface, and machines that are its processes.

    Args:
        root: a folder of its own; storage areas, homes of machines and the key lie in it.
        user: who may log in.
        lab_org_id: with which organisation.
        start: what its clock says at first; the time of day by default.
        start_machines: whether runs start; where not, they stay `requested` until `end`.
        machine_delay: seconds that a machine takes to come up.
        seconds_per_hour: how long an hour of `max_runtime_hours` is.
        guesses: how it behaves where nobody knows how the real servers do.

    Attributes:
        faults: failures that wait for requests; see Faults.add.
        clock: its time; advancing it fires crons and ends runs that have run too long.
        market: what it knows of listings and data; see Market.
        area_roots: the folder of each storage area.
        machine_environment: variables that every machine has from now on.
    """

    def __init__(
        self,
        root: str | Path,
        *,
        user: str = "researcher@example.org",
        lab_org_id: str = "emulated",
        start: datetime | None = None,
        start_machines: bool = True,
        machine_delay: float = 0.0,
        seconds_per_hour: float = 3600.0,
        guesses: Guesses | None = None,
    ) -> None:
        self.root, self.user, self.lab_org_id = Path(root).resolve(), user, lab_org_id
        self.clock, self.faults = Clock(start), Faults()
        self.area_roots: dict[Area, Path] = {
            "user": self.root / "user",
            "organisation": self.root / "organisation",
        }
        self.machine_environment: dict[str, str] = {}
        self.market = Market()
        self.guesses = guesses or Guesses()
        self._books = Books(self.guesses)
        self._door = Doorkeeper(self.root / "keys", user, lab_org_id, self.guesses)
        self._machines = Machines(
            self.root / "machines",
            {str(area): root for area, root in self.area_roots.items()},
            self.clock,
            self._books,
            self.machine_environment,
            machine_delay,
            seconds_per_hour,
            start_machines,
        )
        self._runs = Runs(self._books, self.clock, self._machines, user)
        services = (
            self._door,
            Compute(self._books, self.clock, self._runs, user),
            self._runs,
            Reference(self.market, self.clock),
            Data(self.market, lambda: self._address),
        )
        routes = [route for service in services for route in service.routes()]
        self._desk = Desk(routes, self._door.check, self.faults)
        self._server: Server | None = None

    def __enter__(self) -> Emulator:
        for folder in self.area_roots.values():
            folder.mkdir(parents=True, exist_ok=True)
        self._server = Server(self._desk)
        self._server.start()
        self._door.open_lab_door(self._address)
        self.machine_environment.update(self.lab_environment)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every machine, and answer no more."""
        self._desk.closing.set()
        self._machines.close()
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def _address(self) -> str:
        if self._server is None:
            raise UsageError(
                "The emulator has no address before it has begun.",
                remedy="Use it in a `with` statement: with Emulator(folder) as emulator: …",
            )
        return self._server.base

    @property
    def urls(self) -> dict[str, str]:
        """The variables that lead the vendor's package here; it reads them when it is imported."""
        addresses = {name: f"{self._address}/{path}" for name, path in _SERVICES.items()}
        return addresses | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a user outside the Lab: addresses, name and key."""
        login = {"BMLL_USERNAME": self.user, "BMLL_KEY_PATH": str(self.key_path)}
        return self.urls | login

    @property
    def lab_environment(self) -> dict[str, str]:
        """The variables of a user inside the Lab, and of machines: no key, but a `bmll2`."""
        inside = {"BMLL_BASE_URL": "emulated", ROOT: str(self.root), "PYTHONPATH": str(LAB_SITE)}
        return self.urls | inside

    @property
    def key_path(self) -> Path:
        """The user's private key."""
        return self._door.key_path

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, oldest first: never a value that was sent."""
        return self._desk.requests

    @property
    def violations(self) -> list[str]:
        """What was asked that the contract does not have: nothing, in a good test."""
        return self._desk.violations

    @property
    def jobs(self) -> list[Job]:
        """All jobs that are there, oldest first."""
        with self._books.lock:
            return list(self._books.jobs.values())

    @property
    def runs(self) -> list[Run]:
        """All runs that are there, oldest first."""
        with self._books.lock:
            return list(self._books.runs.values())

    @property
    def deleted_runs(self) -> list[Run]:
        """All runs that went with their jobs."""
        with self._books.lock:
            return list(self._books.deleted_runs.values())

    def run(self, run_id: str) -> Run:
        """Give one run; a KeyError where there is none."""
        with self._books.lock:
            return self._books.runs[run_id]

    def wait(self, run_id: str, timeout: float = 30.0) -> Run:
        """Wait until a run has ended; a TimeoutError where it does not."""
        run = self.run(run_id)
        if not run.ended.wait(timeout):
            raise TimeoutError(f"run {run_id} is still {run.state} after {timeout} s")
        self._machines.wait_until_gone(run_id)
        return run

    def end(self, run_id: str, state: str | None = None) -> None:
        """End a run whose machine does nothing, as if it had: as completed, if no state is said."""
        end = state or self.guesses.completed
        self._runs.terminate(self.run(run_id), end, f"ended as {end}")

    def lose_machine(self, run_id: str, *, noticed: bool = True) -> None:
        """Let a run's machine vanish.

        Args:
            run_id: which.
            noticed: whether the servers notice; where not, the run seems to be active for ever.
        """
        run = self.run(run_id)
        if noticed:
            # Guess: a lost machine is told as a failure.
            self._runs.terminate(run, self.guesses.failed, "machine lost")
        run.unplugged.set()

    def expire_logins(self) -> None:
        """Let every token that was given be one of yesterday."""
        self._door.expire()

    def make_available(self, kind: str, *mics: str, day: date | None = None) -> None:
        """Let data be there, of the day before the clock's by default; jobs that waited start.

        Args:
            kind: `l3`, or a data set such as `MarketDataTrades`.
            mics: of which markets.
            day: of which trade date.
        """
        day = day or self.clock.now().astimezone(UTC).date() - timedelta(days=1)
        self.market.arrive(kind, mics, day)
        self._runs.arrived(kind, self.market.has(kind, day), day)

    def publish(self, table: str, frame: pl.DataFrame) -> None:
        """Let data be read: by the Data API, and as files of the vendor's layout in `lake`.

        Args:
            table: as the Lab spells it, such as `trades-plus`; the Data API says `trades_plus`.
            frame: with columns MIC and Date.
        """
        self.market.tables[table.replace("-", "_")] = frame
        for (mic, day), rows in frame.partition_by("MIC", "Date", as_dict=True).items():
            path = lake_path(self.lake, table, str(mic), date.fromisoformat(str(day)))
            path.parent.mkdir(parents=True, exist_ok=True)
            rows.write_parquet(path)

    @property
    def lake(self) -> Path:
        """The folder that stands for the vendor's bucket of data."""
        return self.root / "lake"

    @property
    def reference(self) -> pl.DataFrame | None:
        """The listings, one a row; see Market."""
        return self.market.reference

    @reference.setter
    def reference(self, frame: pl.DataFrame) -> None:
        self.market.reference = frame

    @property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables of the Data API, by name."""
        return self.market.tables
