"""Where does a run go, and with what? Tags of the run > of its job > of its assets > dagster.yaml.

A tag is `<launcher>/<option>`, such as `bmll/instance_size`; `beaf/<option>` means whichever
launcher it is, and `beaf/launcher` names one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beaf_core import UsageError

if TYPE_CHECKING:
    from beaf_dagster.private import LaunchRunContext

#: The tag that names a launcher, and the one that keeps what `find_run` asks for.
LAUNCHER, JOB = "beaf/launcher", "beaf/job"
#: The tag with the pipeline that a run of the command line loads, where no workspace does.
PIPELINE = "beaf/pipeline"
#: The option that Dagster itself sees to.
MAX_RUNTIME = "max_runtime_hours"

#: Words that mean whichever launcher it is; `bmll` is how tags were spelt before there were others.
_EVERY = ("beaf", "bmll")
_OWN = (LAUNCHER, JOB, PIPELINE)

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the tags of a run come to.

    Attributes:
        launcher: where it goes.
        options: option → value, as it was written.
    """

    launcher: str
    options: Mapping[str, str]

    @property
    def max_runtime(self) -> int | None:
        """How many seconds the run may take.

        Raises:
            UsageError: it is no number above 0.
        """
        written = self.options.get(MAX_RUNTIME)
        if written is None:
            return None
        hours = _number(written)
        if hours is None or not 0 < hours < math.inf:
            raise UsageError(
                f"{MAX_RUNTIME} is {written!r}", remedy="tag the run with a number of hours above 0"
            )
        return math.ceil(hours * 3600)


def choices_of(context: LaunchRunContext, launcher: str, options: Mapping[str, str]) -> Choices:
    """Read where a run goes, and with what.

    Tags of assets never become tags of a run, and of a job only `run_tags` do: they are read from
    the workspace. A location that is not in it (a run that the command line launches) has none.

    Args:
        context: the run, and the workspace.
        launcher: where it goes if no tag says otherwise.
        options: what `dagster.yaml` says; any tag is stronger.

    Raises:
        UsageError: assets of the run want different things, and none is more than another.
    """
    own, job, assets = context.dagster_run.tags, _tags_of_job(context), [*_tags_of_assets(context)]
    named = {tags[LAUNCHER] for tags in (own, job, *assets) if LAUNCHER in tags}
    folded = fold(assets, {*_EVERY, launcher, *named})
    return choose((folded, job, own), launcher, options)


def choose(layers: Sequence[Tags], launcher: str, options: Mapping[str, str]) -> Choices:
    """Lay tags over each other: later layers win, and in a layer the launcher's own name does."""
    named = [tags[LAUNCHER] for tags in layers if LAUNCHER in tags]
    chosen = named[-1] if named else launcher
    prefixes = dict.fromkeys((*_EVERY, chosen))
    found = dict(options)
    for tags in layers:
        for prefix in prefixes:
            found |= _options_within(tags, prefix)
    return Choices(chosen, found)


def fold(tags_of_assets: Iterable[Tags], prefixes: Collection[str] = _EVERY) -> dict[str, str]:
    """Fold the tags of several assets into one layer: what is enough for the greediest of them.

    Args:
        tags_of_assets: the tags of each.
        prefixes: which tags matter.

    Raises:
        UsageError: they want different things, and none is more than another.
    """
    folded: dict[str, str] = {}
    for tags in tags_of_assets:
        for name, value in tags.items():
            if name.partition("/")[0] in prefixes:
                folded[name] = _greater(name, folded.get(name, value), value)
    return folded


def _greater(name: str, one: str, other: str) -> str:
    numbers = (_number(one), _number(other))
    if numbers[0] is not None and numbers[1] is not None:
        return one if numbers[0] >= numbers[1] else other
    if one != other:
        raise UsageError(
            f"assets of this run are tagged {name}={one} and {name}={other}",
            remedy=f"tag the run or its job with {name}, or run them apart",
        )
    return one


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _options_within(tags: Tags, prefix: str) -> dict[str, str]:
    start = f"{prefix}/"
    return {
        name.removeprefix(start): value
        for name, value in tags.items()
        if name.startswith(start) and name not in _OWN
    }


def _tags_of_assets(context: LaunchRunContext) -> Iterator[Tags]:
    if context.workspace is None:
        return
    graph, run = context.workspace.asset_graph, context.dagster_run
    keys = run.asset_selection or graph.asset_keys_for_job(run.job_name)
    for key in sorted(keys):
        if graph.has(key):
            yield graph.get(key).tags


def _tags_of_job(context: LaunchRunContext) -> Tags:
    origin = context.dagster_run.remote_job_origin
    if context.workspace is None or origin is None:
        return {}
    repository = origin.repository_origin
    location = repository.code_location_origin.location_name
    if not context.workspace.has_code_location(location):
        return {}
    found = context.workspace.get_code_location(location).get_repository(repository.repository_name)
    job = context.dagster_run.job_name
    return found.get_full_job(job).tags if found.has_job(job) else {}
