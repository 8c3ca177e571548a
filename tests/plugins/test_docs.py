"""Is every hook documented, shown by an example that runs, and named by a test?"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from beaf_core import run_pipeline
from beaf_core.plugins import kinds, specs
from beaf_core.plugins.scaffold import example_of
from beaf_core.testing import TINY_DAYS, check_module, check_universe, write_market

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def spec(hook):
    return getattr(specs, hook)


def signature(hook):
    return f"{hook}({', '.join(inspect.signature(spec(hook)).parameters)})"


def test_every_hookspec_belongs_to_exactly_one_kind():
    marked = {name for name in vars(specs) if hasattr(spec(name), "beaf_spec")}
    assert sorted(kinds.hooks()) == sorted(marked)
    assert len(marked) == 12


@pytest.mark.parametrize("hook", kinds.hooks())
def test_every_hook_is_asked_of_one_plugin(hook):
    assert spec(hook).beaf_spec["firstresult"] is True


@pytest.mark.parametrize("hook", kinds.hooks())
def test_every_hookspec_tells_its_arguments_and_its_answer(hook):
    text = inspect.getdoc(spec(hook))
    parameters = list(inspect.signature(spec(hook)).parameters)
    assert "Returns:" in text
    assert ("Args:" in text) == bool(parameters)
    for each in parameters:
        assert re.search(rf"^    {each}: \S", text, re.MULTILINE), f"{hook} does not tell of {each}"


@pytest.mark.parametrize("hook", kinds.hooks())
def test_every_hookspec_holds_an_example_or_points_to_one(hook):
    pointed = re.search(r"the example is under `(\w+)`", inspect.getdoc(spec(hook)))
    source = example_of(pointed[1] if pointed else hook)
    assert source is not None, f"{hook} has no example"
    assert re.search(rf"^@hookimpl\ndef {hook}\(", source, re.MULTILINE)


@pytest.mark.parametrize("hook", kinds.hooks())
def test_every_hook_has_a_heading_with_its_exact_signature(hook):
    assert f"\n### `{signature(hook)}`\n" in REFERENCE


def test_no_heading_speaks_of_a_hook_that_is_not_there():
    headed = re.findall(r"^### `(.+)`$", REFERENCE, re.MULTILINE)
    assert sorted(headed) == sorted(signature(hook) for hook in kinds.hooks())


def test_every_link_to_a_hook_leads_to_its_heading():
    for target in re.findall(r"\(#([\w-]+)\)", REFERENCE):
        anchors = [
            re.sub(r"[^\w -]", "", signature(hook)).replace(" ", "-") for hook in kinds.hooks()
        ]
        assert target in anchors


@pytest.mark.parametrize("hook", kinds.hooks())
def test_every_hook_has_a_test_that_names_it(hook):
    tests = (ROOT / "tests" / "plugins" / "test_hooks.py").read_text(encoding="utf-8")
    assert re.search(rf"^def test_hook_{hook}_\w+\(", tests, re.MULTILINE)


def test_the_reference_shows_the_examples_of_the_docstrings_word_for_word():
    shown = PYTHON.findall(REFERENCE)
    sources = [example_of(hook) for hook in kinds.hooks()]
    assert sorted(shown) == sorted(
        text for text in sources if text and text != example_of("universe_values")
    )


@pytest.mark.parametrize("error", ["NotFound", "Conflict", "Load", "Call", "Answer"])
def test_every_error_is_listed_with_the_exit_code_that_it_has(error):
    from beaf_core.plugins import errors

    kind = getattr(errors, f"Plugin{error}Error")
    row = re.search(rf"^\| `Plugin{error}Error` \|.*\| (\d) \|$", REFERENCE, re.MULTILINE)
    assert int(row[1]) == kind.exit_code


# -- the tutorial --------------------------------------------------------------------------


def block(start):
    """Return the tutorial's one block that holds a line."""
    (found,) = [text for text in PYTHON.findall(TUTORIAL) if start in text]
    return found


def test_the_tutorials_universe_of_sectors_keeps_its_contract(shelf):
    shelf.add("beaf-acme", {"universe/acme": "sectors"}, sectors=block("Sector=value"))
    check_universe("acme", "Energy")


def test_the_tutorials_first_universe_is_what_the_scaffold_writes():
    assert block("MIC=value") == example_of("get_universe")


def test_the_tutorials_test_passes_with_its_universe(shelf, beaf_host_with, beaf_reference):
    from types import ModuleType

    universe = ModuleType("beaf_acme.universe")
    exec(compile(block("Sector=value"), "tutorial", "exec", dont_inherit=True), universe.__dict__)
    package = "universe = None\n"
    shelf.add("beaf-acme", beaf_acme=package)
    import beaf_acme

    beaf_acme.universe = universe
    scope = {}
    exec(compile(block("energy_is_two"), "tutorial", "exec", dont_inherit=True), scope)
    assert "test_energy_is_two_listings" in scope
    scope["test_energy_is_two_listings"](beaf_host_with, beaf_reference)


def test_the_tutorials_pipeline_runs_and_sums_its_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_market(tmp_path / "market")
    path = tmp_path / "blocks.py"
    path.write_text(block("BlockShares"), encoding="utf-8")
    report = run_pipeline(path, date=TINY_DAYS[0])
    assert report.status == "succeeded", report
    bars = pl.read_parquet(report.receipts[0].location).sort("ListingId", "TimeBucket")
    # ALFA on XLON: 200 + 300 + 400 in the first minute, the print off the book in the second.
    assert bars["BlockShares"].to_list() == [900.0, 1000.0, 0.0]


def test_the_tutorials_look_up_provided_table_and_compute_give_what_is_worked_out_by_hand(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_market(tmp_path / "market")
    path = tmp_path / "beyond.py"
    path.write_text(block("Drift1min"), encoding="utf-8")
    report = run_pipeline(path, date=TINY_DAYS[0])
    assert report.status == "succeeded", report
    bars = pl.read_parquet(report.receipts[0].location).sort("ListingId", "TimeBucket")
    # ALFA on XLON: 10.0, 10.5, 10.2 and 10.4 are followed by 10.4, 10.4, 10.4 and 10.6; its large
    # trades are 300 at 10.2, 200 at 10.5 and 400 at 10.4. On XPAR, 12.0 and 12.5 by 12.5.
    assert bars["Drift1min"].to_list() == pytest.approx([0.7 / 4, 0.0, 0.25])
    assert bars["LargeNotional"].to_list() == [9320.0, 11000.0, 0.0]
    assert bars["UniverseShare"].to_list() == pytest.approx([1000 / 1040, 1.0, 40 / 1040])


def test_the_tutorials_module_of_lifetimes_keeps_its_contract():
    from types import ModuleType

    plugin = ModuleType("resting")
    exec(compile(block("Fleeting"), "tutorial", "exec", dont_inherit=True), plugin.__dict__)
    check_module(plugin)


def test_the_tutorials_options_make_a_model():
    scope = {}
    exec(compile(block("delimiter"), "tutorial", "exec", dont_inherit=True), scope)
    assert scope["Config"](type="acme", root="here").delimiter == ","


@pytest.mark.parametrize(
    "name", ["universe", "source", "module", "output", "launcher", "area", "command"]
)
def test_the_tutorial_tells_of_every_check_with_its_first_arguments(name):
    from beaf_core import testing

    check = getattr(testing, f"check_{name}")
    told = re.search(rf"^\| `check_{name}\(([^)]*)\)`", TUTORIAL, re.MULTILINE)[1]
    known = list(inspect.signature(check).parameters)
    given = [each.partition("=")[0].strip() for each in told.split(",")]
    assert given[0] in {"plugin", "command"}
    assert set(given[1:]) <= set(known)


def test_the_tutorial_tells_of_every_fixture():
    from beaf_core.testing import plugin

    fixtures = {name for name in vars(plugin) if name.startswith("beaf_")}
    assert fixtures == set(re.findall(r"^\| `(beaf_\w+)` \|", TUTORIAL, re.MULTILINE))


def test_the_module_of_the_tutorial_declares_a_timeline_that_holds(pipeline_file):
    (text,) = (each for each in PYTHON.findall(TUTORIAL) if "acme_lots" in each)
    names = {}
    exec(text, names)
    check_module(SimpleNamespace(analytics_module=names["analytics_module"]), name="acme_lots")
    path = pipeline_file.with_name("own.py")
    passes = [{"name": "lots", "modules": ["acme_lots"]}]
    path.write_text(f"{text}\nUSER_CONFIG = {{'PASSES': {passes!r}}}\n")
    report = run_pipeline(path, date=TINY_DAYS[0], universe="mic=XLON")
    frame = pl.read_parquet(report.receipts[0].location)
    assert frame.height == 2 * 450
    assert report.outcomes[0].message is None, "the identity holds"
    beta = frame.filter(ListingId=102)
    assert beta["All"].to_list()[:6] == [50, 0, 0, 0, 150, 0]
    assert beta["LastPrice"].to_list()[:6] == [20.0, 20.0, 20.0, 20.0, 21.0, 21.0]
