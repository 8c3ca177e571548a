"""How does a test see an object store fail? By a server in front of it that fails as told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.s3 import S3Server


@dataclass
class Faults:
    """What a server in front of the real one answers instead of passing requests on.

    Attributes:
        answers: for the next requests, in turn: a status, `reset`, `early` (a reset before the body
            is read), `cut` (the answer breaks off), `lost` (the request is carried out, its answer
            is not heard), `slow` (it takes a second) or `hung` (nothing is ever said); when none is
            left, requests are passed on.
        always: what all further requests meet, once `answers` is empty.
        seen: method and path of each request.
    """

    port: int = 0
    answers: list[str] = field(default_factory=list)
    always: str = ""
    seen: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def next(self, request: str) -> str:
        with self.lock:
            self.seen.append(request)
            return self.answers.pop(0) if self.answers else self.always

    def options(self, s3: S3Server) -> dict[str, str]:
        return {**s3.storage_options(), "aws_endpoint_url": f"http://127.0.0.1:{self.port}"}


@contextmanager
def running_faults(s3: S3Server) -> Iterator[Faults]:
    """Start a server in front of the real one, and stop it at the end."""
    faults = Faults()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            fault = faults.next(f"{self.command} {self.path}")
            if fault == "early":
                self.reset()
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if fault in {"slow", "hung"}:
                faults.ended.wait(1.0 if fault == "slow" else None)
            if fault in {"reset", "hung"}:
                self.reset()
            elif fault in {"", "cut", "lost", "slow"}:
                self.pass_on(body, fault)
            else:
                self.answer(int(fault), {}, b"<Error><Code>Told</Code></Error>")

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 — http.server looks for these

        def pass_on(self, body: bytes, fault: str) -> None:
            connection = HTTPConnection("127.0.0.1", s3.port, timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            found = connection.getresponse()
            content = found.read()
            if fault == "lost":
                self.reset()
                return
            self.answer(found.status, dict(found.getheaders()), content, cut=fault == "cut")
            connection.close()

        def answer(
            self, status: int, headers: dict[str, str], content: bytes, *, cut: bool = False
        ) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if cut else content)
            if cut:
                self.reset()

        def reset(self) -> None:
            self.wfile.flush()
            now = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    faults.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield faults
    finally:
        faults.ended.set()
        server.shutdown()
        server.server_close()
