"""`trainwatch attach`: watch a training live."""

import queue
import sys
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from trainwatch.cli.options import Selection, reading

if TYPE_CHECKING:
    from trainwatch.cli.later import LaterReader
    from trainwatch.cli.live import LiveReader
    from trainwatch.cli.pair import PairReader
    from trainwatch.model.snapshot import RunView

    AnyReader = LaterReader | LiveReader | PairReader


@click.command("attach")
@reading
@click.option("--once", is_flag=True, help="Print one overview of everything read, and exit.")
@click.option("--json", "as_json", is_flag=True, help="One status document a line, while it runs.")
def command(selection: Selection, as_json: bool, once: bool) -> None:
    """Watch a training live.

    PATH is a directory, a file or a glob; without one, the newest run here. Looking never hurts:
    leaving, closing or killing this view does not touch the training. Without a terminal it
    prints plain lines and ends when the training has ended. In an empty directory it waits for the
    first log. Two directories that hold the same
    ranks are two runs: the first is watched, the second is drawn beside it.
    """
    from trainwatch.cli.paths import chosen_paths, run_info  # noqa: PLC0415 - after --help
    from trainwatch.sources import discover  # noqa: PLC0415

    paths = chosen_paths(selection.paths)
    if run_info(paths).id is None and (once or not _are_empty(paths)):
        discover(paths)  # says what is wrong with a path before a screen is taken over
    if once:
        _print_overview(replace(selection, paths=tuple(paths)))
        return
    if as_json:
        _follow(_reader(paths, selection), _JsonLines())
    elif sys.stdout.isatty() and sys.stdin.isatty():
        _watch(_soon(paths, selection))
    else:
        from trainwatch.tui.plain import PlainView  # noqa: PLC0415

        _follow(_reader(paths, selection), PlainView(_write))


def _are_empty(paths: Sequence[str]) -> bool:
    """Whether all are directories in which nothing is yet: a training may be about to start."""
    try:
        return all(path and Path(path).is_dir() and not any(Path(path).iterdir()) for path in paths)
    except OSError:  # who looks for logs there says which, and what to do
        return False


def _reader(
    paths: Sequence[str], selection: Selection, *, screen: bool = False
) -> "LiveReader | PairReader":
    """Reads the run, or two of them; for a screen also this machine where nobody samples it."""
    from trainwatch.cli.live import LiveReader  # noqa: PLC0415 - brings all that reading needs
    from trainwatch.cli.machine import ThisMachine  # noqa: PLC0415
    from trainwatch.cli.pair import PairReader, are_two_runs  # noqa: PLC0415

    if are_two_runs(paths):
        return PairReader(LiveReader(paths[:1], selection), LiveReader(paths[1:], selection))
    return LiveReader(paths, selection, ThisMachine(paths) if screen else None)


def _soon(paths: Sequence[str], selection: Selection) -> "AnyReader":
    """The same for a screen, which is there before; what the user wrote is checked at once."""
    if selection.dialect is not None or selection.config is not None:
        return _reader(paths, selection, screen=True)
    from trainwatch.cli.later import LaterReader  # noqa: PLC0415

    return LaterReader(lambda: _reader(paths, selection, screen=True))


def _print_overview(selection: Selection) -> None:
    """What the first screen says, in lines, of everything there is to read."""
    import shutil  # noqa: PLC0415

    from trainwatch.cli.reading import read_all  # noqa: PLC0415
    from trainwatch.tui.once import overview  # noqa: PLC0415

    read = read_all(selection)
    width = shutil.get_terminal_size((100, 40)).columns
    for text in overview(read.engine.snapshot(problems=read.problems), width):
        click.echo(text)


def open_dashboard(paths: Sequence[str | PathLike[str]]) -> None:
    """Show a run until the user leaves; for `run` and `demo`."""
    names = [fspath(path) for path in paths]
    _watch(_soon(names, Selection(tuple(names))))


def follow_plainly(paths: Sequence[str | PathLike[str]]) -> "RunView | None":
    """Print plain lines of a run until it has ended; its last snapshot."""
    from trainwatch.tui.plain import PlainView  # noqa: PLC0415

    names = [fspath(path) for path in paths]
    return _follow(_reader(names, Selection(tuple(names))), PlainView(_write))


def _watch(reader: "AnyReader") -> None:
    from trainwatch.tui.app import watch  # noqa: PLC0415 - Textual is only for terminals

    outcome = watch(reader)
    if outcome.stop:
        click.echo(outcome.stop, err=True)
    if outcome.crash:
        click.echo(outcome.crash, err=True)
        sys.exit(1)
    if outcome.signal:
        sys.exit(128 + outcome.signal)


def _follow(reader: "AnyReader", view: "_Updates") -> "RunView | None":
    """Pass every snapshot on until the training has ended or the reader is interrupted."""
    snapshots: queue.SimpleQueue[RunView] = queue.SimpleQueue()
    newest: RunView | None = None
    reader.start(snapshots.put)
    try:
        while newest is None or not _has_ended(newest):
            newest = snapshots.get()
            view.update(newest)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        reader.stop()
        view.finish()
    return newest


def _has_ended(view: "RunView") -> bool:
    """For a run of ours its record says so; for others the logs, once they were read whole."""
    from trainwatch.model.snapshot import Status  # noqa: PLC0415

    if view.info.id is not None:
        gone = view.info.ended is not None or view.info.alive is False
        return gone and view.loaded >= 1.0
    return view.status in (Status.COMPLETED, Status.FAILED) and view.loaded >= 1.0


def _write(text: str) -> None:
    click.echo(text, nl=False)


class _Updates(Protocol):
    """What takes snapshots until they end."""

    def update(self, view: "RunView") -> None:
        """Take the next one."""

    def finish(self) -> None:
        """There are no more."""


class _JsonLines:
    """Prints the status document of each snapshot on one line."""

    def finish(self) -> None:
        """Print nothing: every document stands by itself."""

    def update(self, view: "RunView") -> None:
        """Print one."""
        import json  # noqa: PLC0415

        from trainwatch.report.status import status_document  # noqa: PLC0415

        if view.loaded >= 1.0:  # what a tail suggests is no answer for a script
            click.echo(json.dumps(status_document(view)))
