"""Has a diagnosis made, in a thread of its own: when a run stalls or fails, and on request."""

import contextlib
from collections.abc import Callable
from threading import Thread

from textual.message import Message

from trainwatch.model.snapshot import RunView, Status
from trainwatch.tui.desk import TROUBLE, Desk, DiagnosisState
from trainwatch.tui.messages import Diagnosed


class Doctor:
    """Fills the desk's diagnosis.

    Args:
        desk: Where it is put.
        post: Takes messages from any thread.
    """

    def __init__(self, desk: Desk, post: Callable[[Message], object]) -> None:
        self._desk = desk
        self._post = post
        self._status: Status | None = None

    def look(self, view: RunView) -> None:
        """Begins by itself when a run that was read whole has come into trouble."""
        if view.loaded < 1:
            return
        before, self._status = self._status, view.status
        if view.status in TROUBLE and before is not view.status:
            self.begin()

    def offer(self, view: RunView | None) -> None:
        """Begins when somebody looks for one, and a run of which nobody knows has none."""
        state = self._desk.diagnosis
        made = state.found is not None or bool(state.failure)
        if view is not None and view.loaded >= 1 and view.status is Status.UNKNOWN and not made:
            self.begin()

    def begin(self) -> None:
        """Has one made, unless that is being done."""
        if not self._desk.diagnosis.running:
            self._desk.diagnosis.running = True
            Thread(target=self._run, name="trainwatch-diagnose", daemon=True).start()

    def _run(self) -> None:
        found, failure = None, ""
        try:
            found = self._desk.reader.diagnose()
        except Exception as error:  # noqa: BLE001 - it reads whatever is there
            failure = f"no diagnosis: {error}"
        with contextlib.suppress(RuntimeError):  # the dashboard is gone already
            self._post(Diagnosed(found, failure))

    def take(self, message: Diagnosed, at: float) -> None:
        """Keeps what came of it.

        Args:
            message: What came.
            at: As of which moment.
        """
        self._desk.diagnosis = DiagnosisState(message.found, at, failure=message.failure)
