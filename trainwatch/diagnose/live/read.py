"""Reads the documents of `stacks/`: untrusted, of any version, perhaps half of one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trainwatch.diagnose.clue import Frame
from trainwatch.diagnose.live.model import Live, Stand
from trainwatch.diagnose.live.places import read_places
from trainwatch.events import RankId

MAX_BYTES = 256 << 20
WHAT = "trainwatch stacks"
_FRAMES = 200
_RANKS = 1 << 20
_TEXT = 500

Json = Mapping[str, Any]


def read_document(name: str, data: bytes | Json) -> Live | None:
    """What one document shows; None where it is none of ours, or not a whole one.

    Args:
        name: Of its file; "" when it was made just now.
        data: Its bytes, or what they hold.
    """
    document = _load(data)
    if document is None or document.get("what") != WHAT or document.get("schema") != 1:
        return None
    samples = [one for one in _list(document.get("samples")) if isinstance(one, dict)]
    if not samples:
        return None
    first, last = samples[0], samples[-1]
    host = _text(document.get("host"))
    before = (
        {(p["pid"], str(p.get("start"))): p for p in _processes(first)} if first is not last else {}
    )
    now = _processes(last)
    workers = [one for one in now if one.get("pid") == one.get("owner")]
    stands = [_stand(one, before, host, _below(one, now)) for one in workers]
    return Live(
        stands=tuple(sorted(stands, key=lambda stand: (stand.who.sort_key, stand.pid))),
        host=host,
        source=name,
        time=_number(last.get("time")),
        since=_number(first.get("time")),
        attempt=_attempt(document.get("attempt")),
        places=read_places(document.get("places")),
        silent=_number(document["silent"]) if document.get("silent") is not None else None,
        seconds=max(0.0, _number(last.get("time")) - _number(first.get("time"))),
        dumps=_dumps(name, workers),
        problems=tuple(dict.fromkeys(stand.problem for stand in stands if stand.problem)),
    )


def merged(lives: Sequence[Live]) -> Live | None:
    """The documents of all nodes as one."""
    if len(lives) < 2:  # noqa: PLR2004 - nothing to join
        return lives[0] if lives else None
    newest = max(lives, key=lambda live: live.time)
    return Live(
        stands=tuple(
            sorted((s for live in lives for s in live.stands), key=lambda s: s.who.sort_key)
        ),
        host=newest.host,
        source=newest.source,
        time=newest.time,
        seconds=newest.seconds,
        since=min(live.since for live in lives),
        attempt=newest.attempt,
        places=newest.places,
        silent=newest.silent,
        dumps={name: data for live in lives for name, data in live.dumps.items()},
        problems=tuple(dict.fromkeys(text for live in lives for text in live.problems)),
    )


def _attempt(value: object) -> int | None:
    number = _number(value)
    return int(number) if isinstance(value, int) and 0 <= number < _RANKS else None


def _load(data: bytes | Json) -> Json | None:
    if not isinstance(data, bytes):
        return data
    try:
        found = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _processes(sample: Json) -> list[Json]:
    found = _list(sample.get("processes"))
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("pid"), int)]


def _below(worker: Json, every: Sequence[Json]) -> list[Json]:
    own = worker["pid"]
    return [one for one in every if one.get("owner") == own and one["pid"] != own]


def _stand(now: Json, before: Mapping[Any, Json], host: str, below: Sequence[Json]) -> Stand:
    earlier = before.get((now["pid"], str(now.get("start"))))
    frames = _frames(now)
    rank = now.get("rank")
    valid = isinstance(rank, int) and not isinstance(rank, bool) and 0 <= rank < _RANKS
    return Stand(
        who=RankId(rank if valid else None),
        pid=now["pid"],
        host=host,
        state=_text(now.get("state"))[:1] or "?",
        wchan=_slept(earlier, now),
        frames=frames,
        source=_text(now.get("source")),
        problem=_text(now.get("problem")),
        moved=None if earlier is None else _moved(earlier, now),
        stepped=None if earlier is None else _stepped(earlier, now),
        cpu=_share(earlier, now),
        bytes=int(max(0.0, _number(now.get("bytes")) - _number((earlier or now).get("bytes")))),
        locked=bool(now.get("silent")) and bool((earlier or now).get("silent")),
        children=tuple(_stand(child, before, host, ()) for child in below),
    )


def _slept(earlier: Json | None, now: Json) -> str:
    """Where it slept at both looks; "" where that is not one place."""
    places = {_text(look.get("wchan")) for look in (earlier or now, now)}
    return places.pop() if len(places) == 1 else ""


def _moved(earlier: Json, now: Json) -> bool:
    """Whether a process got on: another stack, or a further collective."""
    one, two = _frames(earlier), _frames(now)
    return bool(one and two and one != two) or bool(_stepped(earlier, now))


def _stepped(earlier: Json, now: Json) -> bool | None:
    """Whether a process called a further collective; None where no recorder tells."""
    first = _newest(earlier)
    return _newest(now) > first if first >= 0 else None


def _newest(process: Json) -> int:
    recorder = process.get("recorder")
    rows = _list(recorder.get("entries")) if isinstance(recorder, dict) else []
    numbers = [row.get("record_id") for row in rows[-1:] if isinstance(row, dict)]
    return numbers[0] if numbers and isinstance(numbers[0], int) else -1


def _share(earlier: Json | None, now: Json) -> float:
    if earlier is None:
        return 0.0
    passed = _number(now.get("at")) - _number(earlier.get("at"))
    used = _number(now.get("cpu")) - _number(earlier.get("cpu"))
    return max(0.0, used / passed) if passed > 0 else 0.0


def _frames(process: Json) -> tuple[Frame, ...]:
    """Of the main thread, outermost first."""
    threads = [one for one in _list(process.get("threads")) if isinstance(one, dict)]
    main = next((one for one in threads if one.get("main")), None)
    rows = _list(main.get("frames"))[:_FRAMES] if main else []
    return tuple(_frame(row) for row in reversed(rows) if isinstance(row, list) and len(row) > 2)  # noqa: PLR2004


def _frame(row: Sequence[Any]) -> Frame:
    return Frame(_text(row[1]), int(_number(row[2])), _text(row[0]))


def _dumps(name: str, workers: Sequence[Json]) -> dict[str, bytes]:
    place = name or "flight recorder of"
    return {
        f"{place} rank_{one['rank']}": json.dumps(one["recorder"]).encode()
        for one in workers
        if isinstance(one.get("recorder"), dict) and isinstance(one.get("rank"), int)
    }


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e18 else 0.0  # noqa: PLR2004
