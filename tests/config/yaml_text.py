"""What do tests of YAML share? Reading a text, and what is told of a wrong one."""

from __future__ import annotations

import pytest

from beaf_core import ConfigError
from beaf_core.config.errors import Place
from beaf_core.config.nodes import Node
from beaf_core.config.read import read_yaml

HERE = Place("f.yaml", "/folder")


def read(text: str) -> Node:
    return read_yaml(text, HERE)


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [str(each) for each in caught.value.problems]
