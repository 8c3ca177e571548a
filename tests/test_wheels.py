"""Does what we ship work for a stranger, from wheels, with a plugin of their own?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")

pytestmark = [pytest.mark.wheels, pytest.mark.xdist_group("wheels")]


def tried(
    *command: str | Path, cwd: Path, **variables: str | Path
) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment that knows nothing of this one, whatever comes of it."""
    foreign = ("BEAF", "BMLL", "DAGSTER", "PYTHON", "VIRTUAL")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=kept | {name: str(value) for name, value in variables.items()},
        text=True,
        capture_output=True,
        check=False,
    )


def run(*command: str | Path, cwd: Path, **variables: str | Path) -> str:
    """Run a command in an environment that knows nothing of this one."""
    done = tried(*command, cwd=cwd, **variables)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every distribution, built from a copy that has no leftovers of this checkout."""
    source = tmp_path_factory.mktemp("source") / "beaf"
    tracked = ("src", "plugins", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
    source.mkdir()
    for name in tracked:
        path = ROOT / name
        ignored = shutil.ignore_patterns("__pycache__")
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source / name)
    out = tmp_path_factory.mktemp("wheels")
    run(UV, "build", "--quiet", "--all-packages", "--out-dir", out, cwd=source)
    return out


@pytest.fixture(scope="session")
def stranger(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with `beaf-core[standard]` from the wheels, all else from the index."""
    home = tmp_path_factory.mktemp("stranger")
    run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=home)
    run(UV, "pip", "install", "--quiet", "--python", "env/bin/python",
        "--find-links", wheels, "beaf-core[standard]", "pytest", cwd=home)  # fmt: skip
    return home


@pytest.fixture(scope="session")
def orchestrated(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with `beaf-core beaf-dagster[dg]`, and the demos in `demo`."""
    home = tmp_path_factory.mktemp("orchestrated")
    run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=home)
    run(UV, "pip", "install", "--quiet", "--python", "env/bin/python",
        "--find-links", wheels, "beaf-core", "beaf-dagster[dg]", cwd=home)  # fmt: skip
    copy_demos(home)
    return home


@pytest.fixture(scope="session")
def without_sdk(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with `beaf-bmll`, and none of its extras."""
    home = tmp_path_factory.mktemp("without_sdk")
    run(UV, "venv", "--quiet", "--python", sys.executable, "env", cwd=home)
    run(UV, "pip", "install", "--quiet", "--python", "env/bin/python",
        "--find-links", wheels, "beaf-bmll", cwd=home)  # fmt: skip
    return home


def copy_demos(home: Path) -> None:
    """Copy the demos, without what runs of this checkout have left in them."""
    left = shutil.ignore_patterns("data", ".beaf", "__py*")
    shutil.copytree(ROOT / "demo", home / "demo", ignore=left)


def test_every_distribution_has_a_wheel_and_an_sdist_of_one_version(wheels: Path) -> None:
    names = ["analytics", "bench", "bmll", "core", "dagster", "outputs", "simulator", "universes"]
    assert sorted(path.name for path in wheels.glob("*.whl")) == [
        f"beaf_{name}-0.1.0-py3-none-any.whl" for name in names
    ]
    assert len(list(wheels.glob("*.tar.gz"))) == len(names)


def test_the_wheels_hold_their_own_package_and_its_types(wheels: Path) -> None:
    for path in wheels.glob("*.whl"):
        package = path.name.partition("-")[0]
        names = zipfile.ZipFile(path).namelist()
        tops = {name.partition("/")[0] for name in names}
        assert tops == {package, f"{package}-0.1.0.dist-info"}, path.name
        assert f"{package}/py.typed" in names


def test_the_demo_runs_for_a_stranger(stranger: Path) -> None:
    copy_demos(stranger)
    printed = run("env/bin/beaf", "pipeline", "run", "--pipeline", "demo/01_ohlcv_bars.py",
                  "--date", "2026-02-01", "--json", cwd=stranger)  # fmt: skip
    receipt = json.loads(printed)["receipts"][0]
    assert receipt["rows"] > 1000
    assert Path(receipt["location"]).is_relative_to(stranger / "demo" / "data")


def test_a_third_partys_universe_shows_up_and_answers(stranger: Path) -> None:
    beaf = stranger / "env" / "bin" / "beaf"
    run(beaf, "plugins", "new", "acme", "--kind", "universe", cwd=stranger)
    package = stranger / "beaf-acme"
    run(UV, "build", "--quiet", "--wheel", "--out-dir", "acme-dist", package, cwd=stranger)
    wheel = next((stranger / "acme-dist").glob("*.whl"))
    run(UV, "pip", "install", "--quiet", "--python", "env/bin/python", wheel, cwd=stranger)
    listed = json.loads(run(beaf, "plugins", "list", "--json", cwd=stranger))
    assert ("universe", "acme") in {(each["kind"], each["name"]) for each in listed}
    (stranger / "beaf.yaml").write_text("SOURCE: {type: simulated}\n")
    shown = run(beaf, "universe", "show", "acme=XPAR", "--date", "2026-02-01", "--json",
                cwd=stranger)  # fmt: skip
    assert {each["MIC"] for each in json.loads(shown)} == {"XPAR"}
    bars = stranger / "bars.yaml"
    bars.write_text("PASSES: [{name: bars, modules: [trade]}]\n")
    printed = run(beaf, "pipeline", "run", "--pipeline", "bars.yaml", "--date", "2026-02-01",
                  "--universe", "acme=XPAR", "--json", cwd=stranger)  # fmt: skip
    assert json.loads(printed)["receipts"][0]["partition"] == "acme=XPAR:2026-02-01"
    run("env/bin/python", "-m", "pytest", "-q", package, cwd=stranger)


def test_the_core_alone_brings_no_orchestrator(stranger: Path) -> None:
    asked = "import importlib.util as u; print(u.find_spec('dagster'))"
    found = run("env/bin/python", "-c", asked, cwd=stranger)
    assert found.strip() == "None"
    run("env/bin/beaf", "plugins", "check", cwd=stranger)


def test_what_beaf_bmll_brings_says_so_where_it_is_not_installed(stranger: Path) -> None:
    copied = stranger / "bars.yaml"
    copied.write_text("SOURCE: {type: bmll}\nPASSES: [{name: bars, modules: [trade]}]\n")
    asked = ("pipeline", "run", "--pipeline", "bars.yaml", "--date", "2026-02-02")
    for words in (asked, ("job", "run", "--pipeline", "bars.yaml")):
        refused = tried("env/bin/beaf", *words, cwd=stranger)
        assert refused.returncode == 2
        assert "pip install beaf-bmll" in refused.stderr


def test_beaf_bmll_without_its_sdk_helps_and_says_what_to_install(without_sdk: Path) -> None:
    remedy = "pip install 'beaf-bmll[sdk]'"
    helped = tried("env/bin/beaf", "job", "--help", cwd=without_sdk)
    assert helped.returncode == 0
    assert remedy in " ".join(helped.stdout.split())
    checked = tried("env/bin/beaf", "plugins", "check", cwd=without_sdk)
    assert checked.returncode == 0
    assert f'the launcher "bmll" cannot work yet: bmll is not installed: {remedy}' in checked.stderr
    refused = tried("env/bin/beaf", "job", "list", "--set", "BMLL_JOBS.lab_org_id=ours",
                    cwd=without_sdk)  # fmt: skip
    assert refused.returncode == 2
    assert remedy in refused.stderr


def test_two_distributions_run_the_demo(orchestrated: Path) -> None:
    printed = run("env/bin/beaf", "pipeline", "run", "--pipeline", "demo/01_ohlcv_bars.py",
                  "--date", "2026-02-01", "--json", cwd=orchestrated)  # fmt: skip
    assert json.loads(printed)["receipts"][0]["rows"] > 1000


def test_what_they_set_up_loads_into_dagster_and_passes_the_check_of_dg(
    orchestrated: Path,
) -> None:
    home = orchestrated / "home"
    run("env/bin/beaf", "dagster", "setup", "--dagster_home", home, cwd=orchestrated)
    # It says so on stderr, and fails otherwise.
    run("env/bin/dagster", "definitions", "validate", "-m", "beaf_dagster.definitions",
        cwd=orchestrated, DAGSTER_HOME=home)  # fmt: skip
    printed = run(orchestrated / "env/bin/dg", "check", "defs",
                  cwd=home / "project", DAGSTER_HOME=home)  # fmt: skip
    assert "All definitions loaded successfully" in printed
