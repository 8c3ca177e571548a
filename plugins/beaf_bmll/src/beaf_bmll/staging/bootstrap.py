"""How is a machine prepared, so that the runner finds BEAF on it?"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from beaf_bmll.config import Config
from beaf_bmll.staging.areas import AreaPath, locate, mounted
from beaf_bmll.staging.secrecy import refuse_passwords_in_words
from beaf_core import Catalog

#: What the vendor's own package cannot do without; a newer one would break it.
_PINS = ("numpy<2", "pyarrow<26")

#: The kinds of plugins that a pipeline can name.
_KINDS = ("universe", "source", "module", "output", "launcher")

_TEMPLATE = """\
#!/usr/bin/env bash
# Prepares a machine for a job of BEAF. Made by `beaf job`: changes here are lost.
set -euo pipefail

runner={runner}
wheels={wheels}
requirements=({requirements})
pins=({pins})

# Machines start before their storage is mounted.
for _ in $(seq {seconds}); do
  [[ -f $runner ]] && break
  sleep 1
done
if [[ ! -f $runner ]]; then
  echo "beaf: $runner is not there after {seconds} s: is the area mounted?" >&2
  exit 1
fi

python=$(command -v python || command -v python3)
is_there() {{
  "$python" - "${{requirements[@]}}" <<'PYTHON'
import sys
from importlib.metadata import PackageNotFoundError, version

for name, _, pinned in (each.partition("==") for each in sys.argv[1:]):
    try:
        if version(name) != pinned:  # what names no version is for pip to judge
            sys.exit(1)
    except PackageNotFoundError:
        sys.exit(1)
PYTHON
}}

if is_there; then
  echo "beaf: all of it is installed for $python"
  exit 0
fi
places=()
if [[ -d $wheels ]]; then
  places=(--find-links "$wheels")
fi
echo "beaf: installing ${{requirements[*]}} for $python"
"$python" -m pip install --quiet --disable-pip-version-check "${{places[@]}}" \
  "${{requirements[@]}}" "${{pins[@]}}"
"""


@dataclass(frozen=True, slots=True)
class Script:
    """A script as it lies in an area, under a name that tells its content."""

    place: AreaPath
    text: str


def runner_script(config: Config) -> Script:
    """Give the script that every job starts."""
    text = files("beaf_bmll.runner").joinpath("entry.py").read_text(encoding="utf-8")
    return _named("beaf_runner", ".py", text, config)


def bootstrap_script(config: Config, *, commands: bool = False) -> Script:
    """Generate the script that prepares a machine.

    Its values are baked in, quoted: how the vendor hands arguments over is not known.

    Args:
        config: what it is generated from.
        commands: whether the job is a command, which may be of a plugin that offers nothing else.
    """
    # Guess: the bootstrap's python, the first on its PATH, is the one that runs the script.
    text = _TEMPLATE.format(
        runner=shlex.quote(mounted(runner_script(config).place, config)),
        wheels=shlex.quote(mounted(jobs_folder(config) / "wheels", config)),
        requirements=_quoted(requirements(config, commands=commands)),
        pins=_quoted(_PINS if config.requirements is None else ()),
        seconds=120,
    )
    return _named("bootstrap", ".sh", text, config)


def requirements(config: Config, *, commands: bool = False) -> list[str]:
    """List what a machine needs: every plugin that is installed here, in its version.

    Raises:
        UsageError: one holds a password, which the script and its log would tell.
    """
    if config.requirements is not None:
        refuse_passwords_in_words(config.requirements, "BMLL_JOBS.requirements")
        return list(config.requirements)
    catalog = Catalog.installed()
    kinds = [*_KINDS, *(["command"] if commands else [])]
    entries = (each for kind in kinds for named in catalog.of_kind(kind).values() for each in named)
    pinned = {f"{each.distribution}=={each.version}" for each in entries if not each.disabled}
    return sorted(pinned)


def jobs_folder(config: Config) -> AreaPath:
    """Find the folder of requests, scripts and runs in its area."""
    return locate(config.jobs_folder, config, "BMLL_JOBS.jobs_dir")


def sha12(text: str) -> str:
    """Name a text by its content."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _quoted(words: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, words))


def _named(stem: str, suffix: str, text: str, config: Config) -> Script:
    return Script(jobs_folder(config) / f"{stem}-{sha12(text)}{suffix}", text)
