"""One snapshot of a run in words, for a terminal or a pipe."""

from collections.abc import Callable, Iterator

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from trainwatch.events import Finding, Severity
from trainwatch.health.words import duration, size
from trainwatch.model.snapshot import Health, RankStatus, RankView, RunView, Status, TimeBasis
from trainwatch.report.safe import safe_text
from trainwatch.saves import Saves

_STATUS_STYLE = {
    Status.RUNNING: "bold green",
    Status.COMPLETED: "bold green",
    Status.STARTING: "bold cyan",
    Status.STALLED: "bold red",
    Status.FAILED: "bold red",
    Status.UNKNOWN: "bold yellow",
}
_SEVERITY_STYLE = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.CRITICAL: "red"}
_TROUBLE = {RankStatus.STALLED: "red", RankStatus.DEAD: "red", RankStatus.SLOW: "yellow"}
_SHOWN_ALERTS = 12
_SHOWN_RANKS = 32


def print_status(view: RunView, console: Console, wants: Callable[[int | None], bool]) -> None:
    """Print a snapshot: the verdict first, then trouble, then detail."""
    for part in _parts(view, wants):
        console.print(part, soft_wrap=isinstance(part, Text))


def _parts(view: RunView, wants: Callable[[int | None], bool]) -> Iterator[RenderableType]:
    head = Text(view.status.value.upper(), style=_STATUS_STYLE[view.status])
    head.append(f"  {safe_text(view.info.id or view.info.path)}", style="bold")
    yield head.append(f" · {view.sentence}" if view.sentence else "", style="default")
    if view.health is not Health.OK:
        shown = [a for a in view.alerts if a.who.rank is None or wants(a.who.rank)]
        yield from map(_alert, shown[:_SHOWN_ALERTS])
    figures = " · ".join(_figures(view))
    if figures:
        yield Text(figures)
    if view.checkpoints and (saves := saves_words(view.checkpoints, view.now)):
        yield Text(saves, style="yellow" if view.checkpoints.short else "")
    ranks = [rank for rank in view.ranks if wants(rank.who.rank)]
    if ranks:
        yield _rank_table(ranks)
    tally = view.tally
    yield Text(
        f"{tally.lines} lines of {view.files} files read, {tally.unparsed} not understood"
        f" · dialect {', '.join(view.dialects) or 'not recognised'}",
        style="dim",
    )


def _figures(view: RunView) -> Iterator[str]:
    for name in ("loss", "val_loss", "lr"):
        metric = view.metrics.get(name)
        if metric and metric.last is not None:
            yield f"{name} {metric.last:.6g}"
    if view.elapsed_seconds is not None:
        yield f"elapsed {duration(view.elapsed_seconds)}"
    if view.attempt:
        yield f"attempt {view.attempt + 1}"


def saves_words(saves: Saves, now: float) -> str:
    """`checkpoint-2000 step 2000 · 1.2 GB · 9 min 00 s old · sound · 80 GB free`; empty for none."""
    survey, newest = saves.survey, saves.survey.newest
    if not survey.found:
        return ""
    parts = []
    if newest is None:
        parts.append("no sound checkpoint")
    else:
        place = "" if newest.step is None else f" step {newest.step}"
        place = f" epoch {newest.epoch}" if not place and newest.epoch is not None else place
        age = duration(max(0.0, now - newest.written))
        parts.append(f"checkpoint {safe_text(newest.name)}{place}")
        parts += [size(newest.size or 0), f"{age} old", "sound"]
    bad, writing = survey.damaged, survey.writing
    parts += [f"newer {safe_text(bad[0].name)} damaged"] if bad else []
    parts += [f"{safe_text(writing[0].name)} being written"] if writing else []
    parts += [f"{size(saves.free)} free"] if saves.free is not None else []
    return " · ".join(parts)


def _alert(alert: Finding) -> Text:
    text = Text(f"  {alert.severity.name.lower():9}", style=_SEVERITY_STYLE[alert.severity])
    who = "" if alert.who.sort_key[0] == 2 else f"rank {alert.who.label}: "  # noqa: PLR2004
    text.append(f"{who}{alert.message}", style="default")
    if alert.evidence:
        first = alert.evidence[0]
        line = "" if first.line is None else f":{first.line}"
        text.append(f"   {safe_text(first.file)}{line}", style="dim")
    return text


def _rank_table(ranks: list[RankView]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("rank", "state", "phase"):
        table.add_column(name)
    for name in ("epoch", "step", "loss", "silent"):
        table.add_column(name, justify="right")
    for rank in sorted(ranks, key=_trouble_first)[:_SHOWN_RANKS]:
        table.add_row(
            rank.who.label,
            Text(rank.state.value, style=_TROUBLE.get(rank.state, "default")),
            rank.phase.value,
            "" if rank.shown_epoch is None else f"{rank.shown_epoch:g}",
            "" if rank.step is None else str(rank.step),
            "" if rank.loss is None else f"{rank.loss:.6g}",
            _silence(rank),
        )
    if len(ranks) > _SHOWN_RANKS:
        table.add_row("…", Text(f"{len(ranks) - _SHOWN_RANKS} more, see --json", style="dim"))
    return table


def _trouble_first(rank: RankView) -> tuple[bool, tuple[int, int]]:
    return (rank.state not in _TROUBLE, rank.who.sort_key)


def _silence(rank: RankView) -> str:
    if rank.silent_seconds is None:
        return "?"
    basis = " (mtime)" if rank.basis is TimeBasis.MTIME else ""
    return duration(rank.silent_seconds) + basis
