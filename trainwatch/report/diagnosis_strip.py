"""The last phases of the ranks over time, a letter a moment; ranks that did the same share a line."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.text import Text

from trainwatch.diagnose.diagnosis import Diagnosis, RankDiagnosis
from trainwatch.diagnose.words import spans
from trainwatch.events import Phase
from trainwatch.health.words import brief_duration

_LETTERS = {
    Phase.STARTING: "s",
    Phase.TRAINING: "t",
    Phase.TRAIN_TO_VALIDATION: "e",
    Phase.VALIDATION: "v",
    Phase.AFTER_VALIDATION: "a",
    Phase.CHECKPOINT: "c",
}
_WORDS = {
    "s": "start",
    "t": "train",
    "e": "train end",
    "v": "valid",
    "a": "valid end",
    "c": "save",
    "-": "silent",
}
_SILENT = "-"
_LINES = 4
_NAMES = 8
_LONGEST = 1800.0
_SHORTEST = 1.0
_ALIKE = 2
"""Cells in which the strips of ranks that did the same may differ: letters stand for moments."""


def strips(diagnosis: Diagnosis, ranks: Sequence[RankDiagnosis], width: int) -> list[Text]:
    """A legend, and a line for all ranks that did the same at the same times.

    The strip ends where the diagnosis looks from, unless that is long after: then silence takes no
    more than half of it.

    Args:
        diagnosis: What was found.
        ranks: Which of its ranks.
        width: Cells of a line.
    """
    told = [rank for rank in ranks if len(_times(rank)) > 1]
    room = width - _NAMES - 1
    if not told or room < 2 * _NAMES:
        return []
    first = min(min(_times(rank)) for rank in told)
    last = max(max(_times(rank)) for rank in told)
    quiet = min((one.seconds for one in diagnosis.silence if one.seconds is not None), default=0.0)
    shown = min(quiet, max(_SHORTEST, min(last - first, _LONGEST)))
    begin = max(first, last - max(3 * shown, _LONGEST))
    if last - begin < _SHORTEST:
        return []
    drawn: dict[str, list[RankDiagnosis]] = {}
    for rank in told:
        strip = "".join(_strip(rank, begin, (last + shown - begin) / room, room))
        alike = next((other for other in drawn if _near(strip, other)), strip)
        drawn.setdefault(alike, []).append(rank)
    used = [letter for letter in _WORDS if any(letter in strip for strip in drawn)]
    legend = "  ".join(f"{letter} {_WORDS[letter]}" for letter in used)
    scale = " (cut)" if quiet > shown else ""
    span = f"{brief_duration(last - begin)} + {brief_duration(quiet)} silent{scale}"
    lines = [Text(f"{span}:  {legend}", style="dim")]
    for strip, some in list(drawn.items())[:_LINES]:
        numbers = [rank.who.rank for rank in some if rank.who.rank is not None]
        names = spans(numbers) if numbers else "all"
        lines.append(Text(f"{names[:_NAMES]:<{_NAMES}} {strip}"))
    return lines


def _times(rank: RankDiagnosis) -> list[float]:
    return [seconds for seconds, _ in rank.phases]


def _near(one: str, other: str) -> bool:
    return sum(a != b for a, b in zip(one, other, strict=True)) <= _ALIKE


def _strip(rank: RankDiagnosis, begin: float, cell: float, room: int) -> Iterator[str]:
    """One letter a cell: the phase in the middle of it."""
    spans_ = [(one[0], two[0], _LETTERS.get(one[1], ".")) for one, two in pairwise(rank.phases)]
    end = max(_times(rank))
    for at in range(room):
        moment = begin + (at + 0.5) * cell
        if moment > end:
            yield _SILENT
        else:
            yield next((letter for a, b, letter in reversed(spans_) if a <= moment <= b), " ")
