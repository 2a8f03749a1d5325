"""The plain view, for pipes and CI: one line for each thing that happened; nothing is redrawn.

Each line is `TIME KIND ...`: an ISO 8601 time with its offset, then one of the words status,
attempt, epoch, progress, alert, over, problem, loading, end. Figures are `name=value`, with `-`
for what is not known; a sentence comes last, after a bar. No control codes: untrusted text goes through
`safe_text`. It has no clock: the same snapshots give the same lines.
"""

from collections.abc import Callable, Hashable
from datetime import tzinfo

from trainwatch.events import Finding, RankId
from trainwatch.model.snapshot import EpochView, RunView, Status
from trainwatch.tui.draw.text import safe_text
from trainwatch.tui.draw.words import brief, moment, percent, place

EVERY = 30.0
"""Seconds between lines of progress."""

_OVER = {Status.COMPLETED, Status.FAILED}


class PlainView:
    """Turns successive snapshots into lines."""

    def __init__(
        self,
        write: Callable[[str], object],
        *,
        every: float = EVERY,
        zone: tzinfo | None = None,
    ) -> None:
        """Writes nothing yet.

        Args:
            write: Takes a line with its line feed, such as `sys.stdout.write`.
            every: Seconds between lines of progress.
            zone: Of the times; None for the local one.
        """
        self._write = write
        self._every = every
        self._zone = zone
        self._view: RunView | None = None
        self._status: Status | None = None
        self._attempt: int | None = None
        self._epochs: set[tuple[int, float]] = set()
        self._alerts: dict[Hashable, bool] = {}
        self._problems: set[str] = set()
        self._progressed: float | None = None

    def update(self, view: RunView) -> None:
        """Writes what is new in a snapshot."""
        self._view = view
        self._say_problems(view)
        if view.loaded < 1:
            # What a tail suggests may be wrong, and a line once written stays.
            if self._due(view):
                self._say("loading", f"{percent(view.loaded)} of history read")
            return
        if self._status is None:
            self._say_status(view)
        self._say_attempt(view)
        self._say_epochs(view)
        self._say_alerts(view)
        self._say_status(view)
        if view.status not in _OVER and self._due(view):
            self._say("progress", _progress(view))

    def finish(self) -> None:
        """Writes the last line."""
        view = self._view
        if view is None:
            return
        active = sum(finding.active for finding in view.alerts)
        figures = f"elapsed={brief(view.elapsed_seconds)} alerts={active}"
        self._say("end", f"{view.status.value} {_progress(view)} {figures}")

    def _say(self, kind: str, text: str) -> None:
        now = self._view.now if self._view is not None else 0.0
        time = moment(now, self._zone).isoformat(timespec="seconds")
        self._write(f"{time} {kind:<8} {safe_text(text)}".rstrip() + "\n")

    def _due(self, view: RunView) -> bool:
        due = self._progressed is None or view.now - self._progressed >= self._every
        if due:
            self._progressed = view.now
        return due

    def _say_status(self, view: RunView) -> None:
        if view.status is not self._status:
            self._status = view.status
            self._progressed = view.now  # the status tells the progress too
            self._say("status", f"{view.status.value} {_progress(view)} | {view.sentence}")

    def _say_attempt(self, view: RunView) -> None:
        if view.attempt > (self._attempt or 0):
            self._say("attempt", str(view.attempt))
        self._attempt = view.attempt

    def _say_epochs(self, view: RunView) -> None:
        for one in view.epochs:
            key = (one.attempt, one.epoch)
            if one.complete and key not in self._epochs:
                self._epochs.add(key)
                self._say("epoch", _epoch(one))

    def _say_alerts(self, view: RunView) -> None:
        for finding in reversed(view.alerts):
            key = (finding.rule, finding.who, finding.step, finding.epoch)
            before = self._alerts.get(key)
            self._alerts[key] = finding.active
            if finding.active and not before:
                self._say("alert", _alert(finding))
            elif before and not finding.active:
                self._say("over", _alert(finding))

    def _say_problems(self, view: RunView) -> None:
        for problem in view.problems:
            if problem not in self._problems:
                self._problems.add(problem)
                self._say("problem", problem)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _metric(view: RunView, name: str) -> str:
    found = view.metrics.get(name)
    return _figure(found.last if found else None)


def _progress(view: RunView) -> str:
    share = percent(view.progress).replace(" ", "")
    total = f"/{view.total_epochs}" if view.total_epochs is not None else ""
    return (
        f"progress={share} epoch={_figure(view.epoch)}{total} step={_whole(view.step)} "
        f"loss={_metric(view, 'loss')} lr={_metric(view, 'lr')} eta={brief(view.eta_seconds)}"
    )


def _whole(value: int | None) -> str:
    return "-" if value is None else str(value)


def _epoch(one: EpochView) -> str:
    return (
        f"epoch={_figure(one.epoch)} attempt={one.attempt} mean={_figure(one.loss_mean)} "
        f"min={_figure(one.loss_min)} max={_figure(one.loss_max)} val={_figure(one.val_loss)} "
        f"lr={_figure(one.lr)} seconds={_figure(one.seconds)} nonfinite={one.nonfinite}"
    )


def _alert(finding: Finding) -> str:
    where = f" [{place(finding.evidence[0])}]" if finding.evidence else ""
    return (
        f"{finding.severity.name.lower()} {finding.rule} rank={_rank(finding.who)} "
        f"| {finding.message}{where}"
    )


def _rank(who: RankId) -> str:
    return who.label.replace(" ", ":")
