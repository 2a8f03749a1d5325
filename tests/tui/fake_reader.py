"""A reader that posts what a test gives it."""

from collections.abc import Sequence

from trainwatch.model.snapshot import RunView
from trainwatch.tui.reader import Post


class FakeReader:
    def __init__(
        self, *views: RunView, can_stop: bool = True, answer: str = "The training was stopped."
    ) -> None:
        self.can_stop = can_stop
        self.started = self.stopped = self.asked = 0
        self._views: Sequence[RunView] = views
        self._answer = answer
        self.post: Post = lambda _: None

    def start(self, post: Post) -> None:
        self.started += 1
        self.post = post
        for view in self._views:
            post(view)

    def stop(self) -> None:
        self.stopped += 1

    def request_stop_training(self) -> str:
        self.asked += 1
        return self._answer
