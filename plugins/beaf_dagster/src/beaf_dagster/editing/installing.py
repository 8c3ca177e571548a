"""How do schedules and automation get into a pipeline's YAML, and out of it?

What is to be written is loaded first, as Dagster will load it: the file is replaced only where the
result is valid and says what was asked for.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from beaf_core import (
    ScheduleConfig,
    UniversePartition,
    UsageError,
    did_you_mean,
    parse_universe_spec,
    prepare_pipeline,
)
from beaf_dagster.editing.edit import drop_item, item_names, put_item, put_key
from beaf_dagster.partitions.universes import universe_keys
from beaf_dagster.pipelines import Pipeline

if TYPE_CHECKING:
    from beaf_core import AnalyticsConfig
    from beaf_core.prepare import PreparedPipeline

SECTION = "SCHEDULES"
ENABLED, DAYS = "AUTO_MATERIALIZE_ENABLED", "AUTO_MATERIALIZE_LATEST_DAYS"


@dataclass(frozen=True, slots=True)
class Edited:
    """A pipeline's YAML, and what it is to become.

    Attributes:
        pipeline: as a person named it.
        file: the YAML file.
        before: its text; None where there is no file.
        after: its text once written.
        prepared: what it gives with everything else that the pipeline reads.
    """

    pipeline: str
    file: Path
    before: str | None
    after: str
    prepared: PreparedPipeline

    @property
    def config(self) -> AnalyticsConfig:
        """The configuration."""
        return self.prepared.resolved.config

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.after != (self.before or "")

    @property
    def shown(self) -> str:
        """The file, as a person would type it."""
        here = Path.cwd()
        return str(self.file.relative_to(here) if self.file.is_relative_to(here) else self.file)

    def schedule(self, name: str) -> ScheduleConfig | None:
        """Find a schedule by its name."""
        return next((each for each in self.config.SCHEDULES if each.name == name), None)

    def with_text(self, text: str) -> Edited:
        """Load the pipeline as it would be with a text.

        Raises:
            ConfigError, UsageError, PluginError: it would not be valid.
        """
        return replace(self, after=text, prepared=prepare_pipeline(self.pipeline, yaml_text=text))


def opened(pipeline: str) -> Edited:
    """Read a pipeline and its YAML.

    Raises:
        ConfigError, UsageError, PluginError: it is not valid as it stands.
    """
    prepared = prepare_pipeline(pipeline)
    path = prepared.loaded.path
    if path is None:
        raise UsageError(f"{pipeline} has no file", remedy="name a pipeline's .py or .yaml file")
    file = path
    if path.suffix == ".py":
        others = [path.with_suffix(each) for each in (".yaml", ".yml")]
        file = next((each for each in others if each.is_file()), others[0])
    before = _text_of(file) if file.is_file() else None
    return Edited(pipeline, file, before, before or "", prepared)


def install_schedule(edited: Edited, name: str, fields: Mapping[str, object]) -> Edited:
    """Put a schedule into the YAML, or change the one that has its name, and switch it on.

    Raises:
        ConfigError, UsageError, PluginError: the result would not be valid, would ask for
            partitions that there are none of, or would be overruled.
    """
    if "cron" not in fields and edited.schedule(name) is None:
        raise UsageError(
            f'{edited.pipeline} has no schedule "{name}" to switch on'
            f"{did_you_mean(name, [each.name for each in edited.config.SCHEDULES])}",
            remedy='say when it runs: --cron "0 2 * * *"',
        )
    wanted = {"enabled": True, **fields}
    after = edited.with_text(put_item(edited.after, SECTION, name, wanted))
    _check_universes(after, name)
    found = after.schedule(name)
    told = {} if found is None else found.model_dump(mode="json", include=set(wanted))
    if told != _validated(name, wanted):
        raise _no_effect(after, f'the schedule "{name}"')
    return after


def uninstall_schedule(edited: Edited, name: str) -> Edited:
    """Take a schedule out of the YAML; switch off the one that stands elsewhere, too.

    Raises:
        UsageError: there is none, or it would be overruled.
    """
    if edited.schedule(name) is None:
        known = [each.name for each in edited.config.SCHEDULES]
        raise UsageError(
            f'{edited.pipeline} has no schedule "{name}"{did_you_mean(name, known)}',
            remedy=f"take one of {', '.join(known)}: --schedule_name {known[0]}"
            if known
            else "there is nothing to uninstall",
        )
    after = edited
    if name in item_names(edited.after, SECTION):
        after = edited.with_text(drop_item(edited.after, SECTION, name))
    if _is_on(after, name):
        # It stands in Python, or in beaf.yaml.
        after = edited.with_text(put_item(edited.after, SECTION, name, {"enabled": False}))
    if _is_on(after, name):
        raise _no_effect(after, f'the schedule "{name}"')
    return after


def set_automation(edited: Edited, *, enabled: bool, days: int | None = None) -> Edited:
    """Switch automation on or off.

    Raises:
        ConfigError, UsageError, PluginError: the result would not be valid, or be overruled.
    """
    text = put_key(edited.after, ENABLED, enabled)
    if days is not None:
        text = put_key(text, DAYS, days)
    after = edited.with_text(text)
    set_days = after.config.AUTO_MATERIALIZE_LATEST_DAYS
    if enabled != after.config.AUTO_MATERIALIZE_ENABLED or days not in (None, set_days):
        raise _no_effect(after, ENABLED)
    return after


def write(edited: Edited) -> None:
    """Replace the file at once, its mode kept; readers see the old text or the new one.

    Raises:
        UsageError: it cannot be written, or somebody has changed it meanwhile.
    """
    target = edited.file.resolve()
    now = _text_of(target) if target.is_file() else None
    if now != edited.before:
        raise UsageError(f"{edited.shown} has been changed meanwhile", remedy="try again")
    try:
        _replace(target, edited.after)
    except OSError as error:
        raise UsageError(
            f"{edited.shown} cannot be written: {error.strerror}",
            remedy="make its folder writable; nothing has been changed",
        ) from None


# -- what they share -------------------------------------------------------------------------------


def _is_on(edited: Edited, name: str) -> bool:
    found = edited.schedule(name)
    return found is not None and found.enabled


def _validated(name: str, wanted: Mapping[str, object]) -> dict[str, object]:
    found = ScheduleConfig.model_validate({"name": name, **wanted})
    return found.model_dump(mode="json", include=set(wanted))


def _check_universes(edited: Edited, name: str) -> None:
    """Check that the universes that a schedule names are partitions of the pipeline.

    Raises:
        UsageError: one is not.
    """
    found = edited.schedule(name)
    named = [each.universe for each in (found.partitions if found else []) if each.universe]
    if not named:
        return
    known = universe_keys(Pipeline("", edited.file, edited.prepared))
    meanings = [_meaning(each) for each in known]
    for each in named:
        if _meaning(each) not in meanings:
            raise UsageError(
                f"{edited.pipeline} has no partitions of the universe {each}"
                f"{did_you_mean(each, known)}",
                remedy=f"take one of {_listed(known)}; or add it to UNIVERSES of the pipeline",
            )


def _meaning(selector: str) -> tuple[frozenset[UniversePartition], frozenset[UniversePartition]]:
    universe = parse_universe_spec(selector)
    return frozenset(universe.parts), frozenset(universe.exclusions)


def _listed(known: Sequence[str], most: int = 5) -> str:
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def _no_effect(edited: Edited, what: str) -> UsageError:
    return UsageError(
        f"{edited.shown} is overruled: {what} would stay as it is. The pipeline's "
        'CONFIG_YAML_PRECEDENCE is "python_overrides", or a BEAF__… variable sets it',
        remedy="change it in the Python file, or in the environment; nothing has been written",
    )


def _text_of(file: Path) -> str:
    with file.open(encoding="utf-8", newline="") as stream:  # line breaks as they are
        return stream.read()


def _replace(target: Path, text: str) -> None:
    mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
    handle, staged = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(staged).chmod(mode)
        Path(staged).replace(target)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
