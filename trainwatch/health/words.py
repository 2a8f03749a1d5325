"""Words for people: durations, places, the one sentence about a run. None holds log text."""

import math

from trainwatch.events import Phase
from trainwatch.model.snapshot import RankView

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_PHASES = {
    Phase.UNKNOWN: "before its first marker",
    Phase.STARTING: "while starting",
    Phase.TRAINING: "in training",
    Phase.TRAIN_TO_VALIDATION: "between TRAINING END and VALIDATION START",
    Phase.VALIDATION: "in validation",
    Phase.AFTER_VALIDATION: "after VALIDATION END",
    Phase.CHECKPOINT: "while saving a checkpoint",
    Phase.FINISHED: "at the end",
}


def duration(seconds: float) -> str:
    """`8.4 s`, `14 s`, `4 min 10 s`, `2 h 05 min`, `3 d 4 h`; `?` for what is no duration."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 10:  # noqa: PLR2004 - below ten seconds a tenth matters
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def brief_duration(seconds: float) -> str:
    """The same for a column: `8.4s`, `14s`, `4m10s`, `2h05m`, `3d04h`."""
    if not math.isfinite(seconds):
        return "?"
    if seconds < 10:  # noqa: PLR2004 - as above
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d{whole % _DAY // _HOUR:02d}h"


def phase_words(phase: Phase) -> str:
    """Where a rank is, as part of a sentence."""
    return _PHASES[phase]


def place(rank: RankView) -> str:
    """`in training, epoch 15 step 104`."""
    epoch = "" if rank.shown_epoch is None else f"epoch {rank.shown_epoch:g}"
    step = "" if rank.step is None else f"step {rank.step}"
    where = " ".join(part for part in (epoch, step) if part)
    return f"{phase_words(rank.phase)}, {where}" if where else phase_words(rank.phase)


def size(count: float) -> str:
    """`812 bytes`, `4.8 kB`, `1.2 GB`: as disks and checkpoints are sold, a thousand each."""
    if count < _KILO:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= _KILO
        if count < _KILO - 0.5:
            return f"{count:.3g} {unit}"
    return f"{count / _KILO:.3g} TB"


_KILO = 1000


def printable(text: str) -> str:
    """A file's or a host's name on one line, whatever is in it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
