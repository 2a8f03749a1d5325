"""The plot of a curve as lines: values at the left, the canvas, epochs and marks underneath."""

from collections.abc import Callable, Collection, Sequence

from trainwatch.model.snapshot import CurveView, RunView
from trainwatch.tui.draw.curve import DOTS, Decimated, decimate
from trainwatch.tui.draw.line import Line, Part, Tone, join, line
from trainwatch.tui.draw.words import count, epoch, number, plural, whom

Canvas = Callable[[Decimated, int], list[str]]
"""Draws the dots in so many rows; passed in, so that a frame can be drawn before plotext is there."""

_MARGIN = 10
_BLANK = " ⠀"
_FEWEST_ROWS, _FEWEST_CELLS = 2, 8
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def main_curve(view: RunView) -> CurveView | None:
    """The curve to show first, if there is any."""
    return next(iter(view.curves), None)


def heading(view: RunView) -> Line:
    """What is drawn, and what its marks mean."""
    curve = main_curve(view)
    if curve is None:
        return line(("loss", Tone.HEAD))
    who = whom(curve.who)
    records = count(float(curve.x[-1]) + curve.bucket) if len(curve.x) else "0"
    parts: list[Line] = [
        line((curve.metric, Tone.HEAD)),
        line((who, Tone.DIM)) if who else (),
        line(("N", Tone.BAD), (" NaN or infinite", Tone.DIM)) if len(curve.nonfinite) else (),
        line(("┆", Tone.WARN), (" attempt", Tone.DIM)) if any(curve.attempts) else (),
        line((f"{records} records", Tone.DIM)),
    ]
    return join([part for part in parts if part])


def draw(curve: CurveView, width: int, height: int, canvas: Canvas) -> list[Line]:
    """The whole plot in so many cells; nothing where that is too small for a picture."""
    inner = width - _MARGIN
    rows = height - 2
    if rows < _FEWEST_ROWS or inner < _FEWEST_CELLS:
        return []
    of = decimate(curve, inner * DOTS)
    if of is None:
        return []
    dots = canvas(of, rows) if len(of.at) else [" " * inner] * rows
    labels = _labels(of, rows)
    body = [
        line(
            (f"{labels.get(y, ''):>8} ", Tone.DIM), ("┤" if y in labels else "│", Tone.RULE), *cell
        )
        for y, cell in enumerate(_marked(of, dots))
    ]
    return [*body, _axis(of, inner), _epochs(of, inner)]


def _labels(of: Decimated, rows: int) -> dict[int, str]:
    """Values beside the rows: top, bottom, and some between where there is room."""
    steps = max(1, (rows - 1) // 4)
    places = sorted({round(i * (rows - 1) / steps) for i in range(steps + 1)})
    step = (of.top - of.bottom) / max(rows - 1, 1)
    return {y: number(of.top - y * step) for y in places}


def _marked(of: Decimated, dots: list[str]) -> list[list[Part]]:
    """Adds what dots cannot say: where an attempt began, and that a peak is higher than the top."""
    attempts = sorted({column // DOTS for column in of.attempts})
    clipped = {int(c) // DOTS for c in of.at[of.high > of.top]} if of.peak is not None else set()
    done = [_with_attempts(row, attempts) for row in dots]
    if clipped and of.peak is not None:
        done[0] = _with_peak(dots[0], clipped, of.peak)
    return done


def _with_attempts(row: str, attempts: Sequence[int]) -> list[Part]:
    parts: list[Part] = []
    start = 0
    for x in attempts:
        if row[x] in _BLANK:
            parts += [(row[start:x], Tone.CURVE), ("┆", Tone.WARN)]
            start = x + 1
    return [*parts, (row[start:], Tone.CURVE)]


def _with_peak(row: str, clipped: Collection[int], peak: float) -> list[Part]:
    """Marks the columns that go higher, and says how high where there is a blank."""
    note = f" ▲ up to {number(peak)}"
    shown = "".join("▲" if x in clipped else dot for x, dot in enumerate(row))
    bare = shown.rstrip(_BLANK)
    parts = [(dot, Tone.BAD if dot == "▲" else Tone.CURVE) for dot in bare]
    if len(bare) + len(note) <= len(row):
        return merged([*parts, (note, Tone.BAD)])
    start = shown.find(_BLANK[0] * (len(note) + 1))
    if start < 0:
        return merged(list(parts))
    before, after = parts[:start], parts[start + len(note) :]
    return merged([*before, (note, Tone.BAD), *after])


def merged(parts: list[Part]) -> list[Part]:
    """Neighbours of one tone as one part."""
    done: list[tuple[str, Tone]] = []
    for part in parts:
        for text, tone in line(part):
            if done and (done[-1][1] is tone or not text.strip(_BLANK)):
                done[-1] = (done[-1][0] + text, done[-1][1])
            else:
                done.append((text, tone))
    return list(done)


def _axis(of: Decimated, inner: int) -> Line:
    marks = ["─"] * inner
    for column, _ in _shown_epochs(of, inner):
        marks[column // DOTS] = "┬"
    nonfinite = {int(column) // DOTS for column in of.nonfinite}
    parts: list[Part] = [
        ("N", Tone.BAD) if x in nonfinite else (mark, Tone.RULE) for x, mark in enumerate(marks)
    ]
    return line(" " * 9, ("└", Tone.RULE), *merged(parts))


def _shown_epochs(of: Decimated, inner: int) -> list[tuple[int, float]]:
    """As many epochs as their numbers leave room for."""
    longest = max((len(epoch(number)) for _, number in of.epochs), default=0) + 3
    for step in _STEPS:
        shown = [one for one in of.epochs if one[1] % step == 0]
        if len(shown) * longest <= inner:
            return shown
    return []


def _epochs(of: Decimated, inner: int) -> Line:
    """Numbers of the epochs under their beginnings; the records where there are no epochs."""
    shown = _shown_epochs(of, inner)
    if not shown:
        end = count(of.last)
        return line(" " * _MARGIN, ("0" + f"{end:>{inner - 1}}", Tone.DIM))
    text = ""
    for column, number_ in shown:
        label = epoch(number_)
        at = column // DOTS
        if at >= len(text) + bool(text) and at + len(label) <= inner:
            text = text.ljust(at) + label
    return line((f"{'epoch':>9} ", Tone.DIM), (text, Tone.DIM))


def empty(view: RunView) -> Line:
    """What the plot waits for."""
    if not view.files:
        return line((" waiting for the first log file", Tone.DIM))
    read = f"{plural(view.tally.lines, 'line')} read, {view.tally.unparsed} not understood"
    return line((f" waiting for the first loss ({read})", Tone.DIM))
