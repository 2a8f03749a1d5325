"""From lines to cells: which cells changed, and in which colours they are painted."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from trainwatch.tui.draw.line import Line, Run, Tone, cells, cut, line
from trainwatch.tui.draw.text import width as width_of
from trainwatch.tui.theme import palette


def changed(before: Line, after: Line) -> tuple[int, int]:
    """From which cell up to which one two lines differ; behind their ends there are blanks."""
    start = _same(before, after)
    size = cells(after)
    if cells(before) != size:
        return start, max(cells(before), size)
    end = _same(
        [_mirrored(run) for run in reversed(before)], [_mirrored(run) for run in reversed(after)]
    )
    return start, max(size - end, start)


def _mirrored(run: Run) -> Run:
    return run._replace(text=run.text[::-1])


def _same(before: Sequence[Run], after: Sequence[Run]) -> int:
    """How many cells are the same at the beginning."""
    same = 0
    for one, two in zip(before, after, strict=False):
        if one != two:
            return same + (_alike(one.text, two.text) if one.tone is two.tone else 0)
        same += width_of(one.text)
    return same


def _alike(one: str, two: str) -> int:
    most = min(len(one), len(two))
    end = next((place for place in range(most) if one[place] != two[place]), most)
    return width_of(one[:end])


_FILLED = frozenset({Tone.PILL_GOOD, Tone.PILL_NOTE, Tone.PILL_WARN, Tone.PILL_BAD})
"""Tones that are seen on blanks too."""


def strip(of: Line, styles: Mapping[Tone, Style], width: int) -> Strip:
    """A line in exactly so many cells."""
    segments = [Segment(text, styles[tone]) for text, tone in _joined(cut(of, width))]
    return Strip(segments).adjust_cell_length(width, styles[Tone.PLAIN])


def _joined(of: Line) -> list[tuple[str, Tone]]:
    """Fewer and longer runs: each change of colour costs some forty bytes, a blank shows none."""
    done: list[tuple[str, Tone]] = []
    for text, tone in of:
        before = done[-1][1] if done else None
        if before is tone or (before is not None and before not in _FILLED and text.isspace()):
            done[-1] = (done[-1][0] + text, done[-1][1])
        else:
            done.append((text, tone))
    return done


class Painted(Widget):
    """Knows its tones' styles."""

    _styles: Mapping[Tone, Style] | None = None

    @property
    def tones(self) -> Mapping[Tone, Style]:
        """Every tone on this widget's own colours."""
        if self._styles is None:
            ansi = self.app.native_ansi_color
            light = not self.app.current_theme.dark
            self._styles = palette(ansi=ansi, base=self.visual_style.rich_style, light=light)
        return self._styles

    def notify_style_update(self) -> None:
        """Forgets the styles, as another theme may hold now."""
        self._styles = None
        super().notify_style_update()


def rule(title: Line, width: int, *, focused: bool) -> Line:
    """A heading on a thin line; a mark tells which pane the keys go to."""
    start = line(("▸ ", Tone.FOCUS)) if focused else line(("─ ", Tone.RULE))
    shown = (*start, *cut(title, max(width - 3, 0)), *line(" "))
    return (*shown, *line(("─" * max(width - cells(shown), 0), Tone.RULE)))
