"""The overview in plain lines, once: for `attach --once`, mails and job logs. No control codes."""

from collections.abc import Iterator
from datetime import tzinfo

from trainwatch.model.snapshot import RunView
from trainwatch.tui.draw import alerts, epochs, gpus, gpustrip, ranks, verdict
from trainwatch.tui.draw.line import Line, plain
from trainwatch.tui.draw.saves import saves_line
from trainwatch.tui.draw.table import fitting, header, row
from trainwatch.tui.draw.vitals import vitals

_EPOCHS, _RANKS, _ALERTS = 8, 16, 10


def overview(view: RunView, width: int, zone: tzinfo | None = None) -> Iterator[str]:
    """The lines of it, without their ends.

    Args:
        view: The run.
        width: Cells of a line.
        zone: Of the times; None for the local one.
    """
    for made in _lines(view, width, zone):
        yield plain(made).rstrip()


def _lines(view: RunView, width: int, zone: tzinfo | None) -> Iterator[Line]:
    yield from verdict.head(view, width, zone)
    yield from verdict.trouble(view, width, 3)
    yield from verdict.notices(view, width)
    yield from vitals(view, width, zone)
    yield from filter(None, [saves_line(view, width)])
    newest = epochs.rows(view)[:_EPOCHS]
    if newest:
        columns = fitting(epochs.columns(view), width)
        yield epochs.heading(view)
        yield header(columns, width)
        yield from (row(columns, one, width) for one in newest)
    yield ranks.heading(view)
    if len(view.ranks) <= _RANKS:
        shown = fitting(ranks.columns(view), width)
        yield header(shown, width)
        yield from (row(shown, one, width) for one in ranks.by_trouble(view))
    else:
        yield from ranks.strip(view, width, _RANKS)
    if view.system is not None and view.system.gpus:
        yield gpus.heading(view, view.now)
        yield from gpustrip.strip(view.system, width, 4)
    yield alerts.heading(view)
    yield from (alerts.row(one, width) for one in alerts.shown(view)[:_ALERTS])
