"""Does a person's pipeline run on a machine of BMLL's as it runs here, and is it told so?"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal
from tests.cli.conftest import Beaf, Typed

from beaf_bmll.testing import Emulator
from beaf_bmll.testing.auth import Doorkeeper, Pass

from .conftest import DAY, PASSWORD

pytestmark = pytest.mark.xdist_group("bmll")

BARS = f"data/demo_ohlcv_1min/bars/mic=XLON/{DAY}_{DAY}.parquet"


def test_a_job_writes_what_a_local_run_writes_tells_of_it_and_tells_no_secret(
    bmll_emulator: Emulator,
    project: Path,
    submit: Callable[..., Typed],
    beaf: Beaf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passes = given_passes(monkeypatch)
    # A secret of the person's own travels by a file alone.
    secrets = bmll_emulator.area_roots["user"] / "secrets.env"
    secrets.write_text(f"DATABASE_PASSWORD='{PASSWORD}'\n")
    settings = yaml.safe_load((project / "beaf.yaml").read_text())
    settings["BMLL_JOBS"] |= {"env_file": str(secrets)}
    (project / "beaf.yaml").write_text(yaml.safe_dump(settings))

    ran = submit("--instance_size", "64", "--follow", "--name", "nightly")

    assert ran.code == 0, ran.err
    (run,) = bmll_emulator.deleted_runs  # whoever has waited leaves no job that has succeeded
    assert ran.out.splitlines()[:2] == [f"job {run.job_id}", f"run {run.id}"]
    assert "mic=XLON:2026-02-01 bars written: 3,200 rows" in ran.out
    assert f"beaf job status {run.id}" in ran.err
    assert (run.settings["name"], run.settings["instanceSize"]) == ("nightly", 64)
    logs = project / "_bmll_jobs" / run.job_id / "logs"
    assert run.settings["logPath"] == str(logs.relative_to(bmll_emulator.area_roots["user"]))
    job_made = pl.read_parquet(project / BARS)

    here = beaf("pipeline", "run", "-p", "01_ohlcv_bars.py", "--date", DAY, "--set",
                "OUTPUT_TARGET.path_template=here.parquet", "--json")  # fmt: skip
    assert here.code == 0, here.err
    assert_frame_equal(job_made, pl.read_parquet(project / "here.parquet"))

    told = beaf("job", "status", run.id, "--json")
    assert told.json["status"] == "succeeded"
    assert told.json["exit_code"] == 0
    assert told.json["receipts"][0]["location"] == str(project / BARS)
    shown = beaf("job", "status")
    assert "succeeded" in shown.out
    assert "3200" in shown.out

    listed = beaf("job", "list", "--all", "--json")
    assert [(each["run_id"], each["status"]) for each in listed.json] == [(run.id, "succeeded")]
    said = beaf("job", "logs", run.job_id)
    assert "bars written: 3,200 rows" in said.out
    assert "the script starts" in beaf("job", "logs", "--kind", "general").out
    well = beaf("job", "doctor", "--json")
    assert (well.code, well.json) == (0, [])

    everything = [ran, told, shown, listed, said, well]
    held = "\n".join(f"{each.out}\n{each.err}" for each in everything)
    assert passes, "somebody has logged in"
    never = [PASSWORD, bmll_emulator.key_path.read_text().splitlines()[1], *passes]
    refuse_secrets(bmll_emulator, held, never, besides=secrets)


def given_passes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every token and key that the servers give from now on."""
    given: list[str] = []
    let_in = Doorkeeper.let_in

    def noted(self: Doorkeeper, *, lab: bool) -> Pass:
        made = let_in(self, lab=lab)
        given.extend([made.token, made.api_key])
        return made

    monkeypatch.setattr(Doorkeeper, "let_in", noted)
    return given


def refuse_secrets(
    emulator: Emulator, printed: str, never: Sequence[str], *, besides: Path
) -> None:
    """Search what was printed, sent and written for what nobody may see."""
    own = {besides, *emulator.key_path.parent.rglob("*")}
    files = [each for each in emulator.root.rglob("*") if each.is_file() and each not in own]
    assert any(each.name == "stream.log" for each in files)
    assert any("ledger" in each.parts for each in files)
    payloads = json.dumps([run.settings for run in emulator.deleted_runs], default=str)
    assert "beaf_request" in payloads
    for secret in never:
        assert secret not in printed
        assert secret not in payloads
        for file in files:
            assert secret.encode() not in file.read_bytes(), file
