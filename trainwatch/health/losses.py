"""Findings about values: NaN, explosion, learning rate 0, stagnation."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from trainwatch.events import Finding, RankId, Severity
from trainwatch.health.config import HealthConfig
from trainwatch.model.ranks import Crew
from trainwatch.model.watch import WINDOW, Spot, ValueWatch


def value_findings(crew: Crew, config: HealthConfig) -> Iterator[Finding]:
    """What the values of the current attempt show, each rank's from its primary source.

    The rank at which it began comes first: it is closest to the cause.
    """
    for metric in ("loss", "val_loss", "lr"):
        yield from sorted(_of_metric(metric, crew, config), key=_beginning)
    yield from sorted(_gradients(crew, config), key=_beginning)


def _beginning(finding: Finding) -> tuple[float, float]:
    epoch = math.inf if finding.epoch is None else finding.epoch
    return epoch, math.inf if finding.step is None else finding.step


@dataclass(frozen=True, slots=True)
class _Subject:
    """Whose values of which metric are judged; `shift` turns its epochs into those people see."""

    who: RankId
    metric: str
    watch: ValueWatch
    shift: int

    @property
    def name(self) -> str:
        return _NAMES[self.metric]

    def since(self, spot: Spot) -> str:
        """`since epoch 2 step 16`."""
        epoch = "" if spot.epoch is None else f"epoch {spot.epoch + self.shift:g}"
        step = "" if spot.step is None else f"step {spot.step}"
        return "since " + (" ".join(part for part in (epoch, step) if part) or "its first records")


def _of_metric(metric: str, crew: Crew, config: HealthConfig) -> Iterator[Finding]:
    for member in crew.speakers(metric):
        voice = member.metric_voices(metric)[-1]
        watch = voice.stream.watches.get(metric)
        if watch is None or voice.attempt < crew.attempt or voice.past:
            continue
        subject = _Subject(member.who, metric, watch, crew.epoch_shift(voice.stream))
        yield from _zero_lr(subject, config) if metric == "lr" else _loss(subject, config)


def _gradients(crew: Crew, config: HealthConfig) -> Iterator[Finding]:
    """Gradients that stay NaN or infinite.

    Beside a loss of exactly 0 a few are enough: Hugging Face's Trainer prints a NaN as 0, unless
    told otherwise (`logging_nan_inf_filter`).
    """
    for member in crew.speakers("grad_norm"):
        voice = member.metric_voices("grad_norm")[-1]
        watch = voice.stream.watches.get("grad_norm")
        if watch is None or voice.attempt < crew.attempt or voice.past:
            continue
        loss = voice.stream.watches.get("loss")
        hidden = loss.zero_run if loss else 0
        enough = _HIDDEN if hidden >= _HIDDEN else config.grad_nan_records
        if watch.nonfinite_run < enough or watch.first_nonfinite is None:
            continue
        beside = ", and the loss printed is 0" if hidden else ""
        yield _finding(
            "grad_norm_nan",
            member.who,
            watch.first_nonfinite,
            f"the gradient norm is NaN or infinite, {watch.nonfinite_run} records in a row{beside}",
            over=False,
            refute="if later gradients are finite again",
        )


_HIDDEN = 3
"""Records in a row of a loss of exactly 0 that hides a NaN."""


def _loss(of: _Subject, config: HealthConfig) -> Iterator[Finding]:
    watch = of.watch
    over = watch.recovered >= config.recovered_records
    if watch.first_nonfinite:
        word = "NaN" if math.isnan(watch.first_nonfinite.value) else "infinite"
        verb = "is" if watch.nonfinite_run else "was at times"
        yield _finding(
            f"{of.metric}_nan",
            of.who,
            watch.first_nonfinite,
            f"{of.name} {verb} {word} {of.since(watch.first_nonfinite)}{_outcome(over)}",
            over=over,
            refute=f"if the {of.name} printed there is a finite number",
        )
    if watch.first_huge:
        yield _explosion(of, watch.first_huge, f"is above {config.loss_ceiling:.0e}", over=over)
    elif watch.first_growth:
        usual = watch.first_growth.usual or 0.0
        what = f"grew more than {config.loss_growth:g}-fold (usual {usual:.4g})"
        yield _explosion(of, watch.first_growth, what, over=over)
    if of.metric == "loss":
        yield from _stagnation(of.who, watch, config)


def _explosion(of: _Subject, spot: Spot, what: str, *, over: bool) -> Finding:
    return _finding(
        f"{of.metric}_explosion",
        of.who,
        spot,
        f"{of.name} {spot.value:.4g} {what} {of.since(spot)}{_outcome(over)}",
        over=over,
        refute="if such values are normal for this loss; set loss_growth or loss_ceiling",
    )


def _zero_lr(of: _Subject, config: HealthConfig) -> Iterator[Finding]:
    watch = of.watch
    if watch.zero_run >= config.zero_lr_records and watch.first_zero:
        yield _finding(
            "lr_zero",
            of.who,
            watch.first_zero,
            f"learning rate is 0 {of.since(watch.first_zero)}, {watch.zero_run} records in a row",
            over=False,
            refute="if the log prints too few digits of a small learning rate",
        )


def _stagnation(who: RankId, watch: ValueWatch, config: HealthConfig) -> Iterator[Finding]:
    windows = -(-config.stagnation_steps // WINDOW)
    if not config.stagnation_steps or len(watch.medians) <= windows:
        return
    newest = list(islice(reversed(watch.medians), windows + 1))
    spread = (max(newest) - min(newest)) / max(abs(max(newest)), 1e-300)
    if spread < config.stagnation_change and watch.newest:
        yield _finding(
            "loss_stagnation",
            who,
            watch.newest,
            f"loss has moved by {spread:.2%} over {windows * WINDOW} records",
            over=False,
            refute="if the training has converged",
        )


def _finding(
    rule: str, who: RankId, spot: Spot, message: str, *, over: bool, refute: str
) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.WARNING if over or rule in _MILD else Severity.CRITICAL,
        who=who,
        message=message,
        evidence=(spot.evidence,),
        step=spot.step,
        epoch=spot.epoch,
        refute=refute,
        active=not over,
    )


_NAMES = {"loss": "loss", "val_loss": "validation loss"}
_MILD = frozenset(("lr_zero", "loss_stagnation"))


def _outcome(over: bool) -> str:
    return ", recovered" if over else ""
