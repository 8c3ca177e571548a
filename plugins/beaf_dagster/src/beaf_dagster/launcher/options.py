"""How do words of tags and flags become the options of a launcher?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beaf_core import UsageError, prepare_pipeline

if TYPE_CHECKING:
    from beaf_core import PluginHost

#: The option that says for how long a machine is there.
_HOURS = "max_runtime_hours"
#: What a program leaves of its machine's last hour, to end by itself: ten minutes.
_LEAVE_HOURS = 1 / 6


def configured_options(host: PluginHost, launcher: str, pipeline: str | Path | None) -> Any:
    """Read what a configuration says of a launcher: that of a pipeline, or `beaf.yaml` here.

    Args:
        host: knows the launchers.
        launcher: whose options.
        pipeline: a file; where it is gone or None, the `beaf.yaml` above the working directory.

    Returns:
        Its options; None for a launcher that has none.

    Raises:
        ConfigError, UsageError: the configuration makes no sense.
    """
    if host.config_model("launcher", launcher) is None:
        return None
    asked: Any = pipeline if pipeline is not None and Path(pipeline).is_file() else {}
    prepared = prepare_pipeline(asked, sets=(f"LAUNCHER={launcher}",), needs_passes=False)
    return prepared.resolved.launcher_options


def hours_of(host: PluginHost, launcher: str, hours: float) -> tuple[dict[str, str], float]:
    """Divide hours into what is asked of a launcher, and what a program may take of them.

    A launcher that takes its machines away after whole hours is asked for enough of them; what runs
    there ends by itself before that, since a daemon that is cut off is taken for a live one.
    """
    model = host.config_model("launcher", launcher)
    field = model.model_fields.get(_HOURS) if model is not None else None
    if field is None or field.annotation is not int:
        return {_HOURS: str(hours)}, hours
    whole = math.ceil(hours)
    return {_HOURS: str(whole)}, min(hours, max(whole - _LEAVE_HOURS, whole / 2))


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
