"""What does a new plugin's package look like? Written from the hooks' own examples."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from textwrap import dedent

from beaf_core.model.errors import ResourceError, UsageError
from beaf_core.plugins import specs
from beaf_core.plugins.catalog import FIRST_PARTY, GROUP_PREFIX
from beaf_core.plugins.errors import did_you_mean
from beaf_core.plugins.kinds import KINDS
from beaf_core.plugins.templates import COMMAND, PYPROJECT, README, TESTS, USES

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_FENCE = re.compile(r"^( *)```python\n(.*?)^\1```", re.DOTALL | re.MULTILINE)

#: The hook whose example is a whole plugin of the kind.
_EXAMPLES = {
    "universe": "get_universe",
    "source": "read_table",
    "module": "analytics_module",
    "output": "write_output",
    "launcher": "launch_run",
    "area": "storage_area",
}


def scaffold(name: str, kind: str, folder: Path | str) -> list[Path]:
    """Write a package that offers one plugin, and passes the contract check of its kind.

    Args:
        name: the word that users will type; the distribution is `beaf-<name>`.
        kind: universe, source, module, output, launcher, area or command.
        folder: where the package's own folder `beaf-<name>` goes.

    Returns:
        The files written, the project file first.

    Raises:
        UsageError: an unknown kind, a name that cannot be one, a folder that exists.
    """
    package = _Package(_checked_name(name, _checked_kind(kind)), kind)
    home = Path(folder) / package.distribution
    if home.exists():
        raise UsageError(
            f"{home} exists already", remedy="choose another name, or remove the folder"
        )
    written = []
    for relative, text in package.files().items():
        path = home / relative
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ResourceError(
                f"{path} cannot be written: {error.strerror or error}",
                remedy="choose a folder that can be written",
            ) from error
        written.append(path)
    return written


def example_of(hook: str) -> str | None:
    """Return the plugin in a hook's docstring, as source; None where it points to another's."""
    found = _FENCE.search(inspect.getdoc(getattr(specs, hook)) or "")
    return dedent(found[2]) if found else None


@dataclass(frozen=True, slots=True)
class _Package:
    name: str
    kind: str

    @property
    def distribution(self) -> str:
        return "beaf-" + self.name.replace("_", "-")

    @property
    def package(self) -> str:
        return self.distribution.replace("-", "_")

    def files(self) -> dict[str, str]:
        init = f'"""The {self.kind} `{self.name}` for BEAF; see {self.kind}.py."""\n'
        return {
            "pyproject.toml": self._filled(PYPROJECT),
            "README.md": self._filled(README),
            f"src/{self.package}/__init__.py": init,
            f"src/{self.package}/{self.kind}.py": self._source(),
            "tests/test_contract.py": self._filled(TESTS[self.kind]),
        }

    def _source(self) -> str:
        if self.kind == "command":
            return self._filled(COMMAND)
        example = example_of(_EXAMPLES[self.kind])
        assert example is not None, f"the docstring of {_EXAMPLES[self.kind]} lost its example"
        if self.kind == "module":
            # A module bears the name of its entry point.
            example = re.sub(r'(AnalyticsModule\(\s*name=)"\w+"', rf'\1"{self.name}"', example)
        return example

    def _filled(self, template: str) -> str:
        attribute = ":command" if self.kind == "command" else ""
        return Template(template).substitute(
            name=self.name,
            kind=self.kind,
            distribution=self.distribution,
            package=self.package,
            group=GROUP_PREFIX + self.kind,
            value=f"{self.package}.{self.kind}{attribute}",
            use=Template(USES[self.kind]).substitute(name=self.name),
        )


def _checked_kind(kind: str) -> str:
    if kind not in KINDS:
        raise UsageError(
            f'no kind of plugin is called "{kind}"{did_you_mean(kind, KINDS)}',
            remedy=f"kinds: {', '.join(KINDS)}",
        )
    return kind


def _checked_name(name: str, kind: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a plugin",
            remedy="use lower-case letters and digits, parted by single - or _, a letter first",
        )
    if re.match(r"beaf[-_]", name):
        raise UsageError(
            f'"{name}" begins with beaf, which the distribution does anyway',
            remedy=f"write {name[5:]}: its distribution becomes beaf-{name[5:]}",
        )
    owner = FIRST_PARTY.get((kind, name))
    if owner:
        raise UsageError(
            f'the {kind} "{name}" is the one of {owner}', remedy="choose a name of your own"
        )
    return name
