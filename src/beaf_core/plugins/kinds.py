"""Which kinds of plugins are there, and which hooks does each kind answer?"""

from __future__ import annotations

from typing import Any

HOOKS_OF_KIND: dict[str, tuple[str, ...]] = {
    "universe": ("get_universe", "universe_values"),
    "source": ("read_table",),
    "module": ("analytics_module",),
    "output": ("write_output", "read_output", "find_receipt", "list_receipts", "remove_output"),
    "launcher": ("launch_run", "find_run"),
    "area": ("storage_area",),
    "command": (),
}

KINDS = tuple(HOOKS_OF_KIND)

#: Hooks that a plugin may leave out, with what the host answers instead.
OPTIONAL_HOOKS: dict[str, Any] = {
    "universe_values": (),
    "list_receipts": (),
    "remove_output": False,
}


def hooks() -> list[str]:
    """List the names of all hooks."""
    return [hook for hooks_of_one in HOOKS_OF_KIND.values() for hook in hooks_of_one]
