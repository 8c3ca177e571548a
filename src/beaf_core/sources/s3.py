"""How do options in the spelling of object stores become a pyarrow S3 file system?

polars reads data, pyarrow reads footers. Both must look at the same place with the same rights.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem

from beaf_core import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

S3_SCHEME = "s3://"

# The names that polars (object_store) accepts for each option; the first one is its AWS_… variable.
_NAMES = {
    "access_key": ("aws_access_key_id", "access_key_id"),
    "secret_key": ("aws_secret_access_key", "secret_access_key"),
    "session_token": ("aws_session_token", "aws_token", "session_token", "token"),
    "region": ("aws_region", "region", "aws_default_region", "default_region"),
    "endpoint": (
        "aws_endpoint_url", "aws_endpoint_url_s3", "aws_endpoint", "endpoint_url", "endpoint"
    ),
    "allow_http": ("aws_allow_http", "allow_http"),
    "virtual_hosted": (
        "aws_virtual_hosted_style_request", "virtual_hosted_style_request"
    ),
    "anonymous": ("aws_skip_signature", "skip_signature"),
}  # fmt: skip
_ENDPOINTS = _NAMES["endpoint"]
_SECRETS = ("access_key", "secret_key", "session_token")
_CONNECT_SECONDS = 10.0
_ATTEMPTS = 3


def open_s3(storage_options: Mapping[str, str]) -> tuple[Any, dict[str, str]]:
    """Open a file system, and complete the options for polars.

    Raises:
        UsageError: options that do not go together, such as half of a key pair.
    """
    endpoint, region = _option("endpoint", storage_options), _option("region", storage_options)
    anonymous = _is_on("anonymous", storage_options)
    # Credentials in the environment stay there: the default chain also knows their companions.
    given = {} if anonymous else {name: _given(name, storage_options) for name in _SECRETS}
    given |= {"region": region, "endpoint_override": endpoint}
    try:
        filesystem = S3FileSystem(
            **{name: value for name, value in given.items() if value},
            **_virtual_hosting(storage_options),
            scheme="http" if _is_plain_http(endpoint, storage_options) else "https",
            anonymous=anonymous,
            connect_timeout=_CONNECT_SECONDS,
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        )
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"pyarrow {pa.__version__} refuses S3_STORAGE_OPTIONS: {error}",
            remedy="give aws_access_key_id and aws_secret_access_key, both or neither",
        ) from None
    return filesystem, _scan_options(endpoint, storage_options)


def _virtual_hosting(storage_options: Mapping[str, str]) -> dict[str, bool]:
    # Named only when wanted: pyarrow 15 does not know it.
    wanted = _is_on("virtual_hosted", storage_options)
    return {"force_virtual_addressing": True} if wanted else {}


def secrets_of(storage_options: Mapping[str, str]) -> tuple[str, ...]:
    """List the values that must never stand in a message, longest first."""
    found = {_option(name, storage_options) for name in _SECRETS} - {None, ""}
    return tuple(sorted((str(each) for each in found), key=len, reverse=True))


def _scan_options(endpoint: str | None, storage_options: Mapping[str, str]) -> dict[str, str]:
    options = {str(name): str(value) for name, value in storage_options.items()}
    if not endpoint or "://" in endpoint:
        return options
    # pyarrow takes host:port, polars ends in a panic over it.
    scheme = "http" if _is_plain_http(endpoint, storage_options) else "https"
    others = {name: each for name, each in options.items() if name.lower() not in _ENDPOINTS}
    return {**others, "aws_endpoint_url": f"{scheme}://{endpoint}"}


def _is_plain_http(endpoint: str | None, storage_options: Mapping[str, str]) -> bool:
    if endpoint and "://" in endpoint:
        return endpoint.startswith("http://")
    return bool(endpoint) and _is_on("allow_http", storage_options)


def _is_on(name: str, storage_options: Mapping[str, str]) -> bool:
    return str(_option(name, storage_options)).lower() in {"true", "1", "yes", "on"}


def _option(name: str, storage_options: Mapping[str, str]) -> str | None:
    given = _given(name, storage_options)
    if given is not None:
        return given
    variables = (each.upper() for each in _NAMES[name] if each.startswith("aws_"))
    return next((os.environ[each] for each in variables if each in os.environ), None)


def _given(name: str, storage_options: Mapping[str, str]) -> str | None:
    folded = {key.lower(): str(value) for key, value in storage_options.items()}
    return next((folded[each] for each in _NAMES[name] if each in folded), None)
