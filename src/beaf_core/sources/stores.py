"""What lies under a root, a folder or an S3 prefix, and what do the footers there say?

Paths are relative to the root, with `/`. Nothing here reads a row.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileType, LocalFileSystem

from beaf_core import DataInvalidError, DataMissingError, ResourceError
from beaf_core.sources.s3 import S3_SCHEME, open_s3, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# A footer on S3 is two round trips and no work: 32 at once hide the latency of 37 venues.
THREADS = 32
#: What stands behind the footer of a parquet file: its length, and `PAR1`.
_TAIL = 8


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One parquet file and its footer.

    Attributes:
        path: below the root.
        location: for people and for polars: a path, or `s3://…`.
        bytes: its size.
        version: what changes when the content does.
        footer: pyarrow's FileMetaData.
        columns: pyarrow's Schema of it; kept, since deriving it takes as long as the rest.
    """

    path: str
    location: str
    bytes: int
    version: str
    footer: Any
    columns: Any


@dataclass(frozen=True, slots=True)
class Store:
    """A root and the file system that it lies on.

    Attributes:
        root: as configured, without a slash at its end.
        base: the root, as the file system spells it.
        filesystem: pyarrow's.
        scan_options: what polars needs to read there; None for a folder.
    """

    root: str
    base: str
    filesystem: Any
    scan_options: dict[str, str] | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def location(self, path: str) -> str:
        """Spell a path for people and for polars."""
        return f"{self.root}/{path}" if path else self.root or "/"

    def check_root(self) -> None:
        """Raise DataMissingError if nothing is there at all."""
        with self._refusals(""):
            found = self.filesystem.get_file_info(self.base or "/")
        if found.type is FileType.NotFound:
            raise DataMissingError(
                f"the source's root {self.location('')} does not exist",
                remedy="set SOURCE.root to the folder or s3://bucket/prefix that holds the tables",
            )
        if found.type is FileType.File:
            raise DataMissingError(
                f"the source's root {self.location('')} is a file",
                remedy="set SOURCE.root to the folder that holds the tables",
            )

    def names_in(self, folder: str) -> list[str]:
        """List the names in a folder, sorted; none if there is no such folder."""
        with self._refusals(folder):
            try:
                found = self.filesystem.get_file_info(FileSelector(self._inside(folder)))
            except (FileNotFoundError, NotADirectoryError):
                return []
            except OSError as error:
                if "NO_SUCH_BUCKET" in str(error):
                    return []
                raise
        return sorted(each.base_name for each in found)

    def first_files(self, alternatives: Iterable[Iterable[str]]) -> list[FoundFile | None]:
        """Open the first path that exists of each list of paths; None where none does."""
        choices = [tuple(paths) for paths in alternatives]
        if len(choices) < 2:
            return [self._first_file(paths) for paths in choices]
        with ThreadPoolExecutor(min(THREADS, len(choices))) as pool:
            return list(pool.map(self._first_file, choices))

    def _first_file(self, paths: Iterable[str]) -> FoundFile | None:
        return next(filter(None, map(self._file, paths)), None)

    def _file(self, path: str) -> FoundFile | None:
        with self._refusals(path):
            try:
                stream = self.filesystem.open_input_file(self._inside(path))
            except (FileNotFoundError, NotADirectoryError):
                return None
            with stream:
                footer = pq.read_metadata(stream)
                size = stream.size()
                return FoundFile(
                    path=path,
                    location=self.location(path),
                    bytes=size,
                    version=self._version(path, stream, size - footer.serialized_size - _TAIL),
                    footer=footer,
                    columns=footer.schema.to_arrow_schema(),
                )

    def _version(self, path: str, stream: Any, footer_at: int) -> str:
        etag: str = stream.metadata().get("ETag", b"").decode().strip('"')
        if etag:
            return etag
        # A copy may keep the time of what it was made of (`cp -p`), and a clock may be coarse. The
        # footer tells of sizes and of least and greatest values: 0.05 ms, of a file of 180 MB.
        stream.seek(footer_at)
        footer = hashlib.sha256(stream.read()).hexdigest()[:16]
        return f"{self.filesystem.get_file_info(self._inside(path)).mtime_ns} {footer}"

    def _inside(self, path: str) -> str:
        return f"{self.base}/{path}" if path else self.base

    @contextmanager
    def _refusals(self, path: str) -> Iterator[None]:
        """Turn what pyarrow raises into errors that say whose turn it is."""
        location = self.location(path)
        try:
            yield
        except PermissionError:
            raise ResourceError(
                f"no permission to read {location}",
                remedy="give this user read access to the file and its folders",
            ) from None
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise _unreadable(location, self._harmless(error)) from None
        except OSError as error:
            raise self._os_error(location, error) from None

    def _os_error(self, location: str, error: OSError) -> Exception:
        reason = self._harmless(error)
        if "is a directory" in reason or "Not a regular file" in reason:
            return _unreadable(location, "it is a folder")
        if "AWS Error" in reason:
            return _refused(location, reason)
        if error.errno is not None:
            return ResourceError(
                f"{location} cannot be read: {os.strerror(error.errno)}",
                remedy="check the disk or the mount",
            )
        # pyarrow reports a damaged footer as an OSError without a number.
        return _unreadable(location, reason)

    def scan_error(self, location: str, error: Exception) -> Exception:
        """Say what it means that polars cannot scan a file whose footer pyarrow could read."""
        reason = self._harmless(error)
        # Both look at the same bytes, so on an object store it is the way there that differs.
        return (
            _unreadable(location, reason)
            if not self.root.startswith(S3_SCHEME)
            else _refused(location, reason)
        )

    def _harmless(self, error: BaseException) -> str:
        text = " ".join(str(error).split())
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def open_store(root: str, storage_options: Mapping[str, str]) -> Store:
    """Open the root of a source. Credentials come from the options, else the environment."""
    trimmed = root.rstrip("/")
    if not trimmed.startswith(S3_SCHEME):
        return Store(root=trimmed, base=trimmed, filesystem=LocalFileSystem())
    filesystem, scan_options = open_s3(storage_options)
    return Store(
        root=trimmed,
        base=trimmed.removeprefix(S3_SCHEME),
        filesystem=filesystem,
        scan_options=scan_options,
        secrets=secrets_of(storage_options),
    )


def _refused(location: str, reason: str) -> ResourceError:
    return ResourceError(
        f"the object store refuses {location}: {reason}",
        remedy="check aws_access_key_id, aws_secret_access_key, aws_region and "
        "aws_endpoint_url in S3_STORAGE_OPTIONS, or the AWS_… environment variables",
    )


def _unreadable(location: str, reason: str) -> DataInvalidError:
    return DataInvalidError(
        f"{location} is not a readable parquet file: {reason}",
        remedy="deliver the file again; copy under another name first, and rename at the end",
    )
