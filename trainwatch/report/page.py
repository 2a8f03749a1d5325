"""`report.html`: one page without any other file, offline, with curves to look into.

Everything but the curves is plain HTML made here, escaped. The curves are drawn from a block of JSON
by the page's own script; a content security policy allows that script and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from trainwatch import __version__
from trainwatch.diagnose.diagnosis import Diagnosis, Verdict
from trainwatch.events import Severity
from trainwatch.health.words import duration, size
from trainwatch.model.snapshot import Health, RankStatus, RunView, Status
from trainwatch.report.collector import Collector
from trainwatch.report.curves import chart_data
from trainwatch.report.direction import direction
from trainwatch.report.history import History
from trainwatch.report.machine_page import machine_parts
from trainwatch.report.results import attempts_in, best, final, timestamp
from trainwatch.report.safe import safe_text
from trainwatch.report.secrets import without_secrets

_WEB = Path(__file__).with_name("web")
_TONES = {
    Status.RUNNING: "good",
    Status.COMPLETED: "good",
    Status.STARTING: "good",
    Status.STALLED: "bad",
    Status.FAILED: "bad",
    Status.UNKNOWN: "warn",
}
_SEVERITIES = {Severity.INFO: "dim", Severity.WARNING: "warn", Severity.CRITICAL: "bad"}
_TROUBLE = {RankStatus.STALLED: "bad", RankStatus.DEAD: "bad", RankStatus.SLOW: "warn"}
_ALERTS, _RANKS, _EPOCHS, _METRICS = 100, 256, 500, 6
_PROOFS = 6


def page(
    exp_id: str, view: RunView, history: History, collected: Collector, diagnosis: Diagnosis
) -> Iterator[str]:
    """The page, in parts."""
    style, script = (_WEB / "page.css").read_text("utf-8"), (_WEB / "page.js").read_text("utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    data = chart_data(history, collected)
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(exp_id)} · trainwatch</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    yield from _head(exp_id, view, history)
    yield from _diagnosis(diagnosis)
    yield from _curves(data)
    yield from _alerts(view)
    yield from _ranks(view)
    yield from machine_parts(view.system)
    yield from _epochs(view)
    yield (
        f"<footer>Written by trainwatch {__version__}, {timestamp(view.now)}. "
        f"{view.tally.lines} lines of {view.files} files read, {view.tally.unparsed} not understood."
        "</footer>\n"
    )
    if data["charts"]:
        yield f'<script type="application/json" id="data">{as_data(data)}</script>\n'
        yield f"<script>{script}</script>\n"
    yield "</body>\n</html>\n"


def text(value: object) -> str:
    """Untrusted text as HTML."""
    return escape(safe_text(str(value)))


def as_data(document: Mapping[str, Any]) -> str:
    """JSON that no HTML parser takes for markup."""
    plain = json.dumps(document, allow_nan=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(head: Iterable[str], rows: Iterable[Iterable[str]], numeric: Iterable[int] = ()) -> str:
    """A table of HTML cells; `numeric` columns stand at the right."""
    right = set(numeric)

    def cells(tag: str, row: Iterable[str]) -> str:
        return "".join(
            f'<{tag} class="n">{cell}</{tag}>' if at in right else f"<{tag}>{cell}</{tag}>"
            for at, cell in enumerate(row)
        )

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="card scroll"><table><thead><tr>{cells("th", head)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>\n"
    )


def figure(value: float | None) -> str:
    """A number for people; empty where it is not known."""
    return "" if value is None else f"{value:.6g}"


def _hash(source: str) -> str:
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _head(exp_id: str, view: RunView, history: History) -> Iterator[str]:
    health = {Health.OK: "good", Health.WARNING: "warn", Health.CRITICAL: "bad"}[view.health]
    yield f'<header><h1>{text(exp_id)}</h1><span class="pill {_TONES[view.status]}">{view.status}</span>'
    if view.health is not Health.OK:
        yield f'<span class="pill {health}">{view.health}</span>'
    yield f'</header>\n<p class="sentence">{text(view.sentence)}</p>\n<dl class="facts">'
    for name, value, more in _facts(view, history):
        small = f" <small>{text(more)}</small>" if more else ""
        yield f"<div><dt>{text(name)}</dt><dd>{text(value)}{small}</dd></div>"
    yield "</dl>\n"
    if view.info.command:
        command = without_secrets(" ".join(view.info.command))
        yield f'<p class="text dim">{text(command)}</p>\n'


def _facts(view: RunView, history: History) -> Iterator[tuple[str, str, str]]:
    told = (name for name in history.metrics if direction(name) or name == "lr")
    known = [name for name in told if not name.startswith(("min_", "max_"))]
    for name in known[:_METRICS]:
        value, top = final(history, name), best(history, name)
        if value is not None:
            yield name, figure(value), "" if top is None else f"best {figure(top)}"
    if view.epoch is not None:
        yield "epoch", f"{view.epoch:g}", f"of {view.total_epochs}" if view.total_epochs else ""
    yield "steps recorded", str(len(history)), ""
    if view.elapsed_seconds is not None:
        yield "duration", duration(view.elapsed_seconds), ""
    if (attempts := attempts_in(view, history)) > 1:
        yield "attempts", str(attempts), ""
    newest = view.checkpoints.survey.newest if view.checkpoints else None
    if newest is not None:
        step = newest.name if newest.step is None else f"step {newest.step}"
        yield "newest checkpoint", text(step), f"{size(newest.size or 0)}, sound"


def _diagnosis(found: Diagnosis) -> Iterator[str]:
    if found.verdict in (Verdict.HEALTHY, Verdict.FINISHED):
        return
    tone = "bad" if found.verdict in (Verdict.HANG, Verdict.FAILED) else "warn"
    yield f'<h2>Diagnosis</h2>\n<div class="card"><span class="pill {tone}">{found.verdict}</span> '
    yield f'<span class="dim">{found.confidence}</span><p>{text(found.summary)}.</p>'
    for proof in found.evidence[:_PROOFS]:
        place = text(proof.evidence.file) + (
            "" if proof.evidence.line is None else f":{proof.evidence.line}"
        )
        yield (
            f'<p><span class="dim">{place} · {text(proof.why)}</span><br>'
            f"<code>{text(proof.evidence.text)}</code></p>"
        )
    if found.refute:
        yield f'<p><span class="dim">Refuted</span> {text(found.refute)}</p>'
    for name, entries in (("Next", found.advice), ("Missing", found.missing)):
        if entries:
            items = "".join(f"<li>{text(entry)}</li>" for entry in entries)
            yield f'<p class="dim">{name}</p><ul>{items}</ul>'
    yield "</div>\n"


def _curves(data: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Curves</h2>\n"
    if not data["charts"]:
        yield '<p class="dim">No metric was recognised.</p>\n'
        return
    ranks = (
        '<label><input type="checkbox" id="ranks"> each rank’s loss</label>'
        if data["ranks"]
        else ""
    )
    yield (
        '<div class="tools"><label>smoothing <input type="range" id="smooth" min="0" max="99" value="0">'
        '</label><label><input type="checkbox" id="log"> log scale</label>'
        f'{ranks}<button id="reset" type="button">whole run</button>'
        '<span class="dim">drag to zoom, double click to go back</span></div>\n'
        '<div class="charts" id="charts"></div>\n'
        "<noscript><p>The curves need this page’s own script; metrics.csv beside it has all values."
        "</p></noscript>\n"
    )


def _alerts(view: RunView) -> Iterator[str]:
    if not view.alerts:
        return
    yield "<h2>Alerts</h2>\n"
    rows = []
    for alert in view.alerts[:_ALERTS]:
        first = alert.evidence[0] if alert.evidence else None
        place = "" if first is None else text(first.file) + (f":{first.line}" if first.line else "")
        quote = "" if first is None else f'<br><code class="dim">{text(first.text)}</code>'
        over = "" if alert.active else ' <span class="dim">(over)</span>'
        rows.append(
            (
                f'<span class="{_SEVERITIES[alert.severity]}">{alert.severity.name.lower()}</span>',
                "" if alert.who.rank is None else str(alert.who.rank),
                f'{text(alert.message)}{over}<br><span class="dim">{place}</span>{quote}',
            )
        )
    yield table(("severity", "rank", "what, and where it stands"), rows, (1,))


def _ranks(view: RunView) -> Iterator[str]:
    if not view.ranks:
        return
    yield "<h2>Ranks</h2>\n"
    rows = (
        (
            text(rank.who.label),
            f'<span class="{_TROUBLE.get(rank.state, "")}">{rank.state}</span>',
            text(rank.phase),
            "" if rank.shown_epoch is None else f"{rank.shown_epoch:g}",
            "" if rank.step is None else str(rank.step),
            figure(rank.loss),
            "" if rank.step_seconds is None else f"{rank.step_seconds:.3g} s",
            str(rank.records),
        )
        for rank in view.ranks[:_RANKS]
    )
    head = ("rank", "state", "phase", "epoch", "step", "loss", "a record takes", "records")
    yield table(head, rows, range(3, 8))
    if len(view.ranks) > _RANKS:
        yield f'<p class="dim">and {len(view.ranks) - _RANKS} more</p>\n'


def _epochs(view: RunView) -> Iterator[str]:
    if not view.epochs:
        return
    yield "<h2>Epochs</h2>\n"
    rows = (
        (
            f"{epoch.epoch:g}" + (f" (attempt {epoch.attempt + 1})" if epoch.attempt else ""),
            figure(epoch.loss_mean),
            figure(epoch.loss_min),
            figure(epoch.loss_max),
            figure(epoch.val_loss),
            figure(epoch.lr),
            "" if epoch.seconds is None else text(duration(epoch.seconds)),
        )
        for epoch in view.epochs[-_EPOCHS:]
    )
    head = ("epoch", "mean loss", "min", "max", "val loss", "lr", "time")
    yield table(head, rows, range(1, 7))
