"""Signal files: how a job script hears how a training stands, without a log or a process id.

`signals/<exp-id>.healthy`, `.done` and `.failed` hold one `key: value` a line, in a fixed order, and
`<exp-id>.healthy.json` … the same as JSON. Each is replaced in one step, so that whoever waits for
the file never reads half of it. A job script may also write the bare word `done` or `failed`.

Standard library only: training scripts write these too (`trainwatch.hooks`).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from trainwatch.temporary import open_beside

Value = str | int | float | None

_PUBLIC = 0o666  # as the umask has it: job scripts of others may wait for a sign


class Sign(StrEnum):
    """How a training stands; the suffix of the file, and its `status`."""

    HEALTHY = "healthy"
    DONE = "done"
    FAILED = "failed"


def healthy(step: int | None, loss: float | None, now: float) -> dict[str, Value]:
    """The fields of `.healthy`; `now` in epoch seconds."""
    return {"status": Sign.HEALTHY, "step": step, "loss": loss, "timestamp": timestamp(now)}


def done(return_code: int, seconds: float, now: float) -> dict[str, Value]:
    """The fields of `.done`; `seconds` is how long the training took."""
    return {
        "status": Sign.DONE,
        "return_code": return_code,
        "duration": duration(seconds),
        "timestamp": timestamp(now),
    }


def failed(reason: str, now: float) -> dict[str, Value]:
    """The fields of `.failed`; the reason becomes one printable line."""
    line = "".join(letter if letter.isprintable() else " " for letter in reason)
    return {
        "status": Sign.FAILED,
        "reason": " ".join(line.split()) or "not known",
        "timestamp": timestamp(now),
    }


def timestamp(now: float) -> str:
    """Local time without a zone, to the second: `2025-12-04T10:30:00`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(now))


def duration(seconds: float) -> str:
    """`02:30:45`; days are counted in hours."""
    minutes, rest = divmod(int(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def as_text(fields: Mapping[str, Value]) -> str:
    """One `key: value` a line; a loss has six places, what is not known is `unknown`."""
    return "".join(f"{key}: {_text(key, value)}\n" for key, value in fields.items())


def _text(key: str, value: Value) -> str:
    if value is None:
        return "unknown"
    return f"{value:.6f}" if key == "loss" and isinstance(value, int | float) else str(value)


def _jsonable(value: Value) -> Value:
    """NaN and infinities as strings: JSON has no numbers for them."""
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):  # noqa: PLR0124 - NaN
        return str(value)
    return value


def write_sign(directory: Path, exp_id: str, fields: Mapping[str, Value]) -> None:
    """Writes a signal file and its JSON; a sign that no longer holds is removed.

    The JSON comes first: whoever waits for the text finds both.

    Args:
        directory: `signals` of the run; it is made.
        exp_id: Names the files.
        fields: As `healthy`, `done` and `failed` give them.

    Raises:
        OSError: The directory cannot be written.
    """
    sign = Sign(str(fields["status"]))
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{exp_id}.{sign}"
    document = {key: _jsonable(value) for key, value in fields.items()}
    _replace(path.with_name(f"{path.name}.json"), json.dumps(document, indent=1) + "\n")
    _replace(path, as_text(fields))
    for other in _CONTRADICTED[sign]:
        remove_sign(directory, exp_id, other)


_CONTRADICTED = {
    Sign.HEALTHY: (Sign.FAILED,),
    Sign.DONE: (Sign.FAILED,),
    Sign.FAILED: (Sign.DONE,),
}


def remove_sign(directory: Path, exp_id: str, sign: Sign) -> None:
    """Takes a sign back; nothing happens where it was not given."""
    for name in (f"{exp_id}.{sign}", f"{exp_id}.{sign}.json"):
        with contextlib.suppress(OSError):
            (directory / name).unlink()


def _replace(path: Path, text: str) -> None:
    handle, temporary = open_beside(path, _PUBLIC)
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
