"""Where the logs of the ranks stood at a look, as the document of `stacks/` keeps it.

A stack says something of the present only while its rank has not got on since. Places tell that
without any clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trainwatch.diagnose.live.model import Place
from trainwatch.events import RankId
from trainwatch.model.snapshot import RankView

_MOST = 1 << 16
_WORD = 40


def place_of(view: RankView) -> Place:
    """The place that a rank's log states."""
    return Place(view.epoch, view.phase.value, view.step)


def written_places(views: Iterable[RankView]) -> list[dict[str, Any]]:
    """The places of all ranks, for JSON."""
    return [
        {"rank": view.who.rank, "local": view.who.local, **place_of(view)._asdict()}
        for view in views
    ]


def facts_of(views: Sequence[RankView]) -> dict[str, Any]:
    """What the logs had come to at a look: the places, and for how long they had been silent."""
    silent = [view.silent_seconds for view in views if view.silent_seconds is not None]
    return {"places": written_places(views), "silent": min(silent, default=None)}


def read_places(value: object) -> Mapping[RankId, Place]:
    """The reverse; whatever is none is left out."""
    rows = value[:_MOST] if isinstance(value, list) else []
    return {_who(row): _place(row) for row in rows if isinstance(row, dict)}


def _who(row: Mapping[str, Any]) -> RankId:
    return RankId(_whole(row.get("rank")), _whole(row.get("local")))


def _place(row: Mapping[str, Any]) -> Place:
    epoch, phase = row.get("epoch"), row.get("phase")
    return Place(
        epoch=epoch if isinstance(epoch, int | float) and not isinstance(epoch, bool) else None,
        phase=phase[:_WORD] if isinstance(phase, str) else "",
        step=_whole(row.get("step")),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
