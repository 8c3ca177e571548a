"""What must a person still install for a plugin to work?

A distribution leaves large packages that not everybody needs to an extra. A plugin of it then says
so, as `NEEDS`: the name that it imports → what to type.
"""

from __future__ import annotations

from importlib.util import find_spec


def lacking(plugin: object) -> list[str]:
    """Name what a plugin needs and this environment has not; imports none of it."""
    needs: dict[str, str] = getattr(plugin, "NEEDS", {})
    return [
        f"{package} is not installed: {remedy}"
        for package, remedy in needs.items()
        if find_spec(package.partition(".")[0]) is None
    ]
