"""Which objects of this process take part in a run?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from beaf_core.config.errors import Place
from beaf_core.config.nodes import from_plain
from beaf_core.config.own_plugins import own_entries
from beaf_core.config.pipeline_module import load_module
from beaf_core.config.resolve import resolve
from beaf_core.engine.batches.crew import WorkerPool
from beaf_core.plugins.host import PluginHost
from beaf_core.plugins.inline import call_by_name

if TYPE_CHECKING:
    from beaf_core.config.analytics import PassConfig
    from beaf_core.config.modules import GetModules
    from beaf_core.config.resolved import ResolvedPipeline
    from beaf_core.model.run import LaunchRequest, PassOutcome


class Progress(Protocol):
    """Hears of a run as it goes on."""

    def begin(self, total: int) -> None:
        """So many passes of partitions are to be done."""

    def advance(self, outcome: PassOutcome) -> None:
        """One of them is."""


class Silence:
    """Hears, and says nothing."""

    def begin(self, total: int) -> None:
        """Say nothing."""

    def advance(self, outcome: PassOutcome) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Session:
    """A resolved pipeline with the host that knows its own plugins.

    Attributes:
        host: where plugins are asked, the pipeline's own included.
        pipeline: the checked configuration.
        progress: who hears of each outcome.
        given: what the caller handed in as objects of this process, by name: workers cannot
            make it again from a request.
        pool: the worker processes, which live as long as the run.
    """

    host: PluginHost
    pipeline: ResolvedPipeline
    progress: Progress = field(default_factory=Silence)
    given: tuple[str, ...] = ()
    pool: WorkerPool = field(default_factory=WorkerPool)


def open_session(request: LaunchRequest) -> Session:
    """Rebuild a session from plain data, on the far side of a launcher."""
    path = Path(request.pipeline) if request.pipeline else None
    module = load_module(path) if path and path.suffix == ".py" else None
    host = PluginHost().with_inline(own_entries(module, path, Path(request.project)))
    get_modules = modules_getter(getattr(module, "get_pipeline", None), request.config)
    tree = from_plain(request.config, Place("the run's request", request.project))
    return Session(host, resolve(tree, Path(request.project), host, get_modules))


def modules_getter(function: Callable[..., Any] | None, config: Any) -> GetModules | None:
    """Adapt a pipeline's `get_pipeline`, which takes any subset of its arguments by name."""
    if function is None:
        return None
    ask = function

    def get_modules(pass_config: PassConfig) -> Any:
        return call_by_name(ask, {"pass_config": pass_config, "config": config})

    return get_modules
