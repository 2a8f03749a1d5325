"""Follows a run in a thread and posts snapshots: what the dashboard and the plain view watch.

At first two folds run side by side. One began at the tails of the logs, so that there is something
to see at once whatever their size; the other reads from the beginning and replaces it when it has
caught up. There is no merging: a view shows one fold or the other, and says which.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trainwatch.cli.options import Selection
from trainwatch.cli.pace import Pace, Post, Urgency
from trainwatch.cli.reading import new_engine, run_info
from trainwatch.cli.saves import SavesWatch
from trainwatch.engine import Engine
from trainwatch.errors import TrainwatchError
from trainwatch.events import RunInfo
from trainwatch.model.logs import LogScreen
from trainwatch.model.snapshot import NO_WISH, RunView, Wish
from trainwatch.sources import TAIL_BYTES, Follower, Start, discover
from trainwatch.sources.samples import SampleFiles

if TYPE_CHECKING:
    from trainwatch.cli.machine import ThisMachine
    from trainwatch.diagnose.diagnosis import Diagnosis
    from trainwatch.sources import Waker
    from trainwatch.tui.reader import LogPort

POLL_SECONDS = 0.5
"""Longest wait between two looks: file systems on which no change is announced need them."""

FLOW_SECONDS = 0.07
"""Wait after a look that found something, where the one before did too: reading a line alone costs
ten times as much as reading it with others."""

PARTIAL_SECONDS = 0.3
"""Before the files are read that the first figures are made of, figures of some are shown so often."""

DRAWING_SECONDS = 0.25
"""Wait before the history is read: drawing the first figures takes the same core, or the same lock."""

HISTORY_BYTES = 2 << 20
"""Bytes of history that are folded between two looks at the tails."""

SMALL_BYTES = 2 << 20
"""Logs up to this size are read from the beginning at once, without a provisional view."""

TAILS_BYTES = 8 << 20
"""Bytes of all tails together: about a second of folding."""

LEAST_TAIL_BYTES = 4 << 10
"""Bytes of one tail at least."""


@dataclass(slots=True)
class _Fold:
    """A follower, the files of samples, the engine that they feed, and who watches that."""

    follower: Follower
    samples: SampleFiles
    engine: Engine
    urgency: Urgency

    def advance(
        self,
        now: float,
        max_bytes: int | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> bool:
        """Feed what is new; whether anything was.

        Args:
            now: Epoch seconds.
            max_bytes: How much at most.
            between: Called between two pieces; very many files take seconds.
        """
        fed = False
        for item in self.follower.poll(now, max_bytes=max_bytes):
            self.engine.feed(item)
            fed = True
            between()
        for chunk in self.samples.poll():
            self.engine.feed_samples(chunk)
            fed = True
        return fed


class LiveReader:
    """Reads a run until it is stopped; snapshots come from its own thread.

    Args:
        paths: Directories, files and globs; they may come into being later.
        selection: How to read them.
        machine: Adds this machine to the snapshots of a run that nobody samples.
    """

    def __init__(
        self, paths: Sequence[str], selection: Selection, machine: "ThisMachine | None" = None
    ) -> None:
        self._paths = list(paths)
        self._selection = selection
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._waker: Waker | None = None
        self._failure: str | None = None
        self._info = run_info(paths)
        # Configuration errors belong to the caller, before a screen is taken over.
        self._whole = self._fold(Start.BEGINNING)
        self._tails: _Fold | None = None
        self._machine = machine
        self._wish = NO_WISH
        self._wished = threading.Event()
        self._saves = SavesWatch(self._paths, lambda: self._info)

    @property
    def can_restart(self) -> bool:
        """Whether the run has a supervisor, and this version can ask it to begin again."""
        return self._info.id is not None and find_spec("trainwatch.runner.control") is not None

    @property
    def can_stop(self) -> bool:
        """Whether the run has a supervisor that may be asked."""
        return self._info.id is not None and self._info.alive is not False

    def start(self, post: Post) -> None:
        """Begin to read; `post` gets a snapshot whenever there is something new to see."""
        self._thread = threading.Thread(
            target=self._run, args=(post,), name="trainwatch-reader", daemon=True
        )
        self._thread.start()
        self._saves.start()

    def stop(self) -> None:
        """End reading; the training is not touched."""
        self._stopping.set()
        self._saves.stop()
        if self._machine:
            self._machine.stop()
        if self._waker:
            self._waker.close()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=2.0)

    def want(self, wish: Wish) -> None:
        """What the next snapshots should hold."""
        if wish != self._wish:
            self._wish = wish
            self._wished.set()
            if self._waker:
                self._waker.wake()

    def request_restart_training(self) -> str:
        """End the training and start it again; one sentence on what came of it."""
        control = import_module("trainwatch.runner.control")
        try:
            return str(control.restart(Path(self._paths[0])))
        except TrainwatchError as error:
            return str(error)

    def open_logs(self, post: Callable[[LogScreen], None]) -> "LogPort":
        """Begin to page through the logs themselves."""
        from trainwatch.cli.logdesk import LogDesk  # noqa: PLC0415 - when the screen is first seen

        return LogDesk(self._paths, post)

    def edit(self, path: str, line: int | None) -> str:
        """Open a file in the user's editor."""
        from trainwatch.cli.editor import edit  # noqa: PLC0415

        return edit(path, line)

    def diagnose(self) -> "Diagnosis":
        """Read everything and say what is wrong."""
        from trainwatch.cli.diagnosing import diagnose_now  # noqa: PLC0415 - brings every signature

        return diagnose_now(self._paths, self._selection, live=True)

    def request_stop_training(self) -> str:
        """Ask for the end of the training and wait for it; one sentence on what came of it."""
        from trainwatch.supervise.stop import stop_run  # noqa: PLC0415 - only when asked for

        try:
            outcome = stop_run(Path(self._paths[0]))
        except TrainwatchError as error:
            return str(error)
        return "It was over already." if outcome.was_over else "The training has ended."

    def _run(self, post: Post) -> None:
        try:
            self._read(post)
        except Exception as error:  # noqa: BLE001 - a dead reader must not look like a quiet run
            self._failure = f"reading has stopped: {type(error).__name__}: {error}"
            post(self._snapshot())

    def _read(self, post: Post) -> None:
        pace = Pace(post)
        self._first_look(time.time(), post)
        pace.offer(True, self._snapshot)
        if self._behind:
            self._stopping.wait(DRAWING_SECONDS)
        from trainwatch.sources import Waker  # noqa: PLC0415 - when there is something to see

        with Waker(self._whole.follower.roots) as self._waker:
            flowing = changed = False
            while not self._stopping.is_set():
                flowing, changed = changed, self._look(time.time())
                self._waker.watch(self._whole.follower.roots)  # run.json may name further ones
                if self._wished.is_set():
                    self._wished.clear()
                    pace.hurry()
                pace.offer(changed, self._snapshot, urgent=self._shown.urgency.pop())
                if not self._behind:
                    self._waker.wait(min(POLL_SECONDS, pace.patience))
                    if flowing and changed:
                        self._stopping.wait(FLOW_SECONDS)

    def _first_look(self, now: float, post: Post) -> None:
        """Read what there is where it is little, else the tails; of very many files show some."""
        shown, due = self._whole, time.monotonic() + PARTIAL_SECONDS

        def between() -> None:
            nonlocal due
            began = time.monotonic()
            if began >= due and not self._stopping.is_set():
                post(self._snapshot())
                due = time.monotonic() + PARTIAL_SECONDS + 10 * (time.monotonic() - began)

        shown.advance(now, 0)
        if shown.follower.backlog() > SMALL_BYTES:
            shown = self._tails = self._fold(Start.TAIL)
        # A rank that is read in part would look behind: each comes with its whole tail.
        while shown.advance(time.time(), between=between) and not self._stopping.is_set():
            pass

    def _look(self, now: float) -> bool:
        """Advance both folds; whether the one that is shown has anything new."""
        self._refresh_info()
        changed = self._tails.advance(now) if self._tails else False
        read = self._whole.advance(now, HISTORY_BYTES if self._tails else None)
        if self._tails and not self._behind:
            self._tails.follower.close()
            self._tails = None
            return True
        return changed or read

    @property
    def _shown(self) -> _Fold:
        return self._tails or self._whole

    @property
    def _behind(self) -> bool:
        return self._whole.follower.backlog() > 0

    def _snapshot(self) -> RunView:
        shown = self._shown
        shown.engine.info = self._known
        shown.engine.saves = self._saves.newest
        now, stated = self._selection.now, self._selection.now is not None
        shown.engine.tick(time.time() if now is None else now, stated=stated)
        follower = self._whole.follower
        failure = (self._failure,) if self._failure else ()
        view = shown.engine.snapshot(
            loaded=follower.progress().share,
            problems=(*failure, *follower.problems.values()),
            wish=self._wish,
        )
        if self._machine is None or stated or view.loaded < 1:
            return view
        return self._machine.beside(view)

    @property
    def _known(self) -> RunInfo:
        """What is known of the run besides its logs; of a foreign one, whether it lives here.

        Else nobody could say whether a training that is silent hangs, or was ended.
        """
        if self._info.alive is None and self._machine is not None and self._machine.alive:
            return replace(self._info, alive=True)
        return self._info

    def _refresh_info(self) -> None:
        with contextlib.suppress(TrainwatchError):  # it is being replaced: the old one will do
            self._info = run_info(self._paths)

    def _fold(self, start: Start) -> _Fold:
        urgency = Urgency()
        engine = new_engine(self._selection, self._info, urgency.take)
        tail_bytes = self._tail_bytes() if start is Start.TAIL else TAIL_BYTES
        follower = Follower(self._paths, start=start, tail_bytes=tail_bytes)
        return _Fold(follower, SampleFiles(self._paths), engine, urgency)

    def _tail_bytes(self) -> int:
        """Bytes of each tail, so that those of very many files together stay few."""
        each = TAILS_BYTES // max(1, len(discover(self._paths, allow_empty=True).files))
        return max(LEAST_TAIL_BYTES, min(TAIL_BYTES, each))
