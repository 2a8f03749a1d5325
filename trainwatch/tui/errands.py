"""What changes a training: asked for twice, done by the reader in a thread, and answered."""

import contextlib
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any

from textual.app import App

from trainwatch.tui.messages import StopAnswered
from trainwatch.tui.reader import Reader

if TYPE_CHECKING:
    from trainwatch.tui.dialogs import Question

_ONLY_READS = (
    "This view only reads; stop the training where it was started, or with trainwatch stop."
)
_NO_RESTART = "This view only reads; a run of trainwatch run can be restarted from here."


class Errands:
    """Stopping and restarting.

    Attributes:
        stop_requested: Whether the user asked for the end of the training, and confirmed it.
        answer: The reader's sentence on what came of the last request.
    """

    def __init__(self, app: App[Any], reader: Reader, say: Callable[[str], None]) -> None:
        self.stop_requested = False
        self.answer: str | None = None
        self._app = app
        self._reader = reader
        self._say = say

    def stop(self, name: str) -> None:
        """Asks before the training is stopped."""
        if not self._reader.can_stop:
            self._say(_ONLY_READS)
            return

        from trainwatch.tui.dialogs import AskStop  # noqa: PLC0415 - not for the first frame

        def confirmed() -> None:
            self.stop_requested = True
            self._send("Stopping the training …", self._reader.request_stop_training, "stop")

        self._ask(AskStop(name), confirmed, "Nothing was stopped.")

    def restart(self, name: str) -> None:
        """Asks before the training is ended and started again."""
        if not self._reader.can_restart:
            self._say(_NO_RESTART)
            return

        from trainwatch.tui.dialogs import AskRestart  # noqa: PLC0415 - not for the first frame

        def confirmed() -> None:
            words = "Restarting the training …"
            self._send(words, self._reader.request_restart_training, "restart")

        self._ask(AskRestart(name), confirmed, "Nothing was restarted.")

    def take(self, message: StopAnswered) -> None:
        """Tells what came of it."""
        self.answer = message.sentence
        self._say(message.sentence)

    def _ask(self, question: "Question", confirmed: Callable[[], None], refused: str) -> None:
        def answered(yes: bool | None) -> None:
            confirmed() if yes else self._say(refused)

        self._app.push_screen(question, answered)

    def _send(self, words: str, call: Callable[[], str], verb: str) -> None:
        self._say(words)
        # A thread of its own, not a worker: leaving must not have to wait for the answer.
        name = f"trainwatch-{verb}"
        Thread(target=self._run, args=(call, verb), name=name, daemon=True).start()

    def _run(self, call: Callable[[], str], verb: str) -> None:
        try:
            sentence = call()
        except Exception as error:  # noqa: BLE001 - whoever asked for it has to hear of it
            sentence = f"The request to {verb} failed: {error}"
        with contextlib.suppress(RuntimeError):  # the dashboard is gone already
            self._app.post_message(StopAnswered(sentence))
