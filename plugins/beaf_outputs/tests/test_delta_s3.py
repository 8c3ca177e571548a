"""Is a Delta table on S3 as safe as one in a folder, on servers that fail?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from tests.delta_tables import MONDAY, TUESDAY, bars, read, target_at, write
from tests.s3 import READER_KEY, READER_SECRET, S3Server
from tests.s3_faults import Faults

from beaf_core import ResourceError, Target, UsageError
from beaf_core.testing import check_output
from beaf_outputs import delta


@pytest.fixture
def root(bucket: str, request: pytest.FixtureRequest) -> str:
    return f"{bucket}/{request.node.name.partition('[')[0]}"


@pytest.fixture
def target(s3: S3Server, root: str) -> Target:
    return target_at(root, storage_options=s3.storage_options())


def test_the_output_keeps_its_contract_on_s3(s3: S3Server, root: str) -> None:
    options = s3.storage_options()
    check_output("delta", f"{root}/one", storage_options=options)
    check_output(
        "delta",
        f"{root}/two",
        {"delta_timestamps": "int64"},
        partition_columns=["MIC", "Date"],
        storage_options=options,
    )


def test_what_is_on_s3_is_read_by_polars_alone_and_describes_itself(target: Target) -> None:
    receipts = [write(bars(), target), write(bars(2), target, TUESDAY)]
    location = target.location(MONDAY)
    rows = pl.scan_delta(location, storage_options=dict(target.storage_options)).collect()
    assert rows.height == 6
    assert set(rows["PartitionKey"]) == {MONDAY.key, TUESDAY.key}
    found = delta.describe(location, target.storage_options)
    assert found is not None
    assert sorted(found.receipts, key=lambda each: each.partition) == receipts
    assert "secret" not in repr(found)


def test_a_folder_on_s3_with_strange_files_is_refused(target: Target, s3: S3Server) -> None:
    key = target.location(MONDAY).removeprefix("s3://")
    with s3.filesystem().open_output_stream(f"{key}/notes.txt") as stream:
        stream.write(b"mine")
    with pytest.raises(UsageError, match="a folder with files that BEAF has not written"):
        delta.find_receipt(target, MONDAY)


def below(target: Target) -> str:
    return target.path_template.partition("/{")[0]


def failing_at(
    target: Target, s3: S3Server, faults: Faults, names: list[str], positions: Sequence[int] = ()
) -> int:
    """Write once for each request of a write, or for some, and let it fail; the number of all."""
    failing = target_at(below(target), storage_options=faults.options(s3))
    for scale in (1, 2):
        faults.seen.clear()
        write(bars(scale), failing)
    count = len(faults.seen)
    for position in positions or range(count):
        fault = names[position % len(names)]
        faults.answers[:] = [""] * position + [fault]
        write(bars(3 + position), failing)
        faults.answers[:] = []
        assert read(target).equals(bars(3 + position)), f"{fault} at request {position}"
        assert delta.find_receipt(target, MONDAY) is not None
    whole = pl.scan_delta(target.location(MONDAY), storage_options=s3.storage_options())
    assert whole.collect().height == 3
    return count


def test_a_server_that_fails_now_and_then_is_asked_again(
    target: Target, s3: S3Server, faults: Faults
) -> None:
    names = ["503", "500", "429", "lost", "reset"]
    assert failing_at(target, s3, faults, names, positions=(0, 7, 16)) > 16


def test_a_commit_whose_answer_is_lost_is_not_made_twice(
    target: Target, s3: S3Server, faults: Faults
) -> None:
    failing = target_at(below(target), storage_options=faults.options(s3))
    write(bars(1), failing)
    faults.seen.clear()
    write(bars(2), failing)
    (commit,) = (
        at
        for at, each in enumerate(faults.seen)
        if each.startswith("PUT") and "_delta_log/0" in each
    )
    faults.answers[:] = [""] * commit + ["lost"]
    receipt = write(bars(3), failing)
    assert delta.find_receipt(target, MONDAY) == receipt
    assert read(target).equals(bars(3))
    table = DeltaTable(target.location(MONDAY), storage_options=s3.storage_options())
    assert table.version() == 2


@pytest.mark.soak
@pytest.mark.parametrize("fault", ["500", "503", "429", "reset", "lost", "cut"])
def test_a_server_that_fails_in_one_way_at_any_request_is_asked_again(
    target: Target, s3: S3Server, faults: Faults, fault: str
) -> None:
    assert failing_at(target, s3, faults, [fault]) > 10


def test_repeated_requests_are_counted_in_one_note(
    target: Target, s3: S3Server, faults: Faults
) -> None:
    failing = target_at(below(target), storage_options=faults.options(s3))
    write(bars(1), failing)
    faults.seen.clear()
    write(bars(2), failing)
    first_put = next(at for at, each in enumerate(faults.seen) if each.startswith("PUT"))
    told = []
    for later in range(4, 9):  # the log has grown, so that its requests are a few more
        faults.answers[:] = [""] * (first_put + later) + ["503"]
        told.append(write(bars(3), failing).notes.get("requests to the object store were repeated"))
    assert 1 in told
    assert set(told) <= {None, 1}  # what deltalake has repeated itself is not counted


def test_a_server_that_refuses_says_why_without_secrets(target: Target, s3: S3Server) -> None:
    write(bars(1), target)
    reader = target_at(
        below(target),
        storage_options=s3.storage_options(READER_KEY, READER_SECRET),
    )
    assert read(reader).equals(bars(1))
    with pytest.raises(ResourceError, match="403") as error:
        write(bars(2), reader)
    wrong = target_at(
        below(target),
        storage_options=s3.storage_options("WRONGKEY", "wrong-secret-0001"),
    )
    with pytest.raises(ResourceError, match=r"InvalidAccessKeyId|403") as other:
        delta.find_receipt(wrong, MONDAY)
    for text in (str(error.value), str(other.value)):
        assert "secret-0001" not in text
        assert READER_SECRET not in text
    assert read(target).equals(bars(1))


def test_a_server_that_cannot_be_reached_is_told_within_a_minute(s3: S3Server) -> None:
    nowhere = s3.storage_options() | {"aws_endpoint_url": "http://127.0.0.1:9"}
    with pytest.raises(ResourceError, match="cannot be reached"):
        delta.find_receipt(target_at("s3://outputs/x", storage_options=nowhere), MONDAY)


CHILD = """
import json, sys
from tests.delta_tables import bars, target_at, write, MONDAY, TUESDAY
root, options, scale = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
target = target_at(root, storage_options=options)
for each in range(3):
    write(bars(scale), target, MONDAY)
    write(bars(scale), target, TUESDAY)
"""


def test_writers_on_s3_do_not_lose_each_others_commits(target: Target, s3: S3Server) -> None:
    root = below(target)
    options = json.dumps(s3.storage_options())
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, root, options, str(scale)],
            cwd=Path(__file__).resolve().parents[3],
        )
        for scale in (1, 2)
    ]
    assert [each.wait(120) for each in processes] == [0, 0]
    for partition in (MONDAY, TUESDAY):
        rows = read(target, partition)
        assert rows.equals(bars(rows["Close"][0]))
        assert delta.find_receipt(target, partition) is not None
    whole = pl.scan_delta(target.location(MONDAY), storage_options=s3.storage_options())
    assert whole.collect().height == 6


def test_vacuum_on_s3_leaves_receipts_and_removes_what_is_old(target: Target) -> None:
    first = write(bars(1), target)
    receipt = write(bars(2), target)
    location = target.location(MONDAY)
    dry = delta.vacuum(location, target.storage_options, keep_hours=0)
    assert dry is not None
    assert len(dry.removed) == 1
    assert dry.removed_bytes > 0
    assert not dry.applied
    done = delta.vacuum(location, target.storage_options, keep_hours=0, apply=True)
    assert done is not None
    assert done.removed == dry.removed
    assert delta.find_receipt(target, MONDAY) == receipt
    assert first.rows == receipt.rows
    assert read(target).equals(bars(2))
