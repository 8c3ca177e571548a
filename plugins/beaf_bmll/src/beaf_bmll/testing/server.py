"""How do requests come over the wire to the emulated servers, and answers go back?"""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from beaf_bmll.testing.desk import Desk
from beaf_bmll.testing.web import Answer, Request, Unreadable

# Closing a socket with this option breaks the connection, instead of ending it.
_BREAK = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    """A server on a free port of the loopback interface."""

    daemon_threads = True
    request_queue_size = 128  # crowds of submitters connect at once; 5 would make some wait

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.desk = desk
        self._open: set[socket.socket] = set()
        self._guard = Lock()
        # The pause is how long closing waits at most.
        self._thread = Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Answer requests, in threads of its own."""
        self._thread.start()

    def close(self) -> None:
        """Answer no more, and break what is open: clients keep their connections for ever."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._guard:
            for connection in self._open:
                with suppress(OSError):  # it was closed by the client
                    connection.shutdown(socket.SHUT_RDWR)

    def note(self, connection: socket.socket, *, open_: bool) -> None:
        """Remember which connections are open."""
        with self._guard:
            (self._open.add if open_ else self._open.discard)(connection)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    server: Server

    def setup(self) -> None:
        """Begin."""
        super().setup()
        self.server.note(self.connection, open_=True)

    def finish(self) -> None:
        """End."""
        self.server.note(self.connection, open_=False)
        with suppress(OSError):  # the connection was broken, by a test or by its client
            super().finish()

    def handle(self) -> None:
        """Answer until the client has no more to ask."""
        with suppress(OSError):  # it went away without an answer, as timeouts make it
            super().handle()

    def _answer(self) -> None:
        answer = self.server.desk.answer(self._read())
        if answer is None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _BREAK)
            self.connection.close()
            self.close_connection = True
        else:
            self._send(answer)

    # The library's names.
    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 — http.server looks for these

    def _read(self) -> Request:
        address = urlsplit(self.path)
        query = parse_qs(address.query, keep_blank_values=True)
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        return Request(
            self.command,
            address.path,
            {key: ",".join(values) for key, values in query.items()},
            {key.lower(): value for key, value in self.headers.items()},
            _read_json(raw),
        )

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        self.send_header("content-type", answer.content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what came is remembered by the desk."""


def _read_json(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return Unreadable()
