"""Do `beaf dagster install` and `uninstall` change a pipeline's YAML as asked, or not at all?"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from tests.cli.conftest import Beaf

from beaf_core import UsageError, prepare_pipeline
from beaf_dagster.editing.installing import install_schedule, opened, write

CRON = ("--cron", "0 2 * * *")


def schedule_of(path: Path, name: str) -> dict[str, object] | None:
    found = prepare_pipeline(path).resolved.config.SCHEDULES
    return next((each.model_dump(mode="json") for each in found if each.name == name), None)


def with_schedules(path: Path, schedules: list[dict[str, object]]) -> None:
    """Let a Python pipeline have schedules of its own."""
    line = f'USER_CONFIG["SCHEDULES"] = {schedules!r}\n'
    path.write_text(path.read_text() + line)


# -- install ---------------------------------------------------------------------------------------


def test_the_line_of_the_description_schedules_and_automates(pipes: Path, beaf: Beaf) -> None:
    done = beaf(
        "dagster", "install", "--pipeline", str(pipes / "two.py"), *CRON,
        "--timezone", "Europe/London", "--auto_materialize_latest_days", "7",
    )  # fmt: skip
    assert done.code == 0
    assert (pipes / "two.yaml").read_text() == (
        'SCHEDULES:\n  - name: two\n    enabled: true\n    cron: "0 2 * * *"\n'
        "    timezone: Europe/London\n"
        "AUTO_MATERIALIZE_ENABLED: true\nAUTO_MATERIALIZE_LATEST_DAYS: 7\n"
    )
    assert "two.yaml: created" in done.out
    assert 'schedule "two": 0 2 * * * Europe/London, yesterday of the first universe' in done.out
    assert "automation: the latest 7 days" in done.out


def test_partitions_are_named_and_told_as_json(pipes: Path, beaf: Beaf) -> None:
    done = beaf(
        "dagster", "install", "--pipeline", str(pipes / "two.py"), *CRON, "--json",
        "--partition", "date=-1bd,universe=mic=XPAR", "--partition", "date=yesterday",
    )  # fmt: skip
    told = json.loads(done.out)
    assert told["created"]
    assert told["file"] == str(pipes / "two.yaml")
    assert told["schedule"] == schedule_of(pipes / "two.py", "two")
    assert told["schedule"]["partitions"] == [
        {"date": "-1bd", "universe": "mic=XPAR"},
        {"date": "yesterday", "universe": None},
    ]
    assert not told["automation"]["AUTO_MATERIALIZE_ENABLED"]


def test_what_is_installed_twice_changes_nothing(pipes: Path, beaf: Beaf) -> None:
    command = ("dagster", "install", "--pipeline", str(pipes / "bars.yaml"), *CRON)
    before = (pipes / "bars.yaml").read_text()
    assert "changed" in beaf(*command).out
    once = (pipes / "bars.yaml").read_text()
    assert once.startswith(before)
    assert "nothing to change" in beaf(*command).out
    assert (pipes / "bars.yaml").read_text() == once


def test_a_schedule_of_python_is_switched_on_by_its_name_alone(pipes: Path, beaf: Beaf) -> None:
    with_schedules(pipes / "two.py", [{"name": "nightly", "cron": "0 4 * * *"}])
    command = ("dagster", "install", "--pipeline", str(pipes / "two.py"))
    assert beaf(*command, "--schedule_name", "nightly").code == 0
    found = schedule_of(pipes / "two.py", "nightly")
    assert found is not None
    assert (found["enabled"], found["cron"]) == (True, "0 4 * * *")
    wrong = beaf(*command, "--schedule-name", "nightli")
    assert wrong.code == 2
    assert 'no schedule "nightli" to switch on — did you mean "nightly"?' in wrong.err


def test_the_mode_of_the_file_is_kept_and_links_are_followed(pipes: Path, beaf: Beaf) -> None:
    real = pipes.parent / "shared.yaml"
    real.write_text("# shared\n")
    real.chmod(0o640)
    (pipes / "two.yaml").symlink_to(real)
    assert beaf("dagster", "install", "--pipeline", str(pipes / "two.py"), *CRON).code == 0
    assert (pipes / "two.yaml").is_symlink()
    assert real.read_text().startswith("# shared\nSCHEDULES:\n")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(each.name for each in pipes.glob(".*")) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--cron", "0 2 31 2 *"), "two.yaml:4:11 SCHEDULES[0].cron: names a day that no year has"),
        (("--cron", "0 6 ? * MON-FRI *"), "without the year it is 0 6 * * MON-FRI"),
        ((*CRON, "--timezone", "Mars"), "SCHEDULES[0].timezone: is not an IANA time zone"),
        ((*CRON, "--partition", "date=soon"), "'soon' is not a date of the calendar"),
        ((*CRON, "--partition", "universe=mic=XPAX"), 'did you mean "mic=XPAR"'),
        ((*CRON, "--partition", "universe=sector=x"), "no partitions of the universe sector=x"),
        ((*CRON, "--partition", "universe=mic=XLON,XPAR"), "a universe cannot hold a comma"),
        ((*CRON, "--partition", "day=2026-02-01"), "is neither date=… nor universe=…"),
        ((), "there is nothing to install"),
        (("--enable_automaterialize", "--auto_materialize_latest_days", "0"), "0"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    pipes: Path, beaf: Beaf, options: tuple[str, ...], words: str
) -> None:
    for stands in (None, "# mine\n"):
        if stands:
            (pipes / "two.yaml").write_text(stands)
        done = beaf("dagster", "install", "--pipeline", str(pipes / "two.py"), *options)
        assert done.code == 2
        if stands is None:
            assert words in done.err
        assert sorted(each.name for each in pipes.glob("*two.*")) == (
            ["two.py", "two.yaml"] if stands else ["two.py"]
        )
    assert (pipes / "two.yaml").read_text() == "# mine\n"


def test_an_edit_that_python_overrules_is_refused(pipes: Path, beaf: Beaf) -> None:
    text = (pipes / "two.py").read_text() + '\nCONFIG_YAML_PRECEDENCE = "python_overrides"\n'
    (pipes / "two.py").write_text(text)
    with_schedules(pipes / "two.py", [{"name": "two", "cron": "0 4 * * *", "enabled": True}])
    install = ("dagster", "install", "--pipeline", str(pipes / "two.py"))
    for command in (
        (*install, *CRON),
        ("dagster", "uninstall", "--pipeline", str(pipes / "two.py")),
    ):
        done = beaf(*command)
        assert done.code == 2
        assert 'CONFIG_YAML_PRECEDENCE is "python_overrides"' in done.err
        assert not (pipes / "two.yaml").exists()
    # What Python does not say is YAML's to say.
    assert beaf(*install, *CRON, "--schedule_name", "other").code == 0
    assert schedule_of(pipes / "two.py", "other") is not None


def test_an_edit_that_the_environment_overrules_is_refused(
    pipes: Path, beaf: Beaf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAF__AUTO_MATERIALIZE_ENABLED", "false")
    done = beaf(
        "dagster", "install", "--pipeline", str(pipes / "two.py"), "--enable_automaterialize"
    )
    assert done.code == 2
    assert "AUTO_MATERIALIZE_ENABLED would stay as it is" in done.err
    assert not (pipes / "two.yaml").exists()


def test_a_file_that_somebody_has_changed_meanwhile_is_left_alone(pipes: Path) -> None:
    edited = install_schedule(opened(str(pipes / "bars.yaml")), "daily", {"cron": "0 2 * * *"})
    (pipes / "bars.yaml").write_text("# theirs\n")
    with pytest.raises(UsageError, match="has been changed meanwhile"):
        write(edited)
    assert (pipes / "bars.yaml").read_text() == "# theirs\n"


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(
    pipes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (pipes / "bars.yaml").read_text()
    edited = install_schedule(opened(str(pipes / "bars.yaml")), "daily", {"cron": "0 2 * * *"})

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        write(edited)
    assert (pipes / "bars.yaml").read_text() == before
    assert list(pipes.glob(".*")) == []


# -- uninstall -------------------------------------------------------------------------------------


def test_what_is_uninstalled_leaves_the_file_as_it_was(pipes: Path, beaf: Beaf) -> None:
    page = "# Bars.\n" + (pipes / "bars.yaml").read_text() + "# The end.\n"
    (pipes / "bars.yaml").write_text(page)
    pipeline = ("--pipeline", str(pipes / "bars.yaml"))
    assert beaf("dagster", "install", *pipeline, *CRON).code == 0
    done = beaf("dagster", "uninstall", *pipeline)
    assert done.code == 0
    assert 'schedule "bars": removed' in done.out
    assert (pipes / "bars.yaml").read_text() == page


def test_a_schedule_that_stands_in_python_is_switched_off(pipes: Path, beaf: Beaf) -> None:
    nightly = {"name": "nightly", "cron": "0 4 * * *", "enabled": True}
    with_schedules(pipes / "two.py", [nightly])
    pipeline = ("--pipeline", str(pipes / "two.py"), "--schedule_name", "nightly")
    assert beaf("dagster", "install", *pipeline, "--cron", "0 5 * * *").code == 0
    done = beaf("dagster", "uninstall", *pipeline)
    assert "switched off" in done.out
    found = schedule_of(pipes / "two.py", "nightly")
    assert found is not None
    assert not found["enabled"]
    assert "nothing to change" in beaf("dagster", "uninstall", *pipeline).out


def test_automation_is_switched_off_with_a_schedule_or_without(pipes: Path, beaf: Beaf) -> None:
    (pipes / "two.yaml").write_text("AUTO_MATERIALIZE_ENABLED: true  # since May\n")
    done = beaf(
        "dagster", "uninstall", "--pipeline", str(pipes / "two.py"), "--disable_automaterialize"
    )
    assert done.code == 0
    assert "automation: off" in done.out
    assert (pipes / "two.yaml").read_text() == "AUTO_MATERIALIZE_ENABLED: false  # since May\n"


def test_uninstalling_what_is_not_there_says_what_is(pipes: Path, beaf: Beaf) -> None:
    command = ("dagster", "uninstall", "--pipeline", str(pipes / "two.py"))
    done = beaf(*command)
    assert done.code == 2
    assert 'has no schedule "two"' in done.err
    with_schedules(pipes / "two.py", [{"name": "nightly", "enabled": True}])
    done = beaf(*command)
    assert done.code == 2
    assert "take one of nightly" in done.err
    assert not (pipes / "two.yaml").exists()
