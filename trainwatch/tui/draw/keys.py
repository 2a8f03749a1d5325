"""The line of keys at the bottom: those that do something here and now."""

from collections.abc import Sequence
from typing import NamedTuple

from trainwatch.tui.draw.line import Line, Tone, cells, cut, join, line

_GAP = line("  ")


class Hint(NamedTuple):
    """A key and what it does; `weight` tells which go first when there is no room (0 is the first)."""

    key: str
    does: str
    weight: int = 1
    here: bool = False


def hints(  # noqa: PLR0913 - each is one fact that the line depends on
    pages: Sequence[str],
    page: int,
    *,
    own: Sequence[Hint] = (),
    logs: bool,
    paused: bool,
    following: bool,
    can_stop: bool,
    over: bool,
) -> list[Hint]:
    """What applies now."""
    shown = [Hint(str(n), name, 3, n == page + 1) for n, name in enumerate(pages, 1)]
    shown += own
    shown.append(Hint("tab", "next", 0))
    if logs:
        shown.append(Hint("space", "go on" if paused else "pause", 2 if paused else 1))
    if logs and not following:
        shown.append(Hint("f", "follow", 2))
    if can_stop:
        shown.append(Hint("K", "stop training", 4))
    leave = "quit" if over else "detach (training goes on)"
    return [*shown, Hint("q", leave, 5), Hint("?", "help", 4)]


def footer(shown: Sequence[Hint], width: int) -> Line:
    """As many as there is room for: first what explains itself goes, then words, then keys."""
    kept = [hint for hint in shown if cells(_drawn(shown)) <= width or hint.weight]
    for shorter in (_as_it_is, _without_asides, _without_pages):
        kept = [shorter(hint) for hint in kept]
        if cells(_drawn(kept)) <= width:
            return _drawn(kept)
    while len(kept) > 1 and cells(_drawn(kept)) > width:
        kept.remove(min(reversed(kept), key=lambda hint: hint.weight))
    return cut(_drawn(kept), width)


def _as_it_is(hint: Hint) -> Hint:
    return hint


def _without_asides(hint: Hint) -> Hint:
    return hint._replace(does=hint.does.split(" (")[0])


def _without_pages(hint: Hint) -> Hint:
    return hint if hint.here or not hint.key.isdigit() else hint._replace(does="")


def _drawn(shown: Sequence[Hint]) -> Line:
    parts = [
        line(
            (hint.key, Tone.KEY),
            (f" {hint.does}" if hint.does else "", Tone.STRONG if hint.here else Tone.DIM),
        )
        for hint in shown
    ]
    return line(" ", join(parts, _GAP))
