"""What may not travel by value, since it is a secret?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from beaf_bmll.config import Config
from beaf_core import UsageError, redact, redact_text

_SECRET_NAME = re.compile(r"PASSW|PWD|TOKEN|SECRET|KEY|PASSPHRASE|CREDENTIAL", re.I)
_USER_INFO = re.compile(r"://[^/\s@]*@")


def is_secret(name: str, value: str) -> bool:
    """Say whether a variable is one, by its name or by who logs in within its value."""
    return bool(_SECRET_NAME.search(name) or _tells(value))


def variables(names: Iterable[str], config: Config) -> tuple[dict[str, str], tuple[str, ...]]:
    """Divide the variables of a job into those that travel, and those of `env_file`.

    Args:
        names: which ones a command needs; those that are not set here do not travel.
        config: gives more of them, and names the file.

    Returns:
        The values that travel, and the names that `env_file` has to set.

    Raises:
        UsageError: one is a secret, and there is no file for it; its value is not told.
    """
    set_here = {name: os.environ[name] for name in names if name in os.environ}
    _refuse_secret_settings(config)
    secret = tuple(name for name, value in set_here.items() if is_secret(name, value))
    if secret and config.env_file is None:
        raise UsageError(
            f"{', '.join(secret)}: secrets do not travel with a job, where files and logs would "
            "tell them",
            remedy="write NAME=value lines into a file in an area that nobody else reads, and "
            "name it: BMLL_JOBS.env_file",
        )
    plain = {name: value for name, value in set_here.items() if name not in secret}
    return {**config.bootstrap_env, **plain}, secret


def _refuse_secret_settings(config: Config) -> None:
    for name, value in config.bootstrap_env.items():
        if is_secret(name, value):
            raise UsageError(
                f"BMLL_JOBS.bootstrap_env.{name} is a secret, or holds one",
                remedy="write it into the file that BMLL_JOBS.env_file names, in an area",
            )


def refuse_secrets_in_config(config: Mapping[str, Any]) -> None:
    """Refuse a configuration that spells a secret out; `${env:NAME}` names it.

    Raises:
        UsageError: it does; which place, not which value.
    """
    plain = dict(config)
    told = list(_differing(plain, redact(plain)))
    if told:
        raise UsageError(
            f"{', '.join(told)} of the configuration: a secret that is written out would lie in "
            "the files of the job",
            remedy="write ${env:NAME} in its place, and NAME=value into the file that "
            "BMLL_JOBS.env_file names",
        )


def refuse_secrets_in_args(args: Iterable[str]) -> None:
    """Refuse arguments of a command in which somebody logs in.

    Raises:
        UsageError: one is such; which, not what.
    """
    for number, each in enumerate(args):
        if _tells(each):
            raise UsageError(
                f"argument {number} of the command holds a password",
                remedy="let the program read it from a variable, set by BMLL_JOBS.env_file",
            )


def refuse_passwords_in_words(words: Iterable[str | int], place: str) -> None:
    """Refuse words of a setting in which somebody logs in.

    Raises:
        UsageError: one is such; which, not what.
    """
    for number, each in enumerate(words):
        if _tells(str(each)):
            raise UsageError(
                f"{place}[{number}] holds a password, which others could read",
                remedy="leave it out: put the wheels into `wheels` in jobs_dir, or let pip read "
                "the password from its own settings on the machine",
            )


def _tells(value: str) -> bool:
    return bool(_USER_INFO.search(value)) or redact_text(value) != value


def _differing(value: Any, hidden: Any, path: str = "") -> Iterator[str]:
    """Name the places at which something was hidden."""
    if isinstance(value, dict) and isinstance(hidden, dict):
        for key, each in value.items():
            yield from _differing(each, hidden[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and isinstance(hidden, list):
        for number, (each, other) in enumerate(zip(value, hidden, strict=True)):
            yield from _differing(each, other, f"{path}[{number}]")
    elif value != hidden:
        yield path
