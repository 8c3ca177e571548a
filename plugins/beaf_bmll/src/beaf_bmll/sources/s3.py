"""How are the vendor's files on S3 read? By the core's source for parquet, which knows where."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from beaf_bmll.sources.normal import normalised
from beaf_core import PluginHost, TableRead, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beaf_bmll.sources.config import Config
    from beaf_core import TableRequest

#: Where the vendor's buckets are.
REGION = "us-east-1"


def read(request: TableRequest, config: Config) -> TableRead:
    """Find a venue's file of a day; footers tell of rows, listings and versions.

    Raises:
        UsageError: nobody says where the files are.
        Whatever the source `parquet` raises.
    """
    options = {"root": config.root or _access_point(), "layout": "bmll"}
    wanted = replace(request, storage_options=_with_region(request.storage_options))
    found = read_parquet(wanted, options)
    if found.frame is None:
        return found
    return replace(found, frame=normalised(found.frame, request.table))


def read_parquet(request: TableRequest, options: Mapping[str, Any]) -> TableRead:
    """Ask the core's source for parquet."""
    host = PluginHost()
    model = host.config_model("source", "parquet")
    assert model is not None, "the core's own source has options"
    return host.read_table("parquet", request, model.model_validate(dict(options)))


def _access_point() -> str:
    try:
        # Guess: a private name, which the predecessor used; SOURCE.root goes before it.
        from bmll2 import _configure

        return f"s3://{_configure.L2_ACCESS_POINT_ALIAS}"
    except (ImportError, AttributeError):
        raise UsageError(
            "SOURCE.via is s3, and nothing says where the vendor's files are",
            remedy="set SOURCE.root to s3://<access point alias or bucket>, or to a folder",
        ) from None


def _with_region(given: Mapping[str, str]) -> Mapping[str, str]:
    named = any("region" in name.lower() for name in given)
    chosen = named or any(os.environ.get(each) for each in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    return given if chosen else {**given, "aws_region": REGION}
