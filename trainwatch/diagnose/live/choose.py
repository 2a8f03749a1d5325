"""Which of the looks that were written down still tell of the present.

A stall may pass: then its stacks explain nothing of what came later. And what is looked at shortly
before a kill is only what was left by then, while the stall showed everybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from trainwatch.diagnose.live.model import Live
from trainwatch.diagnose.live.places import place_of
from trainwatch.diagnose.live.read import merged
from trainwatch.model.snapshot import RankView

SLACK = 5.0
"""Seconds by which a log's clock may be ahead of the one that the look was dated by."""


def choose(
    looks: Iterable[Live], ranks: Sequence[RankView], attempt: int, newest: float | None
) -> Live | None:
    """The best look of each node, as one; None where all of them are of another time.

    Args:
        looks: All that were written down.
        ranks: Where the logs say that the ranks are.
        attempt: The newest.
        newest: Epoch seconds at which the logs got on last, as far as that is known.
    """
    hosts: dict[str, list[Live]] = {}
    for live in sorted(looks, key=lambda live: live.time):
        current = live.attempt is None or live.attempt == attempt
        if live.stands and current and not _overtaken(live, ranks, newest):
            hosts.setdefault(live.host, []).append(live)
    return merged([_best(hosts[host]) for host in sorted(hosts)])


def _overtaken(live: Live, ranks: Sequence[RankView], newest: float | None) -> bool:
    """Whether the training got on after a look."""
    if not ranks:
        return False  # no log tells that it did
    places = [(live.places[view.who], place_of(view)) for view in ranks if view.who in live.places]
    if places and all(then == now for then, now in places):
        return False
    # Lines may have been held back in a buffer; when they were written they say themselves.
    return newest is None or newest > live.time + SLACK


def _best(some: Sequence[Live]) -> Live:
    """The newest of those that show most workers, and since when they stood just so."""
    most = max(len(live.stands) for live in some)
    best = max((live for live in some if len(live.stands) == most), key=lambda live: live.time)
    since = best.since
    for live in reversed([live for live in some if live.time < best.time]):
        if _stacks(live) != _stacks(best):
            break
        since = live.time - live.seconds
    return replace(best, since=since)


def _stacks(live: Live) -> list[tuple[object, ...]]:
    return [(stand.who, stand.pid, stand.frames) for stand in live.stands]
