"""What reaches the dashboard from other threads."""

from textual.message import Message

from trainwatch.model.snapshot import RunView


class NewView(Message):
    """A newer snapshot makes an older one that still waits needless."""

    def __init__(self, view: RunView) -> None:
        super().__init__()
        self.view = view

    def can_replace(self, message: Message) -> bool:
        """Bursts coalesce."""
        return isinstance(message, NewView)


class StopAnswered(Message):
    """The reader says what came of a request to stop."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence
