"""Does a store keep files whole, in a folder and on S3, whatever their names and the weather?"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.s3 import READER_KEY, READER_SECRET, S3Server
from tests.s3_faults import Faults

from beaf_core import ResourceError, UsageError
from beaf_outputs.stores import Store, open_store
from beaf_outputs.stores.scratch import scratch_folder


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(f"{tmp_path}/some root", {})
    server: S3Server = request.getfixturevalue("s3")
    bucket: str = request.getfixturevalue("bucket")
    return open_store(f"{bucket}/{tmp_path.name}", server.storage_options())


NAMES = [
    "plain",
    "with space/and 'quote'; \"two\".txt",
    "MIC=a%2Fb/Date=2026-02-01/part.parquet",
    "a%252Fb",
    "ünï/çødé",
    "question?mark#hash~tilde&and+plus",
    "[brackets]*{braces}",
    ".hidden/.file",
    "x" * 200,
]


def test_what_is_written_is_read_and_listed_under_its_name_whatever_it_is(store: Store) -> None:
    for name in NAMES:
        assert store.read(name) is None
        store.write(name, name.encode())
    for name in NAMES:
        assert store.read(name) == name.encode()
    assert store.names("") == sorted(NAMES)
    assert store.names(".hidden") == [".hidden/.file"]
    assert store.names("nowhere") == []
    assert {each.path: each.bytes for each in store.files("")} == {
        name: len(name.encode()) for name in NAMES
    }
    assert all(abs(each.modified - time.time()) < 60 for each in store.files(""))


def test_a_second_write_replaces_the_first(store: Store) -> None:
    store.write("a/b", b"first")
    store.write("a/b", b"second")
    assert store.read("a/b") == b"second"
    assert store.names("") == ["a/b"]


def test_the_end_of_a_file_is_read_alone(store: Store) -> None:
    store.write("a", b"0123456789")
    assert store.read_end("a", 4) == b"6789"
    assert store.read_end("a", 100) == b"0123456789"
    assert store.read_end("b", 4) is None


def test_a_move_replaces_and_leaves_nothing_behind(store: Store) -> None:
    store.write("old/x", b"new")
    store.write("final/x", b"old")
    assert store.move("old/x", "final/x") is True
    assert store.read("final/x") == b"new"
    assert store.names("") == ["final/x"]
    assert store.move("old/x", "final/x") is False
    assert store.read("final/x") == b"new"


def test_removing_twice_is_fine(store: Store) -> None:
    store.write("a", b"1")
    store.remove("a")
    store.remove("a")
    assert store.names("") == []


def test_a_file_is_staged_unseen_and_put_into_place(store: Store) -> None:
    with store.staging("deep/er/file") as staged:
        staged.write_bytes(b"made")
        assert [each for each in store.names("") if not each.endswith(".staged")] == []
        store.put(staged, "deep/er/file")
    assert store.read("deep/er/file") == b"made"
    assert store.names("") == ["deep/er/file"]
    assert not staged.exists()


def test_a_file_that_is_given_up_leaves_nothing(store: Store) -> None:
    def give_up() -> None:
        with store.staging("file") as staged:
            staged.write_bytes(b"half")
            raise RuntimeError(staged)

    with pytest.raises(RuntimeError) as caught:
        give_up()
    assert not caught.value.args[0].exists()
    assert store.names("") == []


def test_a_file_is_created_once(store: Store) -> None:
    assert store.create("log/1", b"first") is True
    assert store.create("log/1", b"second") is False
    assert store.read("log/1") == b"first"
    assert store.names("") == ["log/1"]


def test_a_folder_is_filled_at_once(store: Store) -> None:
    with store.filling("some/folder") as folder:
        for name in ("1", "2"):
            (folder / name).write_text(name)
    assert store.names("") == ["some/folder/1", "some/folder/2"]
    assert store.each(store.read, store.names("some")) == [b"1", b"2"]


def test_a_folder_that_is_given_up_is_empty(store: Store) -> None:
    def give_up() -> None:
        with store.filling("some/folder") as folder:
            (folder / "1").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert store.names("") == []


def test_what_was_staged_for_a_file_before_a_time_is_swept_and_no_more(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), {})
    for name in ("a", "x" * 220, "y" * 220):
        for age in (1, 100):
            staged = store.staging(name).__enter__()  # as one who is killed leaves it
            staged.write_bytes(b"half")
            os.utime(staged, (age, age))
    store.sweep("a", 50)
    assert len(store.names("")) == 5
    store.sweep("x" * 220, 200)
    assert len(store.names("")) == 3


def test_folders_that_are_left_empty_vanish_while_others_fill_them(tmp_path: Path) -> None:
    store = open_store(str(tmp_path), {})
    for number in range(20):
        store.write(f"staged/{number}", b"1")

    def to_and_fro(number: int) -> bool:
        for _ in range(50):
            assert store.move(f"staged/{number}", f"deep/er/{number}")
            assert store.move(f"deep/er/{number}", f"staged/{number}")
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(to_and_fro, range(20)))
    assert len(store.names("")) == 20


def test_a_large_file_is_whole(store: Store) -> None:
    content = os.urandom(40 * 2**20)
    with store.staging("large") as staged:
        staged.write_bytes(content)
        store.put(staged, "large")
    assert store.read("large") == content


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", "/etc/x", "a//b", ".", "a/./b", "a\nb", "\0"]
)
def test_a_path_that_leaves_the_root_is_refused(store: Store, path: str) -> None:
    for ask in (store.read, store.remove, lambda p: store.write(p, b"x")):
        with pytest.raises(UsageError, match="cannot be the name"):
            ask(path)
    with pytest.raises(UsageError):
        store.move("a", path)
    with pytest.raises(UsageError), store.staging(path):
        pass


def test_other_places_and_unknown_options_are_refused() -> None:
    with pytest.raises(UsageError, match="neither a folder nor on S3"):
        open_store("gs://bucket/x", {})
    with pytest.raises(UsageError, match="names no bucket"):
        open_store("s3://", {})
    with pytest.raises(UsageError, match=r"aws_acces_key_id.*aws_access_key_id"):
        open_store("s3://b", {"aws_acces_key_id": "x"})


def test_options_of_polars_alone_and_a_bare_endpoint_are_taken(s3: S3Server, bucket: str) -> None:
    options = {**s3.storage_options(), "max_retries": "2", "file_cache_ttl": "3"}
    options["aws_endpoint_url"] = f"127.0.0.1:{s3.port}"
    open_store(f"{bucket}/bare", options).write("a", b"1")
    assert open_store(bucket, s3.storage_options()).read("bare/a") == b"1"


def test_a_name_that_is_too_long_for_the_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="longer than the disk allows"):
        open_store(str(tmp_path), {}).write("ü" * 200, b"x")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("file", "file/below", "dangling", "dangling/below"):
        with pytest.raises(ResourceError, match="cannot be written"):
            open_store(f"{tmp_path}/{name}", {}).write("a", b"x")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="this machine has no /proc")
def test_a_folder_that_the_file_system_does_not_take_is_told() -> None:
    with pytest.raises(ResourceError, match="/proc/no/such"):
        open_store("/proc/no/such", {}).write("file", b"1")


@pytest.mark.parametrize("fault", ["500", "503", "429", "reset"])
def test_a_server_that_is_busy_is_asked_again(
    s3: S3Server, bucket: str, faults: Faults, fault: str
) -> None:
    store = open_store(f"{bucket}/busy{fault}", faults.options(s3))
    faults.answers[:] = [fault]
    store.write("a", b"1")
    assert store.repeated == 1
    assert store.read("a") == b"1"


def test_any_request_whose_answer_is_lost_is_repeated_and_counted(
    s3: S3Server, bucket: str, faults: Faults
) -> None:
    store = open_store(f"{bucket}/again", faults.options(s3))
    actions = [
        lambda: store.write("a", b"1"),
        lambda: store.names(""),
        lambda: store.read("a"),
        lambda: store.move("a", "b"),
        lambda: store.remove("c"),
    ]
    for action in actions:
        faults.answers[:] = ["lost"]
        action()
    assert store.repeated == len(actions)
    assert store.read("b") == b"1"


def test_an_answer_that_breaks_off_is_asked_for_again(
    s3: S3Server, bucket: str, faults: Faults
) -> None:
    store = open_store(f"{bucket}/cut", faults.options(s3))
    store.write("a", b"0123456789")
    faults.answers[:] = ["cut"]
    assert store.read("a") == b"0123456789"
    assert store.repeated == 1


def test_parts_of_a_large_file_are_repeated_one_by_one(
    s3: S3Server, bucket: str, faults: Faults, tmp_path: Path
) -> None:
    store = open_store(f"{bucket}/parts", faults.options(s3))
    content = os.urandom(40 * 2**20)
    with store.staging("large") as staged:
        staged.write_bytes(content)
        faults.answers[:] = ["503", "", "503", "reset", "500"]
        store.put(staged, "large")
    assert store.read("large") == content
    assert len([each for each in faults.seen if "partNumber" in each]) <= 3 + 4


def test_a_server_that_never_recovers_is_told_in_words_after_a_while(
    s3: S3Server, bucket: str, faults: Faults
) -> None:
    store = open_store(f"{bucket}/never", faults.options(s3))
    faults.answers[:] = ["503"] * 100
    began = time.monotonic()
    with pytest.raises(ResourceError, match="503 Service Unavailable") as caught:
        store.write("a", b"1")
    assert time.monotonic() - began < 60
    assert store.repeated == 5
    assert "again" in str(caught.value.remedy)
    assert caught.value.__cause__ is None


def test_a_refusal_is_told_at_once_without_any_secret(s3: S3Server, bucket: str) -> None:
    wrong = s3.storage_options(secret_key="wrong-secret-of-mine")
    reader = s3.storage_options(READER_KEY, READER_SECRET)
    for options in (wrong, reader):
        store = open_store(f"{bucket}/refused", options)
        with pytest.raises(ResourceError) as caught:
            store.write("a", b"1")
        assert store.repeated == 0
        assert "403" in str(caught.value)
        assert f"{bucket}/refused/a" in str(caught.value)
        for secret in ("wrong-secret-of-mine", READER_SECRET, READER_KEY):
            assert secret not in str(caught.value)
        with pytest.raises(ResourceError):
            store.remove("a")


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beaf_outputs.stores.retries.ATTEMPTS", 2)
    options = {
        "aws_access_key_id": "k", "aws_secret_access_key": "hidden-word", "aws_region": "x",
        "aws_endpoint_url": "http://127.0.0.1:9", "aws_allow_http": "true",
    }  # fmt: skip
    with pytest.raises(ResourceError, match="cannot be reached") as caught:
        open_store("s3://bucket/x", options).read("a")
    assert "hidden-word" not in str(caught.value)


def test_what_killed_processes_staged_for_s3_is_swept_and_what_lives_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left = tmp_path / "beaf-staged-dead"
    left.mkdir()
    (left / "half").write_bytes(b"x")
    with scratch_folder() as living:
        for each in (left, living):
            os.utime(each, (1, 1))
        with scratch_folder() as other:
            assert living.exists()
            assert not left.exists()
        assert not other.exists()
    assert list(tmp_path.iterdir()) == []
