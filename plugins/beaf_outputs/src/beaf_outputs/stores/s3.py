"""How does a file get to S3, whole or not at all, although servers fail now and then?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, UnknownConfigurationKeyError
from obstore.store import S3Store

from beaf_core import ResourceError, UsageError, did_you_mean
from beaf_outputs.stores import S3_SCHEME, Answer, Found, Item, checked
from beaf_outputs.stores.local import told
from beaf_outputs.stores.refusals import reason_of, sorted_out
from beaf_outputs.stores.retries import PassingError, repeated_until_answered
from beaf_outputs.stores.scratch import scratch_folder, scratch_lock

#: A file of more bytes goes in parts of so many, four at once: what is held in memory.
PART_BYTES = 16 * 2**20
PARTS_AT_ONCE = 4
#: S3 takes 10,000 parts of one file.
MOST_PARTS = 9_000
#: Small requests are waiting, not work.
REQUESTS_AT_ONCE = 16

# Options of polars that are none of object stores: how polars itself retries and caches.
_OF_POLARS = re.compile(r"max_retries|retry_.*|file_cache_ttl")
_ENDPOINTS = ("aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint", "endpoint_url", "endpoint")


class S3Objects:
    """A prefix on S3; see `Store`."""

    def __init__(self, root: str, storage_options: Mapping[str, str]) -> None:
        bucket, _, prefix = root.removeprefix(S3_SCHEME).rstrip("/").partition("/")
        if not bucket:
            raise UsageError(f"{root} names no bucket", remedy="write s3://bucket/prefix")
        self.root = root.rstrip("/")
        self.repeated = 0
        if prefix:
            checked(S3_SCHEME + bucket, prefix)
        self.scan_options: dict[str, str] | None = _completed(storage_options)
        config = object_store_options(storage_options)
        # Requests are repeated, and counted, here; but the parts of a large file each for itself,
        # or the whole file would have to go again.
        self._store = _opened(bucket, prefix, config, {"max_retries": 0})
        self._parts = _opened(bucket, prefix, config, {"max_retries": 5})

    def location(self, path: str) -> str:
        """Spell a path for people and for polars."""
        return f"{self.root}/{checked(self.root, path)}" if path else self.root

    def read(self, path: str) -> bytes | None:
        """Read a file; None where there is none."""
        return self._if_there(
            path, lambda: bytes(obstore.get(self._store, checked(self.root, path)).bytes())
        )

    def read_end(self, path: str, size: int) -> bytes | None:
        """Read the end of a file; None where there is none."""
        options: Any = {"range": {"suffix": size}}
        return self._if_there(
            path,
            lambda: bytes(
                obstore.get(self._store, checked(self.root, path), options=options).bytes()
            ),
        )

    def write(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all."""
        self._asked(path, "written", lambda: obstore.put(self._store, path, data))

    def create(self, path: str, data: bytes) -> bool:
        """Write a file unless there is one; the server says which of two was first."""

        def asked() -> bool:
            try:
                obstore.put(self._store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
            return True

        return self._asked(path, "written", asked)

    @contextmanager
    def staging(self, path: str) -> Iterator[Path]:
        """Offer a file in the temporary folder."""
        checked(self.root, path)
        with scratch_folder() as folder:
            yield folder / "staged"

    @contextmanager
    def filling(self, folder: str) -> Iterator[Path]:
        """Offer a folder below the temporary one."""
        checked(self.root, folder)
        with scratch_folder() as scratch:
            yield scratch
            made = sorted(scratch.iterdir())
            self.each(lambda each: self.put(each, f"{folder}/{each.name}"), made)

    def sweep(self, path: str, before: float) -> None:
        """Do nothing: what is staged for S3 is in the temporary folder, and swept there."""

    def put(self, staged: Path, path: str) -> None:
        """Bring a finished local file into place."""
        size = staged.stat().st_size
        if size <= PART_BYTES:
            self._asked(
                path,
                "written",
                lambda: obstore.put(self._store, path, staged, use_multipart=False),
            )
            return
        part = max(PART_BYTES, size // MOST_PARTS)
        with self._refusals(path, "written"):
            obstore.put(
                self._parts,
                checked(self.root, path),
                staged,
                use_multipart=True,
                chunk_size=part,
                max_concurrency=PARTS_AT_ONCE,
            )

    def move(self, source: str, path: str) -> bool:
        """Copy a file, and remove the source; False where that is not there."""
        checked(self.root, source)
        copied = self._asked(path, "written", lambda: self._copied(source, path))
        if copied:
            self.remove(source)
        return copied

    def _copied(self, source: str, path: str) -> bool:
        try:
            obstore.copy(self._store, source, path)
        except FileNotFoundError:
            return False
        return True

    def files(self, folder: str) -> list[Found]:
        """List all files below a folder."""
        found = self._asked(
            folder, "listed", lambda: obstore.list(self._store, folder or None).collect()
        )
        return sorted(
            (
                Found(
                    each["path"],
                    each["size"],
                    each["last_modified"].timestamp(),
                    each["e_tag"],
                )
                for each in found
            ),
            key=lambda each: each.path,
        )

    def names(self, folder: str) -> list[str]:
        """List the paths of all files below a folder."""
        return [each.path for each in self.files(folder)]

    def remove(self, path: str) -> None:
        """Remove a file; that it is gone already is fine."""
        self._asked(path, "removed", lambda: obstore.delete(self._store, path))

    @contextmanager
    def locked(self, path: str) -> Iterator[None]:
        """Keep other processes of this machine out, by a file in the temporary folder."""
        with scratch_lock(self.location(path)):
            yield

    def each(self, ask: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Ask for each item, several at once."""
        given = list(items)
        if len(given) < 2:
            return [ask(each) for each in given]
        with ThreadPoolExecutor(min(REQUESTS_AT_ONCE, len(given))) as pool:
            return list(pool.map(ask, given))

    def _if_there(self, path: str, request: Callable[[], Answer]) -> Answer | None:
        def asked() -> Answer | None:
            try:
                return request()
            except FileNotFoundError:
                return None

        return self._asked(path, "read", asked)

    def _asked(self, path: str, done: str, request: Callable[[], Answer]) -> Answer:
        if path:
            checked(self.root, path)

        def once() -> Answer:
            with sorted_out():
                return request()

        with self._refusals(path, done):
            return repeated_until_answered(once, self._repeat)

    def _repeat(self) -> None:
        self.repeated += 1

    @contextmanager
    def _refusals(self, path: str, done: str) -> Iterator[None]:
        location = f"{self.root}/{path}" if path else self.root
        try:
            yield
        except PassingError as error:
            raise ResourceError(
                f"{location} cannot be {done}: {error}",
                remedy="run again once the object store answers; "
                "check aws_endpoint_url in S3_STORAGE_OPTIONS if it never does",
            ) from None
        except FileNotFoundError:
            raise _never(location, done, "there is no such bucket") from None
        except OSError as error:  # of the local file
            raise told(error, location, done) from error
        except BaseError as error:
            raise _never(location, done, reason_of(error)) from None


def _opened(bucket: str, prefix: str, config: Any, retries: Any) -> S3Store:
    try:
        return S3Store(bucket, prefix=prefix or None, config=config, retry_config=retries)
    except UnknownConfigurationKeyError as error:
        unknown = str(error).partition("'")[2].partition("'")[0]
        known = ["aws_access_key_id", "aws_secret_access_key", "aws_region", "aws_endpoint_url"]
        raise UsageError(
            f"S3_STORAGE_OPTIONS.{unknown} is not known{did_you_mean(unknown, known)}",
            remedy=f"take some of {', '.join(known)}, …",
        ) from None
    except BaseError as error:
        raise UsageError(
            f"S3_STORAGE_OPTIONS: {reason_of(error)}", remedy="correct them, or leave them out"
        ) from None


def object_store_options(given: Mapping[str, str]) -> dict[str, Any]:
    """Give the options that object stores take, of those that polars takes."""
    completed = _completed(given).items()
    return {name: each for name, each in completed if not _OF_POLARS.fullmatch(name.lower())}


def _completed(given: Mapping[str, str]) -> dict[str, str]:
    options = {str(name): str(value) for name, value in given.items()}
    for name, each in options.items():
        if name.lower() in _ENDPOINTS and "://" not in each:
            # The source takes host:port, and so does this; object stores end in a panic over it.
            options[name] = f"{'http' if _is_on(options, 'allow_http') else 'https'}://{each}"
    return options


def _is_on(options: Mapping[str, str], name: str) -> bool:
    found = [each for key, each in options.items() if key.lower().removeprefix("aws_") == name]
    return any(each.lower() in {"true", "1", "yes", "on"} for each in found)


def _never(location: str, done: str, reason: str) -> ResourceError:
    return ResourceError(
        f"{location} cannot be {done}: {reason}",
        remedy="check the bucket, and aws_access_key_id, aws_secret_access_key, aws_region and "
        "aws_endpoint_url in S3_STORAGE_OPTIONS, or the AWS_… environment variables",
    )
