"""One snapshot of a run, as the JSON document of the contract."""

from collections.abc import Callable

from trainwatch.events import Finding
from trainwatch.model.snapshot import MetricView, RankView, RunView
from trainwatch.report.jsonable import (
    Json,
    evidence,
    iso_moment,
    number,
    printed,
    without_surrogates,
)

Wants = Callable[[int | None], bool]


def status_document(view: RunView, wants: Wants = lambda _rank: True) -> Json:
    """The document of `trainwatch status --json`; a key that is not known is null.

    Args:
        view: The snapshot.
        wants: Whether a rank is shown.
    """
    info = view.info
    return without_surrogates(
        {
            "schema": 1,
            "run": {
                "id": info.id,
                "path": info.path,
                "command": None if info.command is None else list(info.command),
                "attempt": view.attempt,
                "host": info.host,
                "started": iso_moment(view.started),
            },
            "status": view.status.value,
            "health": view.health.value,
            "progress": number(view.progress),
            "eta_seconds": _seconds(view.eta_seconds),
            "elapsed_seconds": _seconds(view.elapsed_seconds),
            "epoch": printed(view.epoch),
            "total_epochs": view.total_epochs,
            "step": view.step,
            "total_steps": view.total_steps,
            "metrics": {name: _metric(metric) for name, metric in view.metrics.items()},
            "ranks": [_rank(rank) for rank in view.ranks if wants(rank.who.rank)],
            "alerts": [
                _alert(alert)
                for alert in view.alerts
                if alert.who.rank is None or wants(alert.who.rank)
            ],
            "unparsed_lines": view.tally.unparsed,
            "lines": view.tally.lines,
            "bytes": view.tally.bytes,
        }
    )


def _seconds(value: float | None) -> float | int | str | None:
    """A duration to the millisecond: what is behind that is the noise of floats."""
    return number(None if value is None else round(value, 3))


def _metric(metric: MetricView) -> Json:
    return {
        "last": number(metric.last),
        "mean": number(metric.mean),
        "min": number(metric.min),
        "max": number(metric.max),
        "count": metric.count,
    }


def _rank(rank: RankView) -> Json:
    last = rank.last
    return {
        "rank": rank.who.rank,
        "state": rank.state.value,
        "phase": rank.phase.value,
        "epoch": printed(rank.epoch),
        "step": rank.step,
        "silent_seconds": _seconds(rank.silent_seconds),
        "pid": rank.pid,
        "host": rank.host,
        "last": None
        if last is None
        else {"file": last.where.file, "line": last.where.line, "text": last.text},
    }


def _alert(alert: Finding) -> Json:
    return {
        "rule": alert.rule,
        "severity": alert.severity.name.lower(),
        "rank": alert.who.rank,
        "step": alert.step,
        "message": alert.message,
        "evidence": evidence(alert.evidence),
    }
