"""The newest values of each curve, from which a spike or a dead loss at the end is told.

Values come from step records; from lines that no format knows the loss and the gradient norm are
taken where they are named, so that a training in an unknown dialect is not passed over.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from trainwatch.events import Evidence, RankId

NAN = float("nan")
KEPT = 256
"""Newest values of a curve."""

QUOTED = 8
"""Newest values of which the line is kept too: a spike must begin among them."""

_NUMBER = rb"['\"]?\s*[:=]\s*['\"]?(nan|NaN|[+-]?inf|[+-]?\d[\d.]{0,30}(?:[eE][+-]?\d{1,4})?)\b"
_LOSS = re.compile(rb"[Ll]oss" + _NUMBER)
_NORM = re.compile(rb"[Nn]orm" + _NUMBER)
_TRAINING = re.compile(
    rb"(?i)(?:^|[^\w.])(?:(?:train|training|total|lm|batch|avg|mean|running|reduced_train)[ _-]?)?$"
)
_BEFORE = 24
"""Bytes before the word in which it is told whose loss it is."""

_SPIKE = 2.0
_JUMP = 20.0
_NORM_JUMP = 10.0
_ENOUGH = 16
_SURE = 3


@dataclass(slots=True)
class Tail:
    """The newest training losses of one writer in one log.

    Attributes:
        losses, norms: Newest last; a norm is NaN where none is printed.
        quoted: The lines of the newest losses.
        nonfinite: How many of the newest losses are NaN or infinite without a break.
        recorded: Whether they come from step records: then lines are not sniffed as well.
    """

    losses: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    norms: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))
    quoted: deque[Evidence] = field(default_factory=lambda: deque(maxlen=QUOTED))
    nonfinite: int = 0
    first_nonfinite: Evidence | None = None
    recorded: bool = False

    def add(self, loss: float, norm: float, evidence: Evidence) -> None:
        """Take the next record."""
        self.losses.append(loss)
        self.norms.append(norm)
        self.quoted.append(evidence)
        if loss - loss == 0:  # finite
            self.nonfinite = 0
        else:
            self.first_nonfinite = evidence if not self.nonfinite else self.first_nonfinite
            self.nonfinite += 1

    def spike(self) -> tuple[Evidence, float, float] | None:
        """Where an unrecovered spike at the very end begins, the loss before it and its own."""
        losses, norms = list(self.losses), list(self.norms)
        for count in range(1, min(QUOTED, len(losses) - 1)):
            before, after = losses[:-count], losses[-count:]
            if _is_spike(before, after) and (
                _norm_jumped(norms, count) or (count >= _SURE and len(before) >= _ENOUGH)
            ):
                return self.quoted[-count], before[-1], after[0]
        return None


def _is_spike(before: list[float], after: list[float]) -> bool:
    if any(value - value != 0 for value in (*before, *after)) or min(before) <= 0:
        return False
    steps = [abs(one - two) for one, two in pairwise(before)]
    usual = median(steps) if steps else 0.0
    high = min(after)
    return bool(steps) and high >= _SPIKE * max(before) and after[0] - before[-1] >= _JUMP * usual


def _norm_jumped(norms: list[float], count: int) -> bool:
    """Whether the gradient norm rose with the loss, or one record before it."""
    before, after = norms[: -count - 1], norms[-count - 1 :]
    known = [norm for norm in before if norm == norm]  # noqa: PLR0124 - not NaN
    high = [norm for norm in after if norm == norm]  # noqa: PLR0124
    return bool(known) and bool(high) and max(high) >= _NORM_JUMP * max(known)


def sniff(message: bytes) -> tuple[float, float] | None:
    """The training loss and the gradient norm that a line of an unknown dialect names."""
    if b"oss" not in message:
        return None
    for found in _LOSS.finditer(message):
        before = message[max(0, found.start() - _BEFORE) : found.start()]
        if _TRAINING.search(before) and _is_number(found[1]):
            norm = _NORM.search(message)
            return float(found[1]), float(norm[1]) if norm and _is_number(norm[1]) else NAN
    return None


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Tails = dict[RankId, Tail]
