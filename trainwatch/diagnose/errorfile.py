"""The error files of @record: an exception, its traceback and its time, as JSON; maybe half of it."""

import json
import re
from dataclasses import dataclass
from typing import Any

from trainwatch.diagnose.catalogue import code, recognise
from trainwatch.diagnose.clue import Clue, Order
from trainwatch.diagnose.tracebacks import frames_of
from trainwatch.events import NOBODY, Evidence, RankId, Stamp

MAX_BYTES = 1 << 20
"""Of an error file that are read."""

_TREE = re.compile(r"(?:^|/)attempt_(?P<attempt>\d{1,6})/(?P<local>\d{1,6})/[^/]*$")
_MESSAGE = re.compile(r'"message"\s*:\s*"((?:[^"\\]|\\.){0,4000})')
_TIMESTAMP = re.compile(r'"timestamp"\s*:\s*"?(\d{9,11})')


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """The content of an `error.json`, at most `MAX_BYTES` of it."""

    name: str
    data: bytes


def read_error_file(file: ErrorFile) -> Clue | None:
    """The exception that an error file reports, or None where it reports none."""
    text = file.data[:MAX_BYTES].decode(errors="replace")
    message, stack, seconds = _content(text)
    if not message:
        return None
    first = message.split("\n", 1)[0].encode(errors="replace")
    recognised = recognise(first)
    signature = recognised[0] if recognised else code.UNCAUGHT
    groups = recognised[1].groupdict() if recognised else {}
    name = code.UNCAUGHT.pattern.match(first)
    where = _TREE.search(file.name)
    return Clue(
        signature=signature,
        who=RankId(None, int(where["local"])) if where else NOBODY,
        evidence=Evidence(file.name, 1, 0, first.decode(errors="replace")[:500]),
        base=file.name,
        order=Order(0, 0),
        stamp=None if seconds is None else Stamp(seconds, 0),
        exact=seconds is not None,
        attempt=int(where["attempt"]) if where else None,
        fields={key: value.decode(errors="replace") for key, value in groups.items() if value},
        frames=frames_of(stack),
        exception=name["name"].decode(errors="replace") if name else None,
    )


def _content(text: str) -> tuple[str, str, float | None]:
    """Message, traceback and epoch seconds."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _salvaged(text)
    outer = document.get("message") if isinstance(document, dict) else None
    if isinstance(outer, str):
        return outer, "", None
    inner = outer if isinstance(outer, dict) else {}
    extra = inner.get("extraInfo")
    extra = extra if isinstance(extra, dict) else {}
    return _text(inner.get("message")), _text(extra.get("py_callstack")), _seconds(extra)


def _text(value: Any) -> str:  # noqa: ANN401 - JSON is what it is
    return value if isinstance(value, str) else ""


def _seconds(extra: dict[str, Any]) -> float | None:
    found = re.fullmatch(r"\d{9,11}", str(extra.get("timestamp", "")))
    return float(found[0]) if found else None


def _salvaged(text: str) -> tuple[str, str, float | None]:
    """What half a file still says."""
    found = _MESSAGE.search(text)
    time = _TIMESTAMP.search(text)
    message = ""
    if found:
        message = found[1].replace(r"\n", "\n").replace(r"\"", '"')
    return message, "", float(time[1]) if time else None
