"""Who logs in to the emulated servers, and what may he do?"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from beaf_bmll.testing.contract import Identity, TokenRequest
from beaf_bmll.testing.guesses import Guesses
from beaf_bmll.testing.web import (
    ANYBODY,
    ANYTHING,
    LAB,
    BreachError,
    Call,
    RefusalError,
    Request,
    Route,
)
from beaf_core import UsageError

#: Where the stand-in of the Lab logs in; no call of the vendor's.
CREDENTIALS = "/emulator/credentials"
_EXPIRED = {"message": "The incoming token has expired"}
_UNKNOWN = {"message": "Unauthorized"}


@dataclass(frozen=True, slots=True, repr=False)
class Pass:
    """What a login gave: whoever shows it may enter until it ends."""

    token: str
    api_key: str
    lab: bool
    until: float  # on the machine's own clock: tests that move the emulator's stay logged in


@cache
def _key_pair() -> tuple[bytes, bytes]:
    """Make a throwaway key, once per process.

    A short one: it opens nothing but servers of one test, and every login checks it anew, which
    takes 36 ms for 2048 bits and 5 ms for these.
    """
    try:
        from cryptography.hazmat.primitives import serialization as forms
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        raise UsageError(
            "A login needs a key, and `cryptography` is not installed to make one.",
            remedy="Install what the vendor's package needs: pip install 'beaf-bmll[sdk]'",
        ) from error
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 — thrown away
    private = key.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption()
    )
    public = key.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    return private, public


class Doorkeeper:
    """Logs people in, and looks at what they show afterwards."""

    def __init__(self, folder: Path, user: str, lab_org_id: str, guesses: Guesses) -> None:
        self._folder, self._guesses = folder, guesses
        self._user, self._lab_org_id = user, lab_org_id
        self._sessions: set[str] = set()
        self._passes: dict[str, Pass] = {}
        self._lab_secret = secrets.token_urlsafe(24)
        self.lifetime = 86400.0  # Guess: a day, as the client asks for.

    @cached_property
    def key_path(self) -> Path:
        """The user's private key; its public half lies beside it, with the user's name."""
        private, public = _key_pair()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / "key.pem"
        path.touch(mode=0o600)
        path.write_bytes(private)
        path.with_suffix(".pub").write_bytes(public + f" {self._user}\n".encode())
        return path

    def expire(self) -> None:
        """End every login."""
        self._passes.clear()

    def let_in(self, *, lab: bool) -> Pass:
        """Give a new pass."""
        given = Pass(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            lab,
            time.monotonic() + self.lifetime,
        )
        self._passes[given.token] = given
        return given

    def check(self, request: Request, who: str) -> str:
        """Give the token of a request that may enter; refuse any other."""
        if who != ANYTHING and "x-bmll-version" not in request.headers:
            raise BreachError("says no x-bmll-version")
        if who in {ANYTHING, ANYBODY}:
            return ""
        shown = self._shown(request.headers)
        # The key comes after the token: the call that fetches it has none yet.
        if not request.path.endswith("/api-key"):
            self._check_key(request.headers, shown)
        # Guess: whoever logged in to data delivery alone is refused so at compute.
        if who == LAB and not shown.lab:
            raise RefusalError(403, {"message": "User is not authorized to access this resource"})
        return shown.token

    def _shown(self, headers: Mapping[str, str]) -> Pass:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            raise BreachError("shows no bearer token")
        shown = self._passes.get(token)
        if shown is None or shown.until <= time.monotonic():
            raise RefusalError(401, _EXPIRED)
        return shown

    @staticmethod
    def _check_key(headers: Mapping[str, str], shown: Pass) -> None:
        if "x-api-key" not in headers:
            raise BreachError("shows no x-api-key")
        if not secrets.compare_digest(headers["x-api-key"], shown.api_key):
            raise RefusalError(403, {"message": "Forbidden"})

    def routes(self) -> list[Route]:
        """List the calls of a login."""
        both = [
            route
            for service in ("auth", "lab-auth")
            for route in (
                Route("POST", f"/{service}/auth/identity", self._identity, ANYBODY, body=Identity),
                Route("POST", f"/{service}/auth/token", self._token, ANYBODY, body=TokenRequest),
            )
        ]
        return [
            Route("GET", "/lab-auth/status-check", lambda _call: {"status": "ok"}, ANYTHING),
            *both,
            Route("POST", CREDENTIALS, self._credentials, ANYTHING),
            Route("GET", "/account/api-key", self._api_key, LAB),
        ]

    def _identity(self, call: Call) -> dict[str, str]:
        if call.body.iss != self._user:
            raise RefusalError(401, _UNKNOWN)
        session = secrets.token_urlsafe(12)
        self._sessions.add(session)
        return {"sid": session}

    def _token(self, call: Call) -> dict[str, str]:
        asked: TokenRequest = call.body
        lab = asked.aud == "lab-services"
        if asked.sid not in self._sessions or asked.iss != self._user:
            raise RefusalError(self._guesses.refused_login, _UNKNOWN)
        if asked.account_id != (self._lab_org_id if lab else None):
            raise RefusalError(self._guesses.refused_login, _UNKNOWN)
        claims = asked.wire()
        del claims["jws"]
        if self._signed(asked) != claims:
            raise RefusalError(self._guesses.refused_login, _UNKNOWN)
        self._sessions.discard(asked.sid)
        given = self.let_in(lab=lab)
        return {"token": given.token} | ({} if lab else {"api-key": given.api_key})

    def _signed(self, asked: TokenRequest) -> Any:
        import jwt

        try:
            return jwt.decode(
                asked.jws, _key_pair()[1].decode(), algorithms=["RS256"], audience=asked.aud
            )
        except jwt.InvalidTokenError as error:
            raise RefusalError(self._guesses.refused_login, _UNKNOWN) from error

    def open_lab_door(self, base: str) -> None:
        """Let machines log in without a key, as in the Lab: what they show lies in a file."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._folder / "lab.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"url": base + CREDENTIALS, "secret": self._lab_secret}))

    def _credentials(self, call: Call) -> dict[str, str]:
        shown = call.headers.get("x-emulator", "")
        if not secrets.compare_digest(shown, self._lab_secret):
            raise RefusalError(403, {"message": "Forbidden"})
        given = self.let_in(lab=True)
        return {
            "token": given.token,
            "api_key": given.api_key,
            "lab_org_id": self._lab_org_id,
        }

    def _api_key(self, call: Call) -> dict[str, str]:
        return {"apiKey": self._passes[call.bearer].api_key}
