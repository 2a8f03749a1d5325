"""Values that spoil a training which goes on, or even ends well: NaN, spikes, scales, rates."""

import math
from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import values
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Proof,
    Role,
    Verdict,
)
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import NOBODY, Evidence, Finding, RankId
from trainwatch.formats.filenames import describe
from trainwatch.model.snapshot import Status

_RULES = {
    "loss_nan": Category.LOSS_NAN_OR_SPIKE,
    "val_loss_nan": Category.LOSS_NAN_OR_SPIKE,
    "grad_norm_nan": Category.LOSS_NAN_OR_SPIKE,
    "loss_explosion": Category.LOSS_NAN_OR_SPIKE,
    "val_loss_explosion": Category.LOSS_NAN_OR_SPIKE,
    "lr_zero": Category.LR_ZERO,
    "loss_stagnation": Category.LOSS_STAGNATION,
}
_WORDS = {
    "loss_nan": "the loss is NaN or infinite",
    "val_loss_nan": "the validation loss is NaN or infinite",
    "grad_norm_nan": "the gradient norm stays NaN or infinite",
    "loss_explosion": "the loss has exploded",
    "val_loss_explosion": "the validation loss has exploded",
    "lr_zero": "the learning rate is 0",
    "loss_stagnation": "the loss does not move any more",
}
_NAN_ADVICE = (
    "go back to a checkpoint before that step: what was learned after it is lost",
    "look at the batch of that step; torch.autograd.set_detect_anomaly(True) finds the operation",
)
_ADVICE = {
    Category.LOSS_NAN_OR_SPIKE: _NAN_ADVICE,
    Category.LR_ZERO: ("look at the scheduler's total steps, and at what a resume restores",),
    Category.LOSS_STAGNATION: ("look at the learning rate, the labels and the data order",),
}
_FLOOR = 1.0
_MANY = 5
_LONG = 25
_AT_END = 0.1
_NAN_RUN = 3
MAX_PROOFS = 4


def sick(case: Case) -> Iterator[Lead]:
    """A lead for each sort of value that spoils the training."""
    for category in dict.fromkeys(_RULES.values()):
        findings = [
            finding
            for finding in case.health.findings
            if _RULES.get(finding.rule) is category
            and finding.active
            and not _recovered(case, finding)
        ]
        if findings and not (category is Category.LR_ZERO and _only_at_end(case)):
            yield _found(case, category, findings)
    yield from _collapse(case)
    yield from _tails(case)


def _recovered(case: Case, finding: Finding) -> bool:
    """Whether a loss that was no number is one again: weights that are NaN stay so, it was none."""
    if not finding.rule.endswith("_nan"):
        return False
    metric = finding.rule.removesuffix("_nan")
    newest = [
        member.primary.stream.extents[metric].last
        for member in case.crew.all
        if member.who == finding.who and metric in member.primary.stream.extents
    ]
    return any(value is not None and math.isfinite(value) for value in newest)


def _found(case: Case, category: Category, findings: Sequence[Finding]) -> Lead:
    ordered = sorted(findings, key=_position)
    first = ordered[0]
    alone = _first_rank(ordered)
    who = ranks_words([first.who]) if first.who != NOBODY else ""
    on = f" on {who}" if who and (alone or len(findings) == 1) else ""
    first_on = f", first{on}" if alone else on
    finished = case.health.ends.completed
    tail = "; it ran to its end, but what it learned after that is lost" if finished else ""
    mild = category in (Category.LR_ZERO, Category.LOSS_STAGNATION)
    return Lead(
        name=first.rule,
        category=category,
        verdict=Verdict.UNDECIDED if category is Category.LOSS_STAGNATION else Verdict.FAILED,
        standing=Standing.ROOT,
        summary=f"{_said(case, first)}{first_on}{'' if mild else tail}",
        confidence=Confidence.LIKELY if mild else Confidence.CERTAIN,
        when=When(case.crew.attempt),
        charges={alone: Charge(Role.GUILTY, f"{_said(case, first)}, before the others'")}
        if alone
        else {},
        victims={
            one.who: f"{_said(case, one)}, after {who}'s" for one in reversed(ordered[1:]) if alone
        },
        proofs=tuple(
            Proof(finding.evidence[0], f"where it begins{_whose(finding.who)}")
            for finding in ordered[:MAX_PROOFS]
            if finding.evidence
        ),
        refute=first.refute,
        advice=_ADVICE[category],
        sick=True,
    )


def _said(case: Case, finding: Finding) -> str:
    """What it is and where it begins."""
    shift = _shift(case, finding)
    epoch = "" if finding.epoch is None else f" epoch {finding.epoch + shift:g}"
    step = "" if finding.step is None else f" step {finding.step}"
    return f"{_WORDS[finding.rule]} since{epoch}{step}" if epoch or step else _WORDS[finding.rule]


def _shift(case: Case, finding: Finding) -> int:
    """What turns an epoch of the log that it is quoted from into one as the view counts them."""
    base = describe(finding.evidence[0].file).base if finding.evidence else ""
    voices = (voice for member in case.crew.all for voice in member.voices)
    streams = (voice.stream for voice in voices if voice.stream.role.base == base)
    return next((case.crew.epoch_shift(stream) for stream in streams), 0)


def _whose(who: RankId) -> str:
    return "" if who == NOBODY else f" on {ranks_words([who])}"


def _position(finding: Finding) -> tuple[bool, float, int, tuple[int, int]]:
    validation = finding.rule.startswith("val_")
    epoch = -1.0 if finding.epoch is None else finding.epoch
    step = -1 if finding.step is None else finding.step
    return (validation, epoch, step, finding.who.sort_key)


def _first_rank(ordered: Sequence[Finding]) -> RankId | None:
    """The rank on which it began strictly before all others; they have it from there."""
    first = ordered[0]
    rest = [one for one in ordered[1:] if one.rule == first.rule and one.who != first.who]
    if first.who == NOBODY or not rest or _position(rest[0])[:3] == _position(first)[:3]:
        return None
    return first.who


def _only_at_end(case: Case) -> bool:
    """Whether the rate came to 0 only in the last records of a schedule that ends there."""
    for member in case.crew.all:
        watch = member.primary.stream.watches.get("lr")
        if watch is not None and watch.zero_run > _AT_END * max(watch.seen, 1):
            return False
    return case.health.ends.completed


def _collapse(case: Case) -> Iterator[Lead]:
    """The loss scale is at its floor, or falls without a stop: every step is skipped."""
    for base, log in sorted(case.gathering.logs.items()):
        for who, scales in log.work.scales.items():
            falling = _falling(scales)
            floor = scales[-1] <= _FLOOR and falling >= _MANY
            if not floor and falling < _LONG:
                continue
            lines = log.work.overflows[who]
            yield Lead(
                name="loss_scale_collapse",
                category=Category.LOSS_SCALE_COLLAPSE,
                verdict=Verdict.FAILED,
                standing=Standing.ROOT,
                summary=f"the gradients overflowed {falling} times in a row and the loss scale fell"
                f" to {scales[-1]:g}: the steps are skipped, and nothing is learned",
                phase=DiagnosedPhase.OPTIMIZER,
                confidence=Confidence.LIKELY,
                when=When(case.crew.attempt, base=base),
                proofs=tuple(Proof(line, "a skipped step") for line in lines),
                refute="if steps after the last of these lines were not skipped",
                advice=values.SCALE_FLOOR.advice,
                sick=True,
            )
            return


def _falling(scales: Sequence[float]) -> int:
    """How many of the newest overflows follow each other without the scale having grown."""
    count = 1
    for before, after in zip(reversed(scales[:-1]), reversed(scales[1:]), strict=True):
        if after > before:
            break
        count += 1
    return count


def _tails(case: Case) -> Iterator[Lead]:
    """The log ends in a spike, or in losses that are no numbers, of a dialect of its own."""
    for _, log in sorted(case.gathering.logs.items()):
        for tail in log.tails.values():
            spike = tail.spike()
            known = bool(case.health.ranks)
            if not known and tail.nonfinite >= _NAN_RUN and tail.first_nonfinite:
                yield _nan(tail.first_nonfinite, tail.nonfinite)
                return
            if spike is not None:
                evidence, before, after = spike
                yield _spike(case, Proof(evidence, "where it jumps"), before, after)
                return


def _nan(evidence: Evidence, count: int) -> Lead:
    return Lead(
        name="loss_nan_sniffed",
        category=Category.LOSS_NAN_OR_SPIKE,
        verdict=Verdict.FAILED,
        standing=Standing.ROOT,
        summary=f"the loss is no number in the last {count} records",
        confidence=Confidence.LIKELY,
        proofs=(Proof(evidence, "where it begins"),),
        refute="if the value printed there is not the loss",
        advice=_NAN_ADVICE,
        sick=True,
    )


def _spike(case: Case, proof: Proof, before: float, after: float) -> Lead:
    """A spike at the end; of a training that moves, which may well recover, only a note."""
    moves = case.health.status is Status.RUNNING
    end = "a few records ago, and has not come down yet" if moves else "and the log ends there"
    return Lead(
        name="loss_spike",
        category=Category.LOSS_NAN_OR_SPIKE,
        verdict=Verdict.UNDECIDED,
        standing=Standing.CONTEXT if moves else Standing.ROOT,
        summary=f"the loss jumped from {before:.4g} to {after:.4g}, {end}",
        confidence=Confidence.POSSIBLE,
        proofs=(proof,),
        refute="if the loss came down again within some dozen steps",
        advice=(
            "watch whether it recovers; else go back to a checkpoint before it and skip the batch",
            "a gradient norm that rises before the loss does: clip it lower, or lower the rate",
        ),
        missing=("the records after the jump: whether the loss recovered",),
        sick=True,
    )
