"""A reader that posts what a test gives it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from trainwatch.model.logs import LogRequest, LogScreen
from trainwatch.model.snapshot import RunView, Wish
from trainwatch.tui.reader import Post


class FakeLog:
    """Remembers what it was asked for, and answers with the same lines."""

    def __init__(self, post: Callable[[LogScreen], None], screen: LogScreen | None = None) -> None:
        self.asked: list[LogRequest] = []
        self.closed = False
        self._post = post
        self._screen = screen or LogScreen()

    def ask(self, request: LogRequest) -> None:
        self.asked.append(request)
        self._post(replace(self._screen, filter=request.filter))

    def where(self) -> tuple[str, int | None] | None:
        return "/logs/debug_rank3.log", 12

    def close(self) -> None:
        self.closed = True


class FakeReader:
    def __init__(
        self,
        *views: RunView,
        can_stop: bool = True,
        answer: str = "The training was stopped.",
        diagnosis: object = None,
    ) -> None:
        self.can_stop = self.can_restart = can_stop
        self.wishes: list[Wish] = []
        self.restarted = self.diagnosed = 0
        self._diagnosis = diagnosis
        self.log_screen: LogScreen | None = None
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

    def want(self, wish: Wish) -> None:
        self.wishes.append(wish)

    def request_restart_training(self) -> str:
        self.restarted += 1
        return "The training was restarted."

    def open_logs(self, post: Callable[[LogScreen], None]) -> object:
        self.log = FakeLog(post, self.log_screen)
        return self.log

    def edit(self, path: str, line: int | None) -> str:
        self.edited = (path, line)
        return ""

    def diagnose(self) -> object:
        self.diagnosed += 1
        if self._diagnosis is None:
            raise OSError("nothing to read")
        return self._diagnosis

    def request_stop_training(self) -> str:
        self.asked += 1
        return self._answer
