"""What the dashboard needs from whoever reads the run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from trainwatch.model.logs import LogRequest, LogScreen
from trainwatch.model.snapshot import RunView, Wish

if TYPE_CHECKING:
    from trainwatch.diagnose.diagnosis import Diagnosis

Post = Callable[[RunView], None]
"""Takes a snapshot from any thread, at any time, also when the dashboard is already gone."""


class LogPort(Protocol):
    """Reads the logs themselves, a few lines at a time, in a thread of its own."""

    def ask(self, request: LogRequest) -> None:
        """Asks for a screen; returns at once."""

    def where(self) -> tuple[str, int | None] | None:
        """Path and line number of the cursor."""

    def close(self) -> None:
        """Ends reading."""


class Reader(Protocol):
    """Follows a run in a thread of its own.

    Attributes:
        can_stop: Whether this reader has the means to stop the training.
        can_restart: Whether it has those to start it again.
    """

    @property
    def can_stop(self) -> bool: ...

    @property
    def can_restart(self) -> bool: ...

    def start(self, post: Post) -> None:
        """Begins to read.

        Args:
            post: To be called with each new snapshot, only when something changed (a silence that
                grows is a change), and in a steady flow no more than about once a second.
        """

    def stop(self) -> None:
        """Ends reading; the training is not touched. Called once, also after a crash."""

    def want(self, wish: Wish) -> None:
        """Says what the next snapshots should hold; one comes soon."""

    def request_stop_training(self) -> str:
        """Asks for the end of the training, and may block until it is known what came of it.

        Returns:
            One sentence on the outcome, for a person.
        """

    def request_restart_training(self) -> str:
        """Ends the training and starts it again; blocks and answers likewise."""

    def open_logs(self, post: Callable[[LogScreen], None]) -> LogPort:
        """Begins to page through the logs; `post` takes each screen, from any thread."""

    def edit(self, path: str, line: int | None) -> str:
        """Opens a file in the user's editor and waits for its end; words where that failed."""

    def diagnose(self) -> "Diagnosis":
        """Reads everything and says what is wrong; blocks while it does."""
