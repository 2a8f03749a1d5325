"""When each rank was in which phase: a row of letters a rank, all over the same stretch of time."""

import math
from collections.abc import Sequence
from datetime import tzinfo

from trainwatch.events import Phase
from trainwatch.model.snapshot import RankStatus, RankView, RunView
from trainwatch.tui.draw.line import Line, Part, Tone, line
from trainwatch.tui.draw.states import PHASES, STATES, Sign
from trainwatch.tui.draw.words import brief, clock

_NAME = 9
_LONGEST = 900.0
"""Seconds that are shown; what was before is on other screens."""


def window(view: RunView) -> tuple[float, float] | None:
    """From when to when; None where no time is known."""
    known = [at for rank in view.ranks for at, _ in rank.timeline[-1:] if math.isfinite(at)]
    first = [at for rank in view.ranks for at, _ in rank.timeline[:1] if math.isfinite(at)]
    if not known:
        return None
    quiet = min((r.silent_seconds for r in view.ranks if r.silent_seconds is not None), default=0.0)
    over = view.info.alive is False or all(r.state in _STILL for r in view.ranks)
    # A log that was copied or replayed states times that have nothing to do with this clock.
    foreign = abs(view.now - max(known) - quiet) > _APART
    newest = max(known)
    end = newest if over or foreign else max(newest, view.now)
    start = max(min(first, default=end), newest - _LONGEST)
    # A long silence would leave no room for what was before it.
    return start, min(end, newest + max((newest - start) * _SILENCE, _BRIEF))


_SILENCE, _BRIEF = 0.25, 1.0
"""A silence takes this share of what was before it, at least so many seconds."""

_APART = 120.0
"""Seconds by which a log's clock may differ from the reader's."""

_STILL = (RankStatus.DEAD, RankStatus.FINISHED, RankStatus.UNKNOWN)


def row(rank: RankView, span: tuple[float, float], width: int) -> Line:
    """One rank; a cell shows the phase in which it ends, silence that is too long as S."""
    start, end = span
    room = width - _NAME
    if room < 1 or end <= start:
        return line(f"{rank.who.label:>7}  ")
    stopped = _STOPPED.get(rank.state)
    quiet = rank.timeline[-1][0] if rank.timeline else math.inf
    parts: list[Part] = [(f"{rank.who.label:>7}  ", Tone.STRONG)]
    text, before = "", Tone.DIM
    place = 0
    phases = [one for one in rank.timeline if math.isfinite(one[0])]
    for cell in range(room):
        until = start + (cell + 1) * (end - start) / room
        while place < len(phases) and phases[place][0] <= until:
            place += 1
        ended = stopped if until > quiet else None
        letter, tone = _cell(phases[place - 1][1] if place else None, ended)
        if tone is not before:
            parts.append((text, before))
            text, before = "", tone
        text += letter
    return line(*parts, (text, before))


_STOPPED = {
    RankStatus.STALLED: STATES[RankStatus.STALLED],
    RankStatus.DEAD: STATES[RankStatus.DEAD],
}
"""What stands behind the newest record of a rank that writes no more."""


def _cell(phase: Phase | None, ended: Sign | None) -> tuple[str, Tone]:
    if phase is None:
        return " ", Tone.DIM
    if ended is not None:
        return ended.letter, ended.tone
    return PHASES[phase].letter, PHASES[phase].tone


def heading(view: RunView) -> Line:
    """What the letters stand for."""
    used = {phase for rank in view.ranks[:64] for _, phase in rank.timeline}
    parts: list[Part] = [("phases", Tone.HEAD)]
    for phase in PHASES:
        if phase in used:
            sign = PHASES[phase]
            parts += [(" · ", Tone.DIM), (sign.letter, sign.tone), (f" {sign.word}", Tone.DIM)]
    return line(*parts)


def axis(view: RunView, width: int, zone: tzinfo | None) -> Sequence[Line]:
    """The times of the first and the last cell."""
    span = window(view)
    if span is None:
        return [line((" no time is known of any phase", Tone.DIM))]
    start, end = span
    left, right = clock(start, zone), f"{clock(end, zone)} ({brief(end - start)})"
    quiet = [one.silent_seconds for one in view.ranks if one.state is RankStatus.STALLED]
    silent = min((one for one in quiet if one is not None), default=0.0)
    if len(quiet) == len(view.ranks) and view.now - end > 1:
        right += f" … and so on, silent for {brief(silent)}"
    gap = width - _NAME - len(left) - len(right)
    return [line((" " * _NAME + left + " " * max(gap, 1) + right, Tone.DIM))]
