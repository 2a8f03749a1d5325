"""Findings about values: NaN, explosion, learning rate 0, stagnation."""

import math
from collections.abc import Iterator
from itertools import islice

from trainwatch.events import Finding, RankId, Severity
from trainwatch.health.config import HealthConfig
from trainwatch.model.ranks import Crew, Voice
from trainwatch.model.watch import WINDOW, Spot, ValueWatch


def value_findings(crew: Crew, config: HealthConfig) -> Iterator[Finding]:
    """What the values of the current attempt show, each rank's from its primary source.

    The rank at which it began comes first: it is closest to the cause.
    """
    for metric in ("loss", "val_loss", "lr"):
        yield from sorted(_of_metric(metric, crew, config), key=_beginning)


def _beginning(finding: Finding) -> tuple[float, float]:
    epoch = math.inf if finding.epoch is None else finding.epoch
    return epoch, math.inf if finding.step is None else finding.step


def _of_metric(metric: str, crew: Crew, config: HealthConfig) -> Iterator[Finding]:
    for member in crew.speakers(metric):
        voice = member.metric_voices(metric)[-1]
        watch = voice.stream.watches.get(metric)
        if watch is None or voice.attempt < crew.attempt:
            continue
        if metric == "lr":
            yield from _zero_lr(member.who, watch, config)
        else:
            yield from _loss(metric, voice, watch, config)


def _loss(metric: str, voice: Voice, watch: ValueWatch, config: HealthConfig) -> Iterator[Finding]:
    who = voice.stream.who
    name = _NAMES[metric]
    over = watch.recovered >= config.recovered_records
    if watch.first_nonfinite:
        word = "NaN" if watch.first_nonfinite.value != watch.first_nonfinite.value else "infinite"
        yield _finding(
            f"{metric}_nan",
            who,
            watch.first_nonfinite,
            f"{name} is {word} {_since(watch.first_nonfinite)}{_outcome(over)}",
            over=over,
            refute=f"if the {name} printed there is a finite number",
        )
    if watch.first_huge:
        yield _explosion(
            metric, who, watch.first_huge, f"is above {config.loss_ceiling:.0e}", over=over
        )
    elif watch.first_growth:
        usual = watch.first_growth.usual or 0.0
        yield _explosion(
            metric,
            who,
            watch.first_growth,
            f"grew more than {config.loss_growth:g}-fold (usual {usual:.4g})",
            over=over,
        )
    if metric == "loss":
        yield from _stagnation(who, watch, config)


def _explosion(metric: str, who: RankId, spot: Spot, what: str, *, over: bool) -> Finding:
    return _finding(
        f"{metric}_explosion",
        who,
        spot,
        f"{_NAMES[metric]} {spot.value:.4g} {what} {_since(spot)}{_outcome(over)}",
        over=over,
        refute="if such values are normal for this loss; set loss_growth or loss_ceiling",
    )


def _zero_lr(who: RankId, watch: ValueWatch, config: HealthConfig) -> Iterator[Finding]:
    if watch.zero_run >= config.zero_lr_records and watch.first_zero:
        yield _finding(
            "lr_zero",
            who,
            watch.first_zero,
            f"learning rate is 0 {_since(watch.first_zero)}, {watch.zero_run} records in a row",
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


def _since(spot: Spot) -> str:
    epoch = "" if spot.epoch is None else f"epoch {spot.epoch:g}"
    step = "" if spot.step is None else f"step {spot.step}"
    return "since " + (" ".join(part for part in (epoch, step) if part) or "its first records")


def _outcome(over: bool) -> str:
    return ", recovered" if over else ""
