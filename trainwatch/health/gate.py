"""The health gate: are the first minutes of a training sound, so that it can be left alone?

A function of successive snapshots and the time; nothing is read or ended here.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from trainwatch.events import Finding, Severity
from trainwatch.model.snapshot import RunView, Status

_SILENCE = frozenset(("stall", "hang"))
_STAGNATION = "loss_stagnation"
_ZERO_LR = "lr_zero"
_FEW_DIGITS = re.compile(r"(?<![0-9.])0\.0{2,7}(?![0-9eE])")
"""A number that may be a small one, printed with too few digits; `0.0` is what Python prints for 0."""

_RATE = re.compile(r"(?:\blr|learning[ _-]?rate|学习率)[^0-9\n]{0,6}(0[0-9.eE+-]*)", re.IGNORECASE)

_ZEROS = range(3, 10)
"""Learning rates of 0 and no others: so many are no finding yet, nor a sound beginning."""

_VALUES = ("loss_", "val_loss_", "lr_", "grad_norm_")
"""With which the names of rules begin that judge values: nobody dies of these by himself."""

DYING = 10.0
"""Seconds in which a training that reports its own failure may end by itself: then its exit code
counts, and whether it is started again; who has reported a death and lives on is ended."""


class Outcome(StrEnum):
    """What the gate says so far."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The gate's word at one moment.

    Attributes:
        outcome: Whether it is decided, and how.
        reason: Why it failed.
        step, loss: The newest ones.
        silent: Whether it failed because nothing moved.
    """

    outcome: Outcome
    reason: str | None = None
    step: int | None = None
    loss: float | None = None
    silent: bool = False


@dataclass(slots=True)
class Gate:
    """Watches one attempt.

    It passes when the first progress was sound for `seconds` and went on meanwhile. It fails on
    what breaks a training's values, at once; on what breaks its processes, where it does not end by
    itself; and on silence: of a log in which nothing
    was ever recognised as progress, or of one that had begun to move.

    Attributes:
        seconds: Of health that are asked for.
        began: Epoch seconds at which the attempt started.
    """

    seconds: float
    began: float
    _first: float | None = field(default=None, init=False)
    _moved: float | None = field(default=None, init=False)
    _looked: bool = field(default=False, init=False)
    _heard: float = field(default=0.0, init=False)
    _place: tuple[object, ...] = field(default=(), init=False)
    _bytes: int = field(default=0, init=False)
    _died: float | None = field(default=None, init=False)

    def look(self, view: RunView, written: int | None = None) -> Judgement:
        """Judge a snapshot; `view.now` must not run backwards.

        Args:
            view: Of the attempt.
            written: Bytes of its logs, lines that are not complete included; None: as the view says.
        """
        self._listen(view, view.tally.bytes if written is None else written)
        finding = fatal(view)
        if finding is not None and finding.rule.startswith(_VALUES):
            return self._say(view, Outcome.FAILED, in_words(finding))
        if finding is not None or view.status is Status.FAILED:
            self._died = view.now if self._died is None else self._died
            if view.now - self._died < DYING:
                return self._say(view, Outcome.PENDING)
            why = in_words(finding) if finding else "a process of the training died"
            return self._say(view, Outcome.FAILED, why)
        self._died = None
        if self._first is None:
            quiet = view.now - max(self._heard, self.began)
            if quiet >= self.seconds:
                return self._say_silent(view, f"no progress at all: {self._silent(quiet)}")
            return self._say(view, Outcome.PENDING)
        return self._moving(view, self._first, self._moved or self._first)

    def seen_moving(self, view: RunView) -> Judgement:
        """Judge anew where its logs are silent, and yet its processes were seen to get on.

        Some trainings print nothing for long that anybody could recognise. They are not ended for that.
        """
        if self._first is not None:
            self._moved = view.now
            return self._say(view, Outcome.PENDING)
        why = "its logs show no progress, but its ranks were seen to call further collectives"
        return self._say(view, Outcome.PASSED, why)

    def _moving(self, view: RunView, first: float, moved: float) -> Judgement:
        silent = view.now - moved
        stalled = next((one for one in view.alerts if one.active and one.rule in _SILENCE), None)
        if stalled and silent >= self.seconds:
            return self._say_silent(view, f"stalled: {stalled.message}")
        # One record and then nothing is no health: it has to move in the second half too.
        sound = not stalled and not _learns_nothing(view)
        if view.now - first >= self.seconds and moved - first >= self.seconds / 2 and sound:
            return self._say(view, Outcome.PASSED)
        return self._say(view, Outcome.PENDING)

    def _listen(self, view: RunView, written: int) -> None:
        if written != self._bytes:
            self._bytes, self._heard = written, view.now
        place = tuple((rank.epoch, rank.step, rank.records) for rank in view.ranks)
        begun = view.epochs or any(r.records or r.epoch is not None for r in view.ranks)
        if begun and place != self._place:
            self._place, self._moved = place, view.now
            if self._first is None:
                self._first, self._moved = self._since(view)
        self._looked = True

    def _since(self, view: RunView) -> tuple[float, float]:
        """Since when there is progress, and when it went on last, as its first sight tells.

        What the first look of all finds came at any time since the start: a gate that begins late
        on a busy machine must not hold it against a training that it was not there to see it move.
        """
        if self._looked:
            return view.now, view.now
        silent = (rank.silent_seconds for rank in view.ranks if rank.silent_seconds is not None)
        newest = view.now - min(silent, default=0.0)
        return self.began, min(max(newest, self.began), view.now)

    def _silent(self, quiet: float) -> str:
        if self._bytes == 0:
            return f"nothing was written for {quiet:.0f} s"
        return f"no step was recognised, and nothing more was written for {quiet:.0f} s"

    def _say_silent(self, view: RunView, reason: str) -> Judgement:
        return replace(self._say(view, Outcome.FAILED, reason), silent=True)

    @staticmethod
    def _say(view: RunView, outcome: Outcome, reason: str | None = None) -> Judgement:
        loss = view.metrics.get("loss")
        step = next((rank.step for rank in view.ranks if rank.step is not None), view.step)
        return Judgement(outcome, reason, step, loss.last if loss else None)


def fatal(view: RunView) -> Finding | None:
    """The worst active finding that speaks against going on; silence is judged by itself."""
    return next(
        (
            one
            for one in view.alerts
            if one.active
            and one.rule not in _SILENCE
            and (one.severity >= Severity.CRITICAL or one.rule == _STAGNATION or _is_zero(one))
        ),
        None,
    )


def _is_zero(finding: Finding) -> bool:
    """Whether it is a learning rate of 0 for certain, and not one printed with too few digits."""
    proof = finding.evidence[0].text if finding.evidence else ""
    rates = _RATE.findall(proof)
    return finding.rule == _ZERO_LR and not any(map(_FEW_DIGITS.search, rates or [proof]))


def _learns_nothing(view: RunView) -> bool:
    rate = view.metrics.get("lr")
    return rate is not None and rate.count in _ZEROS and rate.max == rate.min == 0


def in_words(finding: Finding) -> str:
    """A finding in one sentence: who, what, and where it is written."""
    who = "" if finding.who.rank is None else f"rank {finding.who.rank}: "
    where = ""
    if finding.evidence:
        proof = finding.evidence[0]
        where = f" [{proof.file}:{proof.line}]" if proof.line else f" [{proof.file}]"
    return f"{who}{finding.message}{where}"
