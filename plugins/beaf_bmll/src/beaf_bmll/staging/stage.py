"""How does a request become the script, the bootstraps and the parameters of a job?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from beaf_bmll.config import Config
from beaf_bmll.gateway import Bootstrap
from beaf_bmll.runner.entry import DIGEST, FOLDER, REQUEST, SCHEDULE
from beaf_bmll.staging.areas import AreaPath, locate_file, mounted
from beaf_bmll.staging.asked import Schedule, asked_of
from beaf_bmll.staging.bootstrap import Script, bootstrap_script, jobs_folder, runner_script, sha12
from beaf_bmll.staging.secrecy import refuse_passwords_in_words
from beaf_bmll.staging.store import open_store
from beaf_core import CommandRequest, LaunchRequest, UsageError


@dataclass(frozen=True, slots=True)
class Staged:
    """What a job needs of its area.

    Attributes:
        script: what every job starts.
        bootstraps: what prepares its machine.
        parameters: what leads the script to the request; the submit id is added to them.
        files: what has to lie in areas before it starts; closed to others, but for scripts.
    """

    script: AreaPath
    bootstraps: tuple[Bootstrap, ...]
    parameters: dict[str, str]
    files: tuple[Script, ...]


def stage(
    request: LaunchRequest | CommandRequest, config: Config, *, schedule: Schedule | None = None
) -> Staged:
    """Put what a job needs into its area.

    Where no area can be reached from here, the request travels in the parameters, and the scripts
    must lie there already: `beaf job bootstrap`, once, in the Lab.

    Raises:
        UsageError: the request cannot travel.
        ResourceError: the area cannot be written.
    """
    staged = prepare(request, config, schedule=schedule)
    put(staged, config)
    return staged


def put(staged: Staged, config: Config) -> None:
    """Put what `prepare` has described into its area.

    Raises:
        ResourceError: the area cannot be written.
    """
    for each in staged.files:
        store = open_store(config, each.place.area)
        if store is not None:
            store.write(each.place, each.text, _mode(each))


def prepare(
    request: LaunchRequest | CommandRequest, config: Config, *, schedule: Schedule | None = None
) -> Staged:
    """Say what `stage` would put there, and put nothing.

    Raises:
        UsageError: the request cannot travel.
    """
    folder = jobs_folder(config)
    asked = asked_of(request, config, schedule)
    text = json.dumps(asked, sort_keys=True)
    file = Script(folder / "requests" / f"{sha12(text)}.json", text)
    reached = open_store(config, folder.area) is not None
    runner = runner_script(config)
    bootstrap, made = _bootstrap(config, commands=isinstance(request, CommandRequest))
    parameters = {
        REQUEST: mounted(file.place, config) if reached else text,
        DIGEST: hashlib.sha256(text.encode()).hexdigest(),
        FOLDER: mounted(folder, config),
    }
    if asked["schedule"] is not None:
        when = asked["schedule"]
        parameters[SCHEDULE] = f"{when['cron'] or 'when data arrives'} ({when['timezone']})"
    files = (*made, runner, *((file,) if reached else ()))
    return Staged(runner.place, (bootstrap,), parameters, files)


def install_scripts(config: Config) -> tuple[Script, ...]:
    """Put the scripts of all jobs into their area, for those who submit from outside the Lab.

    Raises:
        UsageError: the area cannot be reached from here.
    """
    scripts = (
        runner_script(config),
        *(each for commands in (False, True) for each in _bootstrap(config, commands=commands)[1]),
    )
    store = open_store(config, scripts[0].place.area)
    if store is None:
        raise UsageError(
            f"the area {scripts[0].place.area} cannot be reached from here",
            remedy="do this in the Lab, once for each version of beaf-bmll and its plugins",
        )
    for each in scripts:
        store.write(each.place, each.text, _mode(each))
    return scripts


def _bootstrap(config: Config, *, commands: bool) -> tuple[Bootstrap, tuple[Script, ...]]:
    """Name the bootstrap, and what has to be written for it."""
    own, args = config.default_bootstrap, config.default_bootstrap_args
    if own is None:
        script = bootstrap_script(config, commands=commands)
        return _named(script.place), (script,)
    refuse_passwords_in_words(args, "BMLL_JOBS.default_bootstrap_args")
    return _named(locate_file(own, config, "BMLL_JOBS.default_bootstrap"), args), ()


def _named(place: AreaPath, args: tuple[str | int, ...] = ()) -> Bootstrap:
    return Bootstrap(place.area, place.path, place.path.rpartition("/")[2], args)


def _mode(script: Script) -> int:
    """Requests may tell what is nobody else's business; scripts are run by whoever may."""
    return 0o600 if script.place.path.endswith(".json") else 0o755
