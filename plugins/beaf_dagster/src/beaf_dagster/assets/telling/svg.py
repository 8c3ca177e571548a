"""How are a few lines and bars drawn so small that an event can hold them?

Dagster shows a picture that Markdown holds as data; SVG takes 3 kB, letters included, where a
bitmap of the same size takes more and needs a library.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

_WIDTH, _LEFT, _TITLE, _HEIGHT, _GAP, _FOOT = 560, 64, 16, 80, 10, 18
_LINE, _BAR, _INK = "#1f6feb", "#8db4e8", "#444"


@dataclass(frozen=True)
class Panel:
    """One line, or one row of bars, over the moments that all panels share.

    Attributes:
        title: what it shows.
        values: one per moment; None where there is none.
        bars: whether it is bars, which begin at zero.
    """

    title: str
    values: Sequence[float | None]
    bars: bool = False

    @property
    def limits(self) -> tuple[float, float] | None:
        """The least and the greatest value; None where there is none."""
        there = [each for each in self.values if each is not None]
        if not there:
            return None
        return (min(0.0, *there), max(0.0, *there)) if self.bars else (min(there), max(there))


def markdown(panels: Sequence[Panel], moments: Sequence[datetime]) -> str:
    """Draw panels below each other; nothing where no panel has a value."""
    shown = [each for each in panels if each.limits is not None]
    if not shown:
        return ""
    alt = "; ".join(each.title for each in shown).translate(str.maketrans("[]", "()"))
    data = base64.b64encode(draw(shown, moments).encode()).decode()
    return f"![{alt}](data:image/svg+xml;base64,{data})"


def draw(panels: Sequence[Panel], moments: Sequence[datetime]) -> str:
    """Draw panels below each other, with the first and last moment at the foot."""
    height = len(panels) * (_TITLE + _HEIGHT + _GAP) + _FOOT
    places = _places(moments)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="{_INK}">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, places, number * (_TITLE + _HEIGHT + _GAP) + _TITLE)
    first, last = _moments(moments)
    parts += [_text(_LEFT, height - 5, first), _text(_WIDTH - 6, height - 5, last, "end"), "</svg>"]
    return "".join(parts)


def _panel(panel: Panel, places: Sequence[float], top: float) -> Iterator[str]:
    assert panel.limits is not None
    least, most = panel.limits
    span = (most - least) or 1.0
    heights = [
        None if each is None else top + _HEIGHT * (most - each) / span for each in panel.values
    ]
    yield _text(_LEFT, top - 4, panel.title)
    yield _text(_LEFT - 6, top + 9, _short(most), "end")
    if most != least:
        yield _text(_LEFT - 6, top + _HEIGHT, _short(least), "end")
    yield f'<path d="M{_LEFT} {top}V{top + _HEIGHT}H{_WIDTH - 6}" fill="none" stroke="#ccc"/>'
    if panel.bars:
        yield _bars(places, heights, top + _HEIGHT * most / span)
    else:
        yield _line(places, heights)


def _line(places: Sequence[float], heights: Sequence[float | None]) -> str:
    path = " ".join(
        f"{x:.0f} {y:.1f}" for x, y in zip(places, heights, strict=True) if y is not None
    )
    # A single point is a line of no length, which round ends make visible.
    return (
        f'<path d="M{path}h0" fill="none" stroke="{_LINE}" stroke-width="1.5" '
        'stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _bars(places: Sequence[float], heights: Sequence[float | None], zero: float) -> str:
    path = "".join(
        f"M{x:.0f} {zero:.0f}V{y:.1f}"
        for x, y in zip(places, heights, strict=True)
        if y is not None
    )
    width = max(1.0, min(12.0, 0.7 * (_WIDTH - _LEFT) / max(len(places), 1)))
    return f'<path d="{path}" fill="none" stroke="{_BAR}" stroke-width="{width:.1f}"/>'


def _places(moments: Sequence[datetime]) -> list[float]:
    """Place moments by time within a day; over days side by side, so that nights take no room."""
    inner, count = _WIDTH - _LEFT - 24, len(moments)
    if count < 2:
        return [_LEFT + 12 + inner / 2] * count
    span = moments[-1] - moments[0]
    if timedelta() < span <= timedelta(days=1):
        shares = [(each - moments[0]) / span for each in moments]
    else:
        shares = [number / (count - 1) for number in range(count)]
    return [_LEFT + 12 + inner * each for each in shares]


def _moments(moments: Sequence[datetime]) -> tuple[str, str]:
    first, last = moments[0], moments[-1]
    same = first.date() == last.date()
    return f"{first:%Y-%m-%d %H:%M}", f"{last:%H:%M}" if same else f"{last:%Y-%m-%d %H:%M}"


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(value: float) -> str:
    """Write a number in few characters: 12.3M, 4.56k, 0.0123."""
    for size, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else size):.3g}{sign}"
    return f"{value:.4g}"
