"""The head of the screen: is it fine, how far, when done; then the worst trouble and its proof."""

from collections.abc import Collection, Hashable, Sequence
from datetime import tzinfo
from pathlib import PurePath

from trainwatch.events import Finding, Severity
from trainwatch.model.snapshot import AlertView, RunView, Status
from trainwatch.tui.draw.cause import Cause, drawn, keys_of, proof_line
from trainwatch.tui.draw.line import (
    SEPARATOR,
    Line,
    Tone,
    cells,
    cut,
    fit,
    join,
    line,
    spread,
    wrap,
)
from trainwatch.tui.draw.states import SEVERITIES, verdict
from trainwatch.tui.draw.words import (
    arrival,
    brief,
    clock,
    duration,
    epoch,
    percent,
    plural,
    told,
)

_ROOM_FOR_HOST, _ROOM_FOR_CLOCK = 100, 24
_LONGEST_HOST, _LONGEST_TITLE = 24, 32
_ROOM_FOR_TITLE = 50


def title(view: RunView) -> str:
    """What people call this run: its id, else the last part of its path."""
    return view.info.id or PurePath(view.info.path).name or view.info.path or "run"


def sentence(view: RunView) -> str:
    """The model's sentence; from the numbers where it has none."""
    if view.sentence:
        return view.sentence
    parts = [
        f"epoch {epoch(view.epoch)}" + _of(view.total_epochs) if view.epoch is not None else "",
        percent(view.progress) if view.progress is not None else "",
        _outlook(view),
    ]
    return " · ".join(part for part in parts if part) or _step(view) or _waiting(view)


def _step(view: RunView) -> str:
    return f"step {view.step}" if view.step is not None else ""


def _of(total: int | None) -> str:
    return f" of {total}" if total is not None else ""


def _outlook(view: RunView) -> str:
    if view.status is Status.COMPLETED:
        return f"finished after {duration(view.elapsed_seconds)}" if view.elapsed_seconds else ""
    return f"about {duration(view.eta_seconds)} left" if view.eta_seconds is not None else ""


def _waiting(view: RunView) -> str:
    if view.status in {Status.COMPLETED, Status.FAILED}:
        return ""
    if not view.files:
        return "waiting for the first log file"
    read = f"{plural(view.tally.lines, 'line')} in {plural(view.files, 'file')} read"
    return f"waiting for the first training record ({read})"


def head(view: RunView, width: int, zone: tzinfo | None, most: int = 2) -> list[Line]:
    """Verdict, name, sentence; host and clock at the right end.

    Args:
        view: The run.
        width: Cells of a line.
        zone: Of the clock; None for the local one.
        most: Lines at most.
    """
    right = _where_and_when(view, width, zone)
    name = line((title(view), Tone.STRONG)) if width >= _ROOM_FOR_TITLE else ()
    parts = [cut(name, min(_LONGEST_TITLE, width // 3)), line(sentence(view))]
    left = (verdict(view), *line(" "), *join([part for part in parts if part]))
    room = width - cells(right) - 2
    first, *rest = wrap(left, max(room, 1), most, indent=len(verdict(view).text) + 1)
    return [spread(first, right, width), *rest]


def _where_and_when(view: RunView, width: int, zone: tzinfo | None) -> Line:
    if width < _ROOM_FOR_CLOCK:
        return ()
    host = view.info.host if width >= _ROOM_FOR_HOST else None
    now = line((clock(view.now, zone), Tone.STRONG))
    shown = cut(line((host, Tone.DIM)), _LONGEST_HOST) if host else ()
    return (*join([shown, now], line("  ")), *line(" "))


def worst(alerts: Sequence[Finding], acknowledged: Collection[Hashable] = ()) -> Finding | None:
    """The gravest finding that holds and nobody has seen; of equals the first, the newest."""
    active = [one for one in alerts if one.active and key_of(one) not in acknowledged]
    found = max(active, key=lambda finding: finding.severity, default=None)
    return found if found and found.severity > Severity.INFO else None


def key_of(finding: Finding) -> Hashable:
    """As `AlertView.key`."""
    return AlertView(finding, 0.0).key


def trouble(
    view: RunView,
    width: int,
    most: int,
    acknowledged: Collection[Hashable] = (),
    *,
    cause: Cause | None = None,
    can_stop: bool = False,
) -> list[Line]:
    """The worst trouble with its proof, or nothing.

    Args:
        view: The run.
        width: Cells of a line.
        most: Lines at most; the proof's text is shown when there is room for it.
        acknowledged: Keys of findings that somebody has put aside.
        cause: What the diagnosis says, which goes before a symptom.
        can_stop: Whether a key stops the training.
    """
    finding = worst(view.alerts, acknowledged)
    if finding is None:
        return []
    if cause is not None:
        keys = keys_of([("6", "why"), *([("K", "stop")] if can_stop else [])])
        return drawn(cause, width, most, keys)
    sign = SEVERITIES[finding.severity]
    more = sum(other.active and other.severity > Severity.INFO for other in view.alerts) - 1
    also = line((f" +{more} more [6]", Tone.KEY)) if more else ()
    text = line(" ", (sign.word, sign.tone), "  ", (told(finding), sign.tone), also)
    return [*wrap(text, width, max(most - 1, 1), indent=11), *_proof(finding, width, most)]


def _proof(finding: Finding, width: int, most: int) -> list[Line]:
    if not finding.evidence or most < 2:  # noqa: PLR2004
        return []
    return [proof_line(finding.evidence[0], width)]


def notices(view: RunView, width: int) -> list[Line]:
    """What limits the truth of the screen: history not read yet, files that could not be read."""
    parts = [
        line((f"provisional, {percent(view.loaded)} of history read", Tone.WARN))
        if view.loaded < 1
        else (),
        line((_problems(view.problems), Tone.WARN)) if view.problems else (),
    ]
    shown = join([part for part in parts if part], SEPARATOR)
    return [fit(line(" ", shown), width)] if shown else []


def _problems(problems: Sequence[str]) -> str:
    more = f" (+{len(problems) - 1} more [6])" if len(problems) > 1 else ""
    return f"! {problems[0]}{more}"


def due(view: RunView, zone: tzinfo | None) -> Line:
    """When it is done, or why that is not known."""
    if view.status in {Status.COMPLETED, Status.FAILED}:
        took = "took" if view.status is Status.COMPLETED else "ran"
        return line((took, Tone.DIM), " ", (duration(view.elapsed_seconds), Tone.STRONG))
    if view.eta_seconds is None:
        why = {Status.STALLED: "paused", Status.UNKNOWN: "not known"}.get(
            view.status, "not known yet"
        )
        return line(("ETA", Tone.DIM), " ", (why, Tone.DIM))
    stated = " as the log states" if view.eta_basis == "stated" else ""
    at = arrival(view.now, view.eta_seconds, zone)
    left = (duration(view.eta_seconds), Tone.STRONG)
    return line(("ETA", Tone.DIM), " ", left, (f" ({at}){stated}{_spread(view)}", Tone.DIM))


def _spread(view: RunView) -> str:
    """Between which the newest stretches of the run put it; unsaid while it hardly matters."""
    low, high = view.eta_low, view.eta_high
    if low is None or high is None or not view.eta_seconds or high - low < view.eta_seconds / 10:
        return ""
    return f" {brief(low)}–{brief(high)}"
