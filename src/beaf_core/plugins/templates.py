"""What stands in a new plugin's package beside its source? Texts for `string.Template`."""

from __future__ import annotations

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "The $kind $name for BEAF"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["beaf-core"]

# The group is the kind, the name is the word that users type, the value is where it lives.
[project.entry-points."$group"]
$name = "$value"

[tool.hatch.build.targets.wheel]
packages = ["src/$package"]

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

README = """\
# $distribution

The $kind `$name` for BEAF.

```
pip install -e .
beaf plugins check
$use
```

`src/$package/$kind.py` is the whole plugin. `python -m pytest` checks that it keeps its contract.
"""

#: What a user does with a plugin of the kind, in one line of a shell.
USES = {
    "universe": "beaf pipeline run --pipeline my_pipeline.py --universe $name=XLON",
    "source": "beaf pipeline run --pipeline my_pipeline.py --set SOURCE.type=$name "
    "--set SOURCE.root=data",
    "module": "beaf pipeline run --pipeline my_pipeline.py --set 'PASSES.bars.modules=[$name]'",
    "output": "beaf pipeline run --pipeline my_pipeline.py --set OUTPUT_TARGET.type=$name",
    "launcher": "beaf pipeline run --pipeline my_pipeline.py --set LAUNCHER=$name",
    "area": "beaf pipeline run --pipeline my_pipeline.py --set OUTPUT_TARGET.area=$name "
    "--set 'OUTPUT_TARGET.path_template=s3://{bucket}/{prefix}/{pass}/{universe}/{start_date}.parquet'",
    "command": "beaf $name --help",
}

COMMAND = '''\
"""What can a person do with `beaf $name`?"""

import click


@click.command()
@click.option("--name", default="world", show_default=True, help="Whom to greet.")
def command(name: str) -> None:
    """Greet somebody."""
    click.echo(f"Hello, {name}!")
'''

_PLAIN = '''\
"""Does the $kind keep its contract?"""

from beaf_core.testing import check_$kind
from $package import $kind


def test_the_${kind}_keeps_its_contract():
    check_$kind($kind)
'''

_MODULE = '''\
"""Does the module keep its contract?"""

from beaf_core.testing import check_module
from $package import module


def test_the_module_keeps_its_contract():
    check_module(module, name="$name")
'''

_SOURCE = '''\
"""Does the source keep its contract?"""

import pytest
from beaf_core.testing import TINY_DAYS, check_source, tiny_table
from $package import source


@pytest.fixture
def root(tmp_path):
    for table in ("reference", "trades"):
        (tmp_path / table).mkdir()
        for day in TINY_DAYS:
            tiny_table(table, day).write_csv(tmp_path / table / f"{day}.csv")
    return tmp_path


def test_the_source_keeps_its_contract(root):
    check_source(source, {"root": str(root)})
'''

_OUTPUT = '''\
"""Does the output keep its contract?"""

from beaf_core.testing import check_output
from $package import output


def test_the_output_keeps_its_contract(tmp_path):
    check_output(output, tmp_path)
'''

_LAUNCHER = '''\
"""Does the launcher keep its contract?"""

from beaf_core.testing import check_launcher, tiny_request
from $package import launcher


def test_the_launcher_keeps_its_contract(tmp_path):
    check_launcher(launcher, tiny_request(tmp_path))
'''

_AREA = '''\
"""Does the area keep its contract?"""

from beaf_core.testing import check_area
from $package import area


def test_the_area_keeps_its_contract():
    check_area(area, name="$name")
'''

_COMMAND = '''\
"""Does the command keep its contract?"""

from beaf_core.testing import check_command
from $package.command import command


def test_the_command_keeps_its_contract():
    check_command(command, name="$name")
'''

TESTS = {
    "universe": _PLAIN,
    "source": _SOURCE,
    "module": _MODULE,
    "output": _OUTPUT,
    "launcher": _LAUNCHER,
    "area": _AREA,
    "command": _COMMAND,
}
