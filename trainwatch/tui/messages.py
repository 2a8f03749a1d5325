"""What reaches the dashboard from other threads."""

from typing import TYPE_CHECKING

from textual.message import Message

from trainwatch.model.snapshot import RunView

if TYPE_CHECKING:
    from trainwatch.diagnose.diagnosis import Diagnosis


class NewView(Message):
    """A newer snapshot makes an older one that still waits needless."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def can_replace(self, message: Message) -> bool:
        """Bursts coalesce."""
        return isinstance(message, NewView)


class Diagnosed(Message):
    """A diagnosis is there, or why there is none."""

    def __init__(self, found: "Diagnosis | None", failure: str) -> None:
        super().__init__()
        self.found = found
        self.failure = failure


class StopAnswered(Message):
    """The reader says what came of a request to stop."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence
