"""Does a module that is switched off leave a pass alone, whatever else its options say?"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

import pytest

MODULES = {
    each.name: each.value
    for each in entry_points(group="beaf.module")
    if each.value.startswith("beaf_analytics.")
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_switched_off_yields_nothing(name: str) -> None:
    module = import_module(MODULES[name]).analytics_module()
    for full in [module.Config(ENABLED=False), *module.catalogue()]:
        off = full.model_copy(update={"ENABLED": False})
        assert [*module.measures(off), *module.provides(off), *module.identities(off)] == []
        assert module.grid(off) is None
