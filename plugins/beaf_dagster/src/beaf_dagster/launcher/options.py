"""How do words of tags and flags become the options of a launcher?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from beaf_core import UsageError

if TYPE_CHECKING:
    from beaf_core import PluginHost


def launcher_options(
    host: PluginHost, launcher: str, chosen: Mapping[str, Any], configured: Any = None
) -> tuple[Any, list[str]]:
    """Fill a launcher's `Config` with what is chosen.

    An option `instance_size` is the field of that name, or `default_instance_size`.

    Args:
        host: knows the launchers.
        launcher: whose options.
        chosen: option → value; whatever it does not know is left out.
        configured: what its section of a configuration says.

    Returns:
        The options, None for a launcher that has none; and the words that it does not know.

    Raises:
        UsageError: it does not take a value.
    """
    model = host.config_model("launcher", launcher)
    fields = {} if model is None else model.model_fields
    named = {
        name: next((each for each in (name, f"default_{name}") if each in fields), None)
        for name in chosen
    }
    unknown = [name for name, field in named.items() if field is None]
    if model is None:
        return None, unknown
    known = {field: chosen[name] for name, field in named.items() if field is not None}
    base = {} if configured is None else configured.model_dump(exclude_unset=True)
    try:
        return model.model_validate(base | known), unknown
    except ValueError as error:
        raise UsageError(
            f"options of the launcher {launcher}: {error}",
            remedy=f"correct it in flags, in tags {launcher}/…, or in dagster.yaml",
        ) from error
