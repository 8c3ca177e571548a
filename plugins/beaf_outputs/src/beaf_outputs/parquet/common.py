"""What do one file and a dataset ask of a target alike?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from beaf_core import Target
from beaf_outputs.stores import Store


def option(target: Target, name: str, default: Any) -> Any:
    """Return an option of the output; the default where the target has none at all."""
    return getattr(target.options, name, default)


def was_set(target: Target, name: str) -> bool:
    """Say whether a person has set an option."""
    return name in getattr(target.options, "model_fields_set", ())


def since(target: Target) -> float:
    """Return when the run took its lock: what was staged before has no living owner.

    In seconds since the epoch; 0 where it does not say.
    """
    written_at = target.stamp.get("written_at")
    return datetime.fromisoformat(written_at).timestamp() if written_at else 0.0


def repetitions(store: Store) -> dict[str, int]:
    """Tell how many requests were repeated, as a note of a receipt."""
    told = "requests to the object store were repeated"
    return {told: store.repeated} if store.repeated else {}
