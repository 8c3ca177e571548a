"""Paths are found in storage areas, or refused with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaf_bmll.config import AREA_ROOTS, Config
from beaf_bmll.staging import AreaPath, locate, mounted
from beaf_core import UsageError

LAB = Config()


def test_paths_of_the_lab_become_paths_below_their_area() -> None:
    assert locate("/home/bmll/user/x/y.py", LAB) == AreaPath("user", "x/y.py")
    assert locate("/home/bmll/organisation/z.sh", LAB) == AreaPath("organisation", "z.sh")


def test_a_relative_path_belongs_to_the_project_root() -> None:
    assert locate("demo/01.py", LAB) == AreaPath("user", "intraday-metrics/demo/01.py")


def test_a_relative_project_root_belongs_to_the_configured_area() -> None:
    config = Config.model_validate({"area": "organisation", "project_root": "team"})
    assert locate("a.py", config) == AreaPath("organisation", "team/a.py")


@pytest.mark.parametrize("path", ["/tmp/x.py", "/home/bmll/username/x.py", "/home/bmll", "/"])
def test_a_path_outside_every_area_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="lies in no storage area") as refused:
        locate(path, LAB, "the pipeline")
    assert "/home/bmll/user" in str(refused.value.remedy)


@pytest.mark.parametrize("path", ["../x.py", "/home/bmll/user/../organisation/x", "a/../../b"])
def test_a_path_that_goes_up_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match=r"goes up by `\.\.`"):
        locate(path, LAB)


@pytest.mark.parametrize("path", ["a\nb.py", "a\0b", "a\x1b[31m", "", "  ", "a\u2028b"])
def test_a_path_that_cannot_be_told_in_one_line_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match=r"the path (holds|is empty)"):
        locate(path, LAB)


def test_a_link_out_of_the_area_is_refused(area: Path, config: Config, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (area / "link").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="a link out of its storage area"):
        locate(str(area / "link" / "x.py"), config)


def test_an_area_that_is_itself_reached_by_a_link_is_named_by_its_mount(
    area: Path, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "mount").symlink_to(area)
    linked = config.model_copy(update={"area_roots": {"user": str(tmp_path / "mount")}})
    found = locate(str(area / "project" / "x.py"), linked)
    assert mounted(found, linked) == str(tmp_path / "mount" / "project" / "x.py")


_PART = st.text(
    st.characters(exclude_categories=("C", "Z"), exclude_characters="/"), min_size=1, max_size=8
).filter(lambda part: part not in {".", ".."})


@settings(max_examples=50)
@given(area=st.sampled_from(sorted(AREA_ROOTS)), parts=st.lists(_PART, max_size=4))
def test_a_place_is_found_again_by_its_mount(area: str, parts: list[str]) -> None:
    place = locate("/".join((f"/home/bmll/{area}", *parts)), LAB)
    assert place == AreaPath(area, "/".join(parts))
    assert locate(mounted(place, LAB), LAB) == place
