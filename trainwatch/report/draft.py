"""`report_draft.md`: a report's skeleton, filled with what is known; no log text acts in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainwatch.health.words import duration
from trainwatch.model.snapshot import RunView
from trainwatch.report.direction import Direction, direction
from trainwatch.report.history import History
from trainwatch.report.results import attempts_in, best, final, timestamp
from trainwatch.report.safe import safe_text
from trainwatch.report.secrets import without_secrets

_ACTING = re.compile(r"([\\`*_\[\]#!|~>$])")
_EPOCHS = 30
_ALERTS = 20
_LONGEST = 80
_OPEN = "_To be written._"


def report_draft(exp_id: str, view: RunView, history: History, diagnosis: str | None = None) -> str:
    """The whole document.

    Args:
        exp_id: The experiment's id.
        view: The run.
        history: Its steps.
        diagnosis: The verdict in one sentence, where there is anything to say.
    """
    parts = [
        f"# {md(exp_id)}",
        _facts(view, history),
        "## Summary",
        md(view.sentence) if view.sentence else _OPEN,
        *(["## Diagnosis", md(diagnosis)] if diagnosis else []),
        "## Set-up",
        _command(view),
        "## Results",
        "\n".join(_metrics(history)) or "No metric was recognised.",
        *_epochs(view),
        "## Events and alerts",
        "\n".join(_alerts(view)) or "None.",
        "## Discussion",
        _OPEN,
        "## Next steps",
        _OPEN,
    ]
    return "\n\n".join(parts) + "\n"


def md(text: str) -> str:
    """Untrusted text as it stands, in Markdown and in the HTML that is made of it."""
    plain = safe_text(text).replace("&", "&amp;").replace("<", "&lt;")
    return _ACTING.sub(r"\\\1", plain).replace("://", "&#58;//").strip() or " "


def _facts(view: RunView, history: History) -> str:
    facts = [
        ("Status", f"{view.status.value} ({view.health.value})"),
        ("Written", timestamp(view.now)),
        ("Duration", None if view.elapsed_seconds is None else duration(view.elapsed_seconds)),
        ("Attempts", str(attempts_in(view, history))),
        ("Ranks", str(len([rank for rank in view.ranks if rank.who.rank is not None]) or "")),
        ("Host", view.info.host and md(view.info.host)),
    ]
    return "\n".join(f"- {name}: {value}" for name, value in facts if value)


def _command(view: RunView) -> str:
    if view.info.command is None:
        return _OPEN
    return f"Command: {md(without_secrets(' '.join(view.info.command)))}"


def _metrics(history: History) -> Iterator[str]:
    if not history.metrics:
        return
    yield "| metric | final | best | better is |"
    yield "|---|---:|---:|---|"
    words = {None: "not known", Direction.SMALLER: "smaller", Direction.LARGER: "larger"}
    for name in history.metrics:
        way = words[direction(name)]
        yield f"| {md(name[:_LONGEST])} | {_figure(final(history, name))} | {_figure(best(history, name))} | {way} |"


def _epochs(view: RunView) -> Iterator[str]:
    if not view.epochs:
        return
    yield "## Epochs"
    lines = [
        "| epoch | mean loss | min | max | val loss | time |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for epoch in view.epochs[-_EPOCHS:]:
        figures = (epoch.loss_mean, epoch.loss_min, epoch.loss_max, epoch.val_loss)
        took = "" if epoch.seconds is None else duration(epoch.seconds)
        lines.append(f"| {epoch.epoch:g} | {' | '.join(map(_figure, figures))} | {took} |")
    yield "\n".join(lines)


def _alerts(view: RunView) -> Iterator[str]:
    for alert in view.alerts[:_ALERTS]:
        where = alert.evidence[0] if alert.evidence else None
        place = f" ({md(where.file)}:{where.line})" if where and where.line else ""
        yield f"- {alert.severity.name.lower()}: {md(alert.message)}{place}"
    if len(view.alerts) > _ALERTS:
        yield f"- and {len(view.alerts) - _ALERTS} more"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
