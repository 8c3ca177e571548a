"""Does the source read from S3 what it reads from a folder?"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from beaf_core import (
    DataInvalidError,
    DataMissingError,
    DayStatus,
    ResourceError,
    TableRequest,
    UsageError,
)
from beaf_core.sources.parquet import Config, read_table
from beaf_core.sources.s3 import open_s3, secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from beaf_core import TableRead

DAY = date(2026, 1, 2)
PATH = "trades/XLON/2026-01-02.parquet"


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.name)):x}"[:20]
    return str(s3.create_bucket(name))


@pytest.fixture
def put(s3: Any, day_of_trades: Any) -> Callable[..., None]:
    def write(url: str, frame: pl.DataFrame | None = None) -> None:
        rows = day_of_trades() if frame is None else frame
        rows.write_parquet(url, storage_options=s3.storage_options())

    return write


def read(root: str, storage_options: dict[str, str], **asked: Any) -> TableRead:
    table, day = asked.pop("table", "trades"), asked.pop("day", DAY)
    request = TableRequest(table, day, storage_options=storage_options, **asked)
    return read_table(request, Config(root=root))


@pytest.mark.parametrize("prefix", ["", "/lake/a [1] b"])
def test_tables_are_read_from_a_bucket_or_a_prefix(
    s3: Any, bucket: str, put: Any, day_of_trades: Any, prefix: str
) -> None:
    root, options = bucket + prefix, s3.storage_options()
    put(f"{root}/{PATH}")
    put(f"{root}/trades-plus/XPAR/2026-01-02.parquet", day_of_trades("XPAR", (3,)))
    found = read(root, options, columns=("ListingId", "Price"), listings=(2, 3))
    assert found.status is DayStatus.READY
    assert found.frame is not None
    expected = pl.concat([day_of_trades(), day_of_trades("XPAR", (3,))])
    expected = expected.filter(pl.col("ListingId") > 1).select("ListingId", "Price")
    assert_frame_equal(found.frame.collect(), expected)
    assert [part.location for part in found.parts] == [
        f"{root}/{PATH}",
        f"{root}/trades-plus/XPAR/2026-01-02.parquet",
    ]
    assert [part.listings for part in found.parts] == [(1, 2), (3, 3)]
    assert [part.rows for part in found.parts] == [10, 5]


def test_the_version_is_the_etag(s3: Any, bucket: str, put: Any, day_of_trades: Any) -> None:
    put(f"{bucket}/{PATH}")
    first = read(bucket, s3.storage_options()).parts[0].version
    assert first is not None
    assert len(first) >= 32
    assert read(bucket, s3.storage_options()).parts[0].version == first
    put(f"{bucket}/{PATH}", day_of_trades(per_listing=6))
    assert read(bucket, s3.storage_options()).parts[0].version != first


def test_absence_is_told_as_in_a_folder(s3: Any, bucket: str, put: Any) -> None:
    put(f"{bucket}/{PATH}")
    partly = read(bucket, s3.storage_options(), mics=("XLON", "XPAR"))
    assert partly.status is DayStatus.MISSING
    assert len(partly.parts) == 1
    assert partly.absent == (
        f"{bucket}/trades/XPAR/2026-01-02.parquet",
        f"{bucket}/trades-plus/XPAR/2026-01-02.parquet",
    )
    nothing = read(bucket, s3.storage_options(), day=date(2026, 1, 3))
    assert (nothing.status, nothing.frame) == (DayStatus.CLOSED, None)
    assert read(bucket, s3.storage_options(), table="l3").absent == (
        f"{bucket}/l3/*/2026-01-02.parquet",
    )


@pytest.mark.parametrize("mics", [(), ("XLON",)])
@pytest.mark.parametrize("root", ["s3://no-such-bucket/lake", "s3://no-such-bucket"])
def test_a_bucket_that_does_not_exist_is_an_error(s3: Any, root: str, mics: Any) -> None:
    with pytest.raises(DataMissingError, match=f"{root} does not exist"):
        read(root, s3.storage_options(), mics=mics)


def test_a_prefix_that_does_not_exist_is_an_error(s3: Any, bucket: str, put: Any) -> None:
    put(f"{bucket}/{PATH}")
    with pytest.raises(DataMissingError, match="nowhere does not exist"):
        read(f"{bucket}/nowhere", s3.storage_options())


def test_a_damaged_object_is_named(s3: Any, bucket: str) -> None:
    with s3.filesystem().open_output_stream(f"{bucket[5:]}/{PATH}") as stream:
        stream.write(b"not parquet at all")
    with pytest.raises(DataInvalidError, match=f"{bucket}/{PATH} is not a readable parquet"):
        read(bucket, s3.storage_options())


@pytest.mark.parametrize("mics", [(), ("XLON",)])
def test_wrong_credentials_are_refused_and_never_shown(
    s3: Any, s3_tools: Any, bucket: str, put: Any, mics: Any
) -> None:
    put(f"{bucket}/{PATH}")
    for access, secret in (("WRONGKEYID01", "wrong-secret"), (s3_tools.ACCESS_KEY, "bad-secret")):
        with pytest.raises(ResourceError) as caught:
            read(bucket, s3.storage_options(access, secret), mics=mics)
        assert "S3_STORAGE_OPTIONS" in str(caught.value)
        assert access not in str(caught.value)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_a_reader_without_write_access_is_enough(
    s3: Any, s3_tools: Any, bucket: str, put: Any
) -> None:
    put(f"{bucket}/{PATH}")
    found = read(bucket, s3.storage_options(s3_tools.READER_KEY, s3_tools.READER_SECRET))
    assert found.frame is not None
    assert found.frame.collect().height == 10


def test_credentials_may_come_from_the_environment(
    s3: Any, bucket: str, put: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(f"{bucket}/{PATH}")
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ALLOW_HTTP")  # http:// has said it already
    found = read(bucket, {})
    assert found.frame is not None
    assert found.frame.collect().height == 10


def test_short_option_names_work_too(s3: Any, bucket: str, put: Any) -> None:
    put(f"{bucket}/{PATH}")
    short = {name.removeprefix("aws_"): value for name, value in s3.storage_options().items()}
    found = read(bucket, short)
    assert found.frame is not None
    assert found.frame.collect().height == 10


def test_an_endpoint_without_a_scheme_is_http_where_that_is_allowed(
    s3: Any, bucket: str, put: Any
) -> None:
    put(f"{bucket}/{PATH}")
    options = {**s3.storage_options(), "aws_endpoint_url": f"127.0.0.1:{s3.port}"}
    request = TableRequest("trades", DAY, storage_options=options)
    found = read_table(request, Config(root=bucket))
    assert found.frame is not None
    assert found.frame.collect().height == 10


@pytest.mark.parametrize("half", ["aws_access_key_id", "aws_secret_access_key"])
def test_half_a_key_pair_is_an_error_without_the_key(s3: Any, half: str) -> None:
    options = {"aws_endpoint_url": s3.endpoint, half: "half-a-secret"}
    with pytest.raises(UsageError, match="both or neither") as caught:
        read("s3://bucket", options)
    assert "half-a-secret" not in str(caught.value)


def test_options_for_public_and_virtual_hosted_buckets_are_understood(s3: Any) -> None:
    options = {**s3.storage_options(), "aws_skip_signature": "true"}
    assert open_s3(options)[0].region == "us-east-1"
    hosted = {**s3.storage_options(), "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true"}
    assert open_s3(hosted)[1] == hosted


def test_an_unreachable_endpoint_fails_soon(s3: Any) -> None:
    options = {**s3.storage_options(), "aws_endpoint_url": "http://127.0.0.1:1"}
    began = time.monotonic()
    with pytest.raises(ResourceError, match="object store refuses"):
        read("s3://bucket", options, mics=("XLON",))
    assert time.monotonic() - began < 30


def test_secrets_are_known_wherever_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from-the-environment")
    assert secrets_of({"AWS_ACCESS_KEY_ID": "id", "token": "session"}) == (
        "from-the-environment",
        "session",
        "id",
    )


def test_neither_boto3_nor_pandas_is_imported(s3: Any, bucket: str, put: Any) -> None:
    put(f"{bucket}/{PATH}")
    script = f"""
import sys
from datetime import date
from beaf_core import TableRequest
from beaf_core.sources.parquet import Config, read_table
request = TableRequest("trades", date(2026, 1, 2), storage_options={s3.storage_options()!r})
read = read_table(request, Config(root={bucket!r}))
assert read.frame.collect().height == 10 and read.parts[0].listings == (1, 2)
print(sorted({{"boto3", "botocore", "pandas"}} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
