"""Who checks the sections of sources and launchers?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from tests.config.conftest import (
    PLUGINS,
    CloudConfig,
    Desk,
    Options,
    entry,
)

from beaf_core import (
    BeafError,
    Catalog,
    PluginHost,
    UsageError,
)
from beaf_core.config.load import load_pipeline
from beaf_core.config.resolve import resolve
from beaf_core.config.resolved import ResolvedPipeline


def paths(error: Any) -> list[str]:
    return [each.path for each in error.problems]


def resolved_by(host: PluginHost, config: Any) -> ResolvedPipeline:
    loaded = load_pipeline(config, environ={})
    return resolve(loaded.tree, loaded.project, host)


def test_a_source_gets_its_options(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass({"SOURCE": {"type": "tape", "root": "/lake"}}))
    assert found.source == "tape"
    assert found.source_options.root == "/lake"
    assert found.require_source() == "tape"


def test_a_source_whose_options_do_not_know_their_type_gets_the_rest(
    desk: Desk, one_pass: Any
) -> None:
    found = desk.resolve(one_pass({"SOURCE": {"type": "bare", "depth": 4}}))
    assert found.source_options.model_dump() == {"depth": 4}


@pytest.mark.parametrize("name", ["bare", "mute"])
def test_a_key_that_a_source_would_ignore_is_refused(desk: Desk, one_pass: Any, name: str) -> None:
    error = desk.refused(one_pass({"SOURCE": {"type": name, "dept": 4}}))
    hint = ' — did you mean "depth"?' if name == "bare" else ""
    assert str(error).endswith(f'SOURCE.dept: unknown key "dept"{hint}')


def test_a_source_without_options_is_fine(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass({"SOURCE": {"type": "mute"}}))
    assert (found.source, found.source_options) == ("mute", None)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("tape", "SOURCE: should be a mapping with the type of the source and its options"),
        ({"root": "/x"}, "SOURCE.type: should name a source"),
        ({"type": None}, "SOURCE.type: should name a source"),
        ({"type": 5}, "SOURCE.type: should name a source"),
        ({"type": "tap"}, 'SOURCE.type: no source is called "tap" — did you mean "tape"?'),
        ({"type": "tape"}, "SOURCE.root: is missing"),
    ],
)
def test_what_is_wrong_with_a_source_is_told(
    desk: Desk, one_pass: Any, source: object, words: str
) -> None:
    error = desk.refused(one_pass({"SOURCE": source}))
    assert words in str(error)
    assert len(error.problems) == 1
    if "type" in words:
        assert "installed sources: bare, mute, tape" in str(error)


def test_no_source_is_an_error_only_when_it_is_needed(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass({"SOURCE": None}))
    assert found.source is None
    with pytest.raises(UsageError, match="no SOURCE is configured"):
        found.require_source()


# -- launchers -----------------------------------------------------------------------------------


def test_a_launcher_gets_the_section_that_it_claims(desk: Desk, one_pass: Any) -> None:
    found = desk.resolve(one_pass({"LAUNCHER": "cloud", "CLOUD_JOBS": {"cores": 4}}))
    assert found.launcher_options == CloudConfig(cores=4)
    assert desk.resolve(one_pass({"LAUNCHER": "cloud"})).launcher_options == CloudConfig()


def test_the_section_of_another_launcher_is_checked_and_kept_for_it(
    desk: Desk, one_pass: Any
) -> None:
    found = desk.resolve(one_pass({"CLOUD_JOBS": {"cores": 4}}))
    assert found.launcher_options is None
    error = desk.refused(one_pass({"CLOUD_JOBS": {"coars": 4}}))
    assert str(error).endswith('CLOUD_JOBS.coars: unknown key "coars" — did you mean "cores"?')


def test_an_unknown_launcher_is_told_once(desk: Desk, one_pass: Any) -> None:
    assert paths(desk.refused(one_pass({"LAUNCHER": "clod"}))) == ["LAUNCHER"]
    assert paths(desk.refused(one_pass({"LAUNCHER": 5}))) == ["LAUNCHER"]


def test_a_section_of_a_first_party_plugin_waits_for_it_with_one_note(
    desk: Desk, one_pass: Any
) -> None:
    found = desk.resolve(one_pass({"BMLL_JOBS": {"default_instance_size": 32}}))
    assert found.notes == ("BMLL_JOBS is kept; it takes effect once beaf-bmll is installed",)
    assert found.config.BMLL_JOBS == {"default_instance_size": 32}


def test_the_same_section_is_checked_once_its_plugin_is_there(one_pass: Any) -> None:
    class Jobs(Options):
        config_key: ClassVar[str] = "BMLL_JOBS"
        enabled: bool = False

    host = PluginHost(Catalog([*PLUGINS, entry("launcher", "bmll", SimpleNamespace(Config=Jobs))]))
    assert resolved_by(host, one_pass({"BMLL_JOBS": {"enabled": True}})).notes == ()
    with pytest.raises(BeafError, match=r'did you mean "enabled"'):
        resolved_by(host, one_pass({"BMLL_JOBS": {"enable": True}}))
    chosen = resolved_by(host, one_pass({"LAUNCHER": "bmll", "BMLL_JOBS": {"enabled": True}}))
    assert chosen.launcher_options == Jobs(enabled=True)


def test_a_broken_launcher_that_nobody_names_is_a_note_at_most(one_pass: Any) -> None:
    bad = entry("launcher", "bad", SimpleNamespace(Config="no model"))
    host = PluginHost(Catalog([*PLUGINS, bad]))
    assert resolved_by(host, one_pass()).notes == ()
    found = resolved_by(host, one_pass({"CLOUD_JOBS": {}}))
    assert [each.partition(":")[0] for each in found.notes] == [
        "while looking for a section's owner"
    ]
