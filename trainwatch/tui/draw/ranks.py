"""Ranks as a table sorted by trouble, and as a strip of letters that holds a thousand."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from trainwatch.events import RankId
from trainwatch.model.snapshot import RankStatus, RankView, RunView, TimeBasis
from trainwatch.tui.draw.line import Line, Part, Tone, join, line
from trainwatch.tui.draw.states import (
    NO_ROLES,
    STATES,
    WAITING,
    Roles,
    accused,
    phase_word,
    sign,
    state,
    trouble,
)
from trainwatch.tui.draw.table import Column
from trainwatch.tui.draw.words import brief, count, epoch, plural

FEW = 12
"""Up to so many ranks are shown as a table in the overview."""

TROUBLED = frozenset({RankStatus.DEAD, RankStatus.STALLED, RankStatus.SLOW})


def by_trouble(view: RunView, roles: Roles = NO_ROLES) -> list[RankView]:
    """The worst first."""
    named = accused(view, roles)
    return sorted(view.ranks, key=lambda rank: trouble(rank, named, roles))


def troubled(view: RunView, roles: Roles = NO_ROLES) -> list[RankView]:
    """Only those that are in trouble, or that a finding is about."""
    named = accused(view, roles)
    worst = by_trouble(view, roles)
    return [rank for rank in worst if rank.state in TROUBLED or rank.who in named]


def heading(view: RunView, roles: Roles = NO_ROLES) -> Line:
    """How many ranks, and how many in each state, the worst first."""
    many = Counter(state(rank, roles) for rank in view.ranks)
    parts = [
        line((f"{count(many[one])} {one.word}", one.tone if one in _ALARMING else Tone.DIM))
        for one in _STATES
        if many[one]
    ]
    total = line((plural(len(view.ranks), "rank"), Tone.DIM))
    return line(("ranks", Tone.HEAD), (" · ", Tone.DIM), join([total, *parts]))


def empty(view: RunView) -> Line:
    """What it waits for."""
    del view
    return line((" waiting for the first line that tells its rank", Tone.DIM))


def columns(view: RunView, roles: Roles = NO_ROLES) -> list[Column[RankView]]:
    """What is known of each; the narrower the table, the fewer."""
    named = accused(view, roles)
    by_file = any(rank.basis is TimeBasis.MTIME for rank in view.ranks)
    basis: Column[RankView] = Column("", 5, _basis, right=False, need=60)
    late: Column[RankView] = Column("late", 6, _late, need=84)
    phase = max((len(phase_word(rank)) for rank in view.ranks), default=0)
    step = max((len(_step(rank)) for rank in view.ranks), default=0)
    return [
        Column("rank", 7, lambda rank: _name(rank, accused=rank.who in named)),
        Column("state", 10, lambda rank: _state(rank, roles), right=False),
        Column("phase", max(phase, 5), phase_word, right=False),
        Column("epoch", 5, lambda rank: epoch(rank.shown_epoch)),
        Column("step", max(step, 4), _step, need=60),
        Column("behind", 6, _behind, need=80),
        *([late] if any(rank.late_seconds is not None for rank in view.ranks) else []),
        Column("silent", 7, _silent, need=60),
        *([basis] if by_file else []),
        Column("limit", 7, lambda rank: (brief(rank.silence_limit), Tone.DIM), need=90),
        Column("every", 7, lambda rank: (brief(rank.step_seconds), Tone.DIM), need=110),
        Column("last line", 0, _last, right=False),
    ]


def _name(rank: RankView, *, accused: bool) -> Part:
    return (f"! {rank.who.label}", Tone.BAD) if accused else (rank.who.label, Tone.STRONG)


def _basis(rank: RankView) -> Part:
    """Says when a silence is only known from the file's time, which others may touch."""
    return (rank.basis.value if rank.basis is TimeBasis.MTIME else "", Tone.DIM)


def _state(rank: RankView, roles: Roles) -> Part:
    shown = sign(rank, roles)
    return (f"{shown.letter} {state(rank, roles).word}", shown.tone)


def _step(rank: RankView) -> str:
    if rank.step is None:
        return "-"
    # A step counted over the run is no part of an epoch's batches.
    total = rank.total_batches
    within = total is not None and rank.step <= total
    return count(rank.step) + (f"/{count(total)}" if within else "")


def _behind(rank: RankView) -> Part:
    """Steps behind the foremost."""
    if rank.behind is None:
        return ("-", Tone.DIM)
    return (count(rank.behind), Tone.WARN if rank.behind > _FAR else Tone.DIM)


def _late(rank: RankView) -> Part:
    """Seconds behind the first at the newest record that all have."""
    if rank.late_seconds is None:
        return ("-", Tone.DIM)
    much = rank.step_seconds is not None and rank.late_seconds > max(rank.step_seconds, 1.0)
    shown = brief(rank.late_seconds) if rank.late_seconds else "0s"
    return (shown, Tone.WARN if much else Tone.DIM)


_FAR = 1
_STATES = (*list(STATES.values())[:2], WAITING, *list(STATES.values())[2:])
_ALARMING = frozenset({WAITING, *(sign for state, sign in STATES.items() if state in TROUBLED)})


def _silent(rank: RankView) -> Part:
    over = rank.silence_limit is not None and (rank.silent_seconds or 0.0) > rank.silence_limit
    return (_since(rank), Tone.BAD if over and rank.state in TROUBLED else Tone.PLAIN)


def _since(rank: RankView) -> str:
    if rank.silent_seconds is None:
        return "-"
    return brief(rank.silent_seconds if rank.silent_seconds >= 1 else 0.0).replace("0.00s", "0s")


def _last(rank: RankView) -> Part:
    if rank.last is None:
        return ""
    # The row says already which rank it is; a worker's name behind it stays.
    return (_OWN_NAME.sub("", rank.last.message or rank.last.text), Tone.DIM)


_OWN_NAME = re.compile(r"^(?:\[DEBUG\] )?\[?rank ?\d+\]?:? +(?=\S)", re.IGNORECASE)


def strip(view: RunView, width: int, most: int, roles: Roles = NO_ROLES) -> list[Line]:
    """One letter a rank; rows without trouble are summed up where there are too many of them.

    Args:
        view: The run.
        width: Cells of a line.
        most: Lines at most, the legend included.
        roles: Who keeps whom waiting, where a diagnosis tells.
    """
    if not view.ranks:
        return [empty(view)]
    legend = _legend(view.ranks, roles)
    if len(view.ranks) * _FEW_CELLS + 2 <= width:
        return [_few(view, roles), legend][:most]
    rows = _rows(view.ranks, width)
    room = max(most - 1, 1)
    if len(rows) <= room:
        return [*(_drawn(row, roles) for row in rows), legend]
    kept = _troubled_first(rows, max(room - 1, 1), accused(view, roles))
    left_out = [row for row in rows if row not in kept]
    return [*(_drawn(row, roles) for row in kept), _rest(left_out), legend][:most]


def _rest(rows: Sequence[Sequence[RankView]]) -> Line:
    """What was left out, and whether all is well there."""
    bad = sum(rank.state in TROUBLED for row in rows for rank in row)
    tail = (f"{count(bad)} in trouble", Tone.BAD) if bad else ("none in trouble", Tone.DIM)
    many = count(sum(len(row) for row in rows))
    return line((f"     …  {many} more ranks [3], ", Tone.DIM), tail)


def _few(view: RunView, roles: Roles) -> Line:
    named = accused(view, roles)
    cells = [line(_short_name(rank, named), " ", _letter(rank, roles)) for rank in view.ranks]
    return line(" ", join(cells, line("  ")))


def _short_name(rank: RankView, named: Collection[RankId]) -> Part:
    return (f"!{rank.who.label}", Tone.BAD) if rank.who in named else (rank.who.label, Tone.DIM)


def _letter(rank: RankView, roles: Roles) -> Part:
    shown = sign(rank, roles)
    return (shown.letter, shown.tone)


_FEW_CELLS = 6
_NODE = 8
"""Ranks in a group: most nodes have eight GPUs."""


def _rows(ranks: Sequence[RankView], width: int) -> list[Sequence[RankView]]:
    groups = max((width - 8) // (_NODE + 1), 1)
    size = groups * _NODE
    return [ranks[start : start + size] for start in range(0, len(ranks), size)]


def _troubled_first(
    rows: Sequence[Sequence[RankView]], room: int, named: Collection[RankId]
) -> list[Sequence[RankView]]:
    """Keeps the rows with trouble, in order, and fills up with the first ones."""
    wanted = sorted(rows, key=lambda row: min(trouble(rank, named)[:2] for rank in row))[:room]
    return [row for row in rows if any(row is one for one in wanted)]


def _drawn(ranks: Sequence[RankView], roles: Roles) -> Line:
    parts: list[Part] = [(f"{ranks[0].who.label:>6}  ", Tone.DIM)]
    for place, rank in enumerate(ranks):
        parts += [" "] if place and place % _NODE == 0 else []
        parts.append(_letter(rank, roles))
    return _merged(line(*parts))


def _merged(of: Line) -> Line:
    """Joins neighbours of one tone: a thousand runs would cost a thousand colour codes."""
    done: list[tuple[str, Tone]] = []
    for text, tone in of:
        if done and (done[-1][1] is tone or text == " "):
            done[-1] = (done[-1][0] + text, done[-1][1])
        else:
            done.append((text, tone))
    return line(*done)


def _legend(ranks: Sequence[RankView], roles: Roles) -> Line:
    """Only the letters that occur, the worst first, with how many."""
    signs = Counter(
        sign(rank, roles) for rank in sorted(ranks, key=lambda one: trouble(one, (), roles))
    )
    parts = [
        line((one.letter, one.tone), (f" {one.word} {count(many)}", Tone.DIM))
        for one, many in signs.items()
    ]
    return line(" ", join(parts))
