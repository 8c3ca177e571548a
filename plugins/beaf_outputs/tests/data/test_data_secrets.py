"""Is what a person types as the URL of a database repeated without what is secret in it?"""

from __future__ import annotations

import pytest
from tests.cli.conftest import Beaf

from beaf_core import UsageError
from beaf_outputs.data.places import shown_location
from beaf_outputs.sql.drivers import open_driver
from beaf_outputs.sql.urls import masked


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("postgresql://me:hunter2@host/bars#t", "postgresql://host/bars#t"),
        ("postgresql://me:hu#nter2@host/bars#t", "postgresql://host/bars#t"),
        ("postgresql://me:hu/nter2@host/bars", "postgresql://host/bars"),
        ("postgresql://me:hu?nter2@host/bars", "postgresql://host/bars"),
        ("postgresql://me:h@nter2@host/bars", "postgresql://host/bars"),
        ("postgresql://host/bars?user=me&password=hunter2#t", "postgresql://host/bars#t"),
        ("duckdb:////home/me@here/bars.db", "duckdb:////home/me@here/bars.db"),
        ("s3://bucket/a?b@c", "s3://bucket/a?b@c"),
        ("data/a?b@c", "data/a?b@c"),
    ],
)
def test_a_location_is_shown_without_user_password_and_options(typed: str, shown: str) -> None:
    assert shown_location(typed) == shown


@pytest.mark.parametrize("secret", ["me:hu#nter2@", "me:nter2?x@"])
def test_what_is_no_url_is_refused_without_its_password(beaf: Beaf, secret: str) -> None:
    refused = beaf("data", "describe", f"postgresql://{secret}127.0.0.1:1/bars")
    assert refused.code != 0
    assert "nter2" not in refused.out + refused.err


def test_a_database_that_is_no_file_is_refused_without_its_token() -> None:
    with pytest.raises(UsageError, match="names no file") as refused:
        open_driver("duckdb:///md:bars?motherduck_token=hunter2")
    assert "hunter2" not in refused.value.message


@pytest.mark.parametrize(
    "option",
    ["password", "access_token", "client_secret", "private_key", "odbc_connect", "PWD"],
)
def test_secret_options_are_hidden_in_what_a_driver_says(option: str) -> None:
    url = f"mssql://host/bars?{option}=hunter2&timeout=10"
    assert masked("no hunter2 after 10 s", url) == "no *** after 10 s"
