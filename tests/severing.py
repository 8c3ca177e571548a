"""How does a test cut a connection at a chosen moment? By standing between client and server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: Decides, of what a client sends: (its number, the bytes) → whether to cut, and when.
Decide = Callable[[int, bytes], str | None]


@dataclass
class Severing:
    """A relay to a port of 127.0.0.1 that cuts connections.

    Attributes:
        port: where it listens.
        decide: answers `before` to cut instead of passing on what the client sent, `after` to
            cut once the server has answered it, None to let it pass.
        sent: how many pieces clients have sent so far.
        cuts: how often a connection was cut.
    """

    port: int
    target: int
    decide: Decide
    sent: int = 0
    cuts: int = 0
    open: list[socket.socket] = field(default_factory=list, repr=False)

    def relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        self.open += [client, server]
        cut = threading.Event()
        threading.Thread(target=self._answers, args=(server, client, cut), daemon=True).start()
        with suppress(OSError):
            while piece := client.recv(65536):
                self.sent += 1
                verdict = self.decide(self.sent, piece)
                if verdict is not None:
                    self.cuts += 1
                if verdict == "before":
                    break
                if verdict == "after":
                    cut.set()
                server.sendall(piece)
        if not cut.is_set():
            _close(server, client)

    def _answers(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while piece := server.recv(65536):
                if cut.is_set():
                    break  # the server has done it, and the client is not told
                client.sendall(piece)
        _close(server, client)


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


@contextmanager
def severing(target: int, decide: Decide) -> Iterator[Severing]:
    """Relay connections to a port until the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Severing(listener.getsockname()[1], target, decide)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=relay.relay, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield relay
        finally:
            _close(listener, *relay.open)
