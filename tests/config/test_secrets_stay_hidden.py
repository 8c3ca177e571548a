"""Are secrets used, and never shown?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk, TapeConfig

from beaf_core.config.errors import Place
from beaf_core.config.redact import redact, redact_line

SECRET = "hunter2-s3cr3t"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_PASSWORD", SECRET)
    monkeypatch.delenv("LAKE_UNSET", raising=False)


def test_a_reference_is_filled_in_where_it_is_used_and_nowhere_else(
    desk: Desk, one_pass: Any
) -> None:
    written = {"type": "tape", "root": "/lake", "password": "${env:LAKE_PASSWORD}"}
    loaded = desk.load(one_pass({"SOURCE": written}))
    assert SECRET not in str(loaded.tree.plain())
    options = desk.resolve(one_pass({"SOURCE": written})).source_options
    assert isinstance(options, TapeConfig)
    assert options.password == SECRET


def test_references_may_be_parts_of_a_text_and_several(
    desk: Desk, one_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_USER", "me")
    password = "${env:LAKE_USER}:${env:LAKE_PASSWORD}!"
    source = {"type": "tape", "root": "/lake", "password": password}
    options = desk.resolve(one_pass({"SOURCE": source})).source_options
    assert isinstance(options, TapeConfig)
    assert options.password == f"me:{SECRET}!"


def test_a_reference_gives_a_number_where_one_is_asked_for(
    desk: Desk, one_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_PORT", "5432")
    source = {"type": "tape", "root": "/lake", "port": "${env:LAKE_PORT}"}
    options = desk.resolve(one_pass({"SOURCE": source})).source_options
    assert isinstance(options, TapeConfig)
    assert options.port == 5432


def test_a_variable_that_is_not_set_is_told_with_what_to_do(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        SOURCE: {type: tape, root: /lake, port: "${env:LAKE_UNSET}"}
        PASSES: [{name: one, modules: [bars]}]
        """
    )
    assert text == (
        "p.yaml:1:41 SOURCE.port: the environment variable LAKE_UNSET is not set\n"
        '    SOURCE: {type: tape, root: /lake, port: "${env:LAKE_UNSET}"}\n'
        "                                            ^^^^^^^^^^^^^^^^^^^\n"
        "  → export LAKE_UNSET=…"
    )


@pytest.mark.parametrize("written", ["${env:lake-un set}", "${env:}", "${env:LAKE_UNSET"])
def test_an_odd_reference_is_not_taken_for_text(desk: Desk, one_pass: Any, written: str) -> None:
    assert "is not set" in str(desk.refused(one_pass({"UNIVERSE": written})))


@pytest.mark.parametrize(
    ("top", "words"),
    [
        ({"NUM_WORKERS": "${env:LAKE_PASSWORD}"}, "NUM_WORKERS: should be a valid integer, not"),
        ({"START_DATE": "${env:LAKE_PASSWORD}"}, "is not a date of the calendar"),
        ({"START_DATE": "2026-${env:LAKE_PASSWORD}"}, "is not a date of the calendar"),
        ({"LAUNCHER": "${env:LAKE_PASSWORD}"}, "no launcher is called"),
        ({"SOURCE": {"type": "${env:LAKE_PASSWORD}"}}, "no source is called"),
        ({"UNIVERSE": "a=${env:LAKE_PASSWORD},b"}, "a comma"),
        ({"OUTPUT_TARGET": {"compression": "${env:LAKE_PASSWORD}"}}, "should be 'zstd'"),
        ({"SCHEDULES": "${env:LAKE_PASSWORD}"}, "should be a list"),
    ],
)
def test_a_fault_shows_the_reference_and_not_its_value(
    desk: Desk, one_pass: Any, top: Any, words: str
) -> None:
    text = str(desk.refused(one_pass(top)))
    assert words in text
    assert "${env:LAKE_PASSWORD}" in text
    assert "hunter2" not in text
    assert "s3cr3t" not in text


def test_no_tail_of_a_secret_stays_where_it_begins_like_another(
    desk: Desk, one_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_BEGIN", SECRET[:7])
    text = str(
        desk.refused(
            one_pass({"DATASETNAME": "${env:LAKE_BEGIN}", "LAUNCHER": "${env:LAKE_PASSWORD}"})
        )
    )
    assert 'no launcher is called "${env:LAKE_PASSWORD}"' in text


def test_a_short_value_is_hidden_where_it_stands_and_garbles_nothing_else(
    desk: Desk, one_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_SHORT", "a")
    text = str(desk.refused(one_pass({"NUM_WORKERS": "${env:LAKE_SHORT}"})))
    assert "NUM_WORKERS: should be a valid integer, not '${env:LAKE_SHORT}'" in text


def test_a_secret_in_a_file_is_not_shown_beside_its_fault(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        SOURCE: {type: tape, root: /lake, passwrd: hunter2}
        OUTPUT_TARGET: {bucket: 5, prefix: "postgres://me:hunter2@host/db"}
        PASSES: [{name: one, modules: [bars]}]
        """
    )
    assert 'unknown key "passwrd" — did you mean "password"?' in text
    assert "bucket: should be text, not 5" in text
    assert "hunter2" not in text


def test_a_value_under_a_secret_name_is_not_quoted_in_its_fault(desk: Desk, one_pass: Any) -> None:
    text = str(desk.refused(one_pass({"SOURCE": {"type": "tape", "root": "/", "password": 77123}})))
    assert "SOURCE.password: should be text, not '***'" in text
    assert "77123" not in text


def test_stars_move_no_caret() -> None:
    line = "{password: hunter2, universe: [x}"
    snippet = Place("f", "/", 1, 31, 2, line).snippet()
    assert snippet == "    {password: **********************\n" + " " * 34 + "^^"
    assert len(redact_line(line)) == len(line)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"password": "x"}, {"password": "***"}),
        ({"aws_secret_access_key": "x", "aws_region": "eu"}, {
            "aws_secret_access_key": "***", "aws_region": "eu"}),
        ({"azure_storage_account_key": "x"}, {"azure_storage_account_key": "***"}),
        ({"session_token": 5}, {"session_token": "***"}),
        ({"credentials": {"user": "me", "parts": ["a", 1]}}, {
            "credentials": {"user": "***", "parts": ["***", "***"]}}),
        ({"passwords": ["a", "b"]}, {"passwords": ["***", "***"]}),
        ({"password": None, "use_token": True}, {"password": None, "use_token": True}),
        ({"password": "${env:P}"}, {"password": "${env:P}"}),
        ({"password": "${env:P}${env:Q}"}, {"password": "${env:P}${env:Q}"}),
        ({"password": "${env:P}hunter2"}, {"password": "***"}),
        ({"sort_keys": ["TimeBucket"], "io_manager_key": "k"}, {
            "sort_keys": ["TimeBucket"], "io_manager_key": "k"}),
        ("postgresql://me:hunter2@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:hun@ter2@host/db", "postgresql://me:***@host/db"),
        ("redis://:hunter2@host", "redis://:***@host"),
        ("postgresql://me:${env:P}@host/db", "postgresql://me:${env:P}@host/db"),
        ("mssql://host/db?user=me&password=hunter2&x=1", "mssql://host/db?user=me&password=***&x=1"),
        ("duckdb:///md:db?motherduck_token=hunter2", "duckdb:///md:db?motherduck_token=***"),
        ("pg://host/db?sslpassword=hunter2&x=1", "pg://host/db?sslpassword=***&x=1"),
        ("snow://host/db?private_key_passphrase=hunter2", "snow://host/db?private_key_passphrase=***"),
        ("mssql:///?odbc_connect=DRIVER%3DX%3BPWD%3Dhunter2", "mssql:///?odbc_connect=***"),
        ("Endpoint=blob;AccountKey=hunter2==;x=1", "Endpoint=blob;AccountKey=***;x=1"),
        ("Server=h;Uid=me;Pwd=hunter2;", "Server=h;Uid=me;Pwd=***;"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("mic=XLON", "mic=XLON"),
        (60, 60),
    ],
)  # fmt: skip
def test_a_configuration_is_shown_without_its_secrets(value: object, shown: object) -> None:
    assert redact(value) == shown
