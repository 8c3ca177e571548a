"""The generated bootstrap, run by a real bash."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_bmll.config import Config
from beaf_bmll.staging import install_scripts, mounted
from beaf_bmll.staging.bootstrap import bootstrap_script, requirements, runner_script
from beaf_core import UsageError

HOSTILE = "it's $(touch pwned) `touch pwned` \"; touch pwned; # é 日本"
PASSWORD = "hunter2-and-more"


def _run(script: Path, python: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    folder = python.parent if python else Path(sys.executable).parent
    return subprocess.run(
        ["bash", str(script)],
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(script.parent), **more},
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def _installed(config: Config) -> Path:
    install_scripts(config)
    return Path(mounted(bootstrap_script(config).place, config))


def test_a_machine_that_has_everything_is_left_as_it_is(config: Config) -> None:
    ended = _run(_installed(config))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("beaf: all of it is installed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A Python that says what pip was asked for: installing takes the index, and a minute."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        f'#!/bin/sh\nif [ "$2" = pip ]; then printf "%s\\n" "$@"; exit ${{PIP_ENDS:-0}}\n'
        f'else exec {sys.executable} "$@"; fi\n'
    )
    python.chmod(0o755)
    return python


def test_what_is_lacking_is_installed_from_the_wheels_of_the_area(
    area: Path, config: Config, machine: Path
) -> None:
    absent = config.model_copy(update={"requirements": ("beaf-core==99", "numpy<2")})
    wheels = area / "project" / "_bmll_jobs" / "wheels"
    wheels.mkdir(parents=True)

    ended = _run(_installed(absent), machine)

    assert ended.returncode == 0, ended.stderr
    asked = ended.stdout.splitlines()[1:]
    assert asked[:3] == ["-m", "pip", "install"]
    assert asked[-4:] == ["--find-links", str(wheels), "beaf-core==99", "numpy<2"]


def test_what_is_asked_for_in_no_version_is_left_to_pip(config: Config, machine: Path) -> None:
    asked = config.model_copy(update={"requirements": ("no-such-plugin",)})
    ended = _run(_installed(asked), machine)
    assert ended.stdout.splitlines()[-1] == "no-such-plugin"


@pytest.mark.parametrize("place", ["requirements", "default_bootstrap_args"])
def test_a_password_is_not_written_where_others_read_it(
    area: Path, config: Config, place: str
) -> None:
    given = (f"acme @ https://me:{PASSWORD}@index.example/acme.whl",)
    own = {"default_bootstrap": str(area / "own.sh")} if place.startswith("default") else {}
    with pytest.raises(UsageError, match=place) as refused:
        install_scripts(config.model_copy(update={place: given, **own}))
    assert PASSWORD not in str(refused.value)
    assert not list(area.rglob("*.sh"))


def test_a_bootstrap_that_cannot_install_fails(config: Config, machine: Path) -> None:
    absent = config.model_copy(update={"requirements": ("beaf-core==99",)})
    assert _run(_installed(absent), machine, PIP_ENDS="7").returncode == 7


def test_nothing_in_a_folder_or_a_requirement_is_executed(
    area: Path, config: Config, machine: Path
) -> None:
    named = (f"beaf=={HOSTILE}", "x==1; touch pwned", "--index-url=$(touch pwned)")
    options = {"project_root": str(area / HOSTILE), "requirements": named}
    ended = _run(_installed(config.model_copy(update=options)), machine)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-3:] == list(named)
    assert not list(area.rglob("pwned"))


_PIECES = (
    *("$(touch pwned)", "`touch pwned`", "; touch pwned #", "&& touch pwned", "|touch pwned"),
    *("'", '"', "\\", "*", "~", "${HOME}", "é", " ", "-n", "$", "!", "{a,b}", ">x"),
)


@settings(max_examples=20, deadline=None)
@given(pieces=st.lists(st.sampled_from(_PIECES), min_size=1, max_size=6))
def test_no_folder_and_no_requirement_is_ever_shell_text(pieces: list[str]) -> None:
    word = "x" + "".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "bin", "python")
        python.parent.mkdir()
        python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        python.chmod(0o755)
        options = {
            "area_roots": {"user": f"{folder}/user"},
            "project_root": f"{folder}/user/{word}",
            "requirements": (word, "y"),
        }
        Path(folder, "user").mkdir()
        ended = _run(_installed(Config.model_validate(options)), python)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.splitlines()[:3] == ["-", word, "y"]
        names = {each.name for each in Path(folder).rglob("*")}
        assert names.isdisjoint({"pwned", "x"})


def test_scripts_are_named_by_their_content_and_never_change_under_a_name(config: Config) -> None:
    before = bootstrap_script(config)
    after = bootstrap_script(config.model_copy(update={"requirements": ("beaf-core==99",)}))
    assert before.place != after.place
    assert bootstrap_script(config) == before


def test_a_machine_gets_the_plugins_that_are_installed_here_in_their_versions() -> None:
    found = requirements(Config())
    assert {"beaf-core==0.1.0", "beaf-bmll==0.1.0", "beaf-analytics==0.1.0"} <= set(found)
    assert not any(each.startswith("beaf-dagster") for each in found)
    assert "beaf-dagster==0.1.0" in requirements(Config(), commands=True)


def test_what_is_installed_leaves_the_vendors_own_package_whole(config: Config) -> None:
    assert "pins=('numpy<2' 'pyarrow<26')\n" in bootstrap_script(config).text


def test_the_runner_starts_without_anything_installed(config: Config) -> None:
    install_scripts(config)
    runner = mounted(runner_script(config).place, config)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({runner!r})"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_scripts_cannot_be_installed_where_no_area_is_reached(config: Config) -> None:
    away = config.model_copy(update={"area_roots": {"user": "/nowhere/user"}})
    away = away.model_copy(update={"project_root": "/nowhere/user/project"})
    with pytest.raises(UsageError, match="cannot be reached from here"):
        install_scripts(away)
