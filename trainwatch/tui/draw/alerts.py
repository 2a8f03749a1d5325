"""Findings as lines: one each in the overview, with proof and refutation on their own page."""

from collections.abc import Collection, Hashable, Sequence
from datetime import tzinfo

from trainwatch.events import Evidence, Finding, Severity
from trainwatch.model.snapshot import AlertView, RunView
from trainwatch.tui.draw.line import Line, Part, Tone, fit, line, spread, wrap
from trainwatch.tui.draw.states import SEVERITIES
from trainwatch.tui.draw.words import clock, place, plural, short_place, told

_MOST = 300
_MOST_PROOFS = 3
_INDENT = 11


def heading(view: RunView) -> Line:
    """How many hold, and how many are over."""
    active = sum(finding.active for finding in view.alerts)
    over = len(view.alerts) - active
    counts = [plural(active, "alert") + " now"] if active else ["no alert now"]
    counts += [f"{over} over"] if over else []
    return line(("alerts", Tone.HEAD), (" · " + " · ".join(counts), Tone.DIM))


def row(finding: Finding, width: int) -> Line:
    """One line: severity, whom and what, where it stands."""
    proof = finding.evidence[0] if finding.evidence else None
    where = line((short_place(proof, max(width // 4, 16)), Tone.NOTE), " ") if proof else ()
    return spread(line(" ", _severity(finding), "  ", _text(finding)), line("  ", where), width)


def _severity(finding: Finding) -> Line:
    sign = SEVERITIES[finding.severity]
    return fit(line((sign.word, sign.tone if finding.active else Tone.DIM)), 8)


def _text(finding: Finding) -> Line:
    if finding.active:
        return line((told(finding), Tone.PLAIN))
    return line((f"over: {told(finding)}", Tone.DIM))


def ordered(view: RunView, acknowledged: Collection[Hashable]) -> list[AlertView]:
    """What holds and nobody has seen first, the worst of it on top; then the newest."""
    found = view.history or tuple(AlertView(one, view.now) for one in view.alerts)
    # As on the overview: of alerts that came in one second the model knows which one was first.
    known = {AlertView(one, 0.0).key: place for place, one in enumerate(view.alerts)}

    def place(one: AlertView) -> tuple[bool, bool, int, int, float]:
        finding, seen = one.finding, one.key in acknowledged
        order = known.get(one.key, 0) if finding.active else 0
        return (not finding.active, seen, -finding.severity, order, -one.since)

    return sorted(found[:_MOST], key=place)


def row_of(
    one: AlertView, width: int, zone: tzinfo | None, *, chosen: bool, acknowledged: bool
) -> Line:
    """One line: since when, how grave, what, and where it stands."""
    mark = ("▸", Tone.FOCUS) if chosen else (" ", Tone.DIM)
    seen = " ✓ " if acknowledged else "   "
    when = line((f" {'earlier' if one.earlier else clock(one.since, zone):8}", Tone.DIM))
    proof = one.finding.evidence[0] if one.finding.evidence else None
    where = line((short_place(proof, max(width // 4, 16)), Tone.NOTE), " ") if proof else ()
    left = line(mark, when, (seen, Tone.GOOD), _severity(one.finding), " ", _text(one.finding))
    return spread(left, line("  ", where), width)


def grounds(one: AlertView, width: int) -> list[Line]:
    """The whole sentence, its proofs, and what would refute it."""
    text = wrap(line(" ", _severity(one.finding), "  ", _text(one.finding)), width, 3, _INDENT)
    return [*text, *_grounds(one.finding, width)]


def problem_lines(view: RunView, width: int) -> list[Line]:
    """What could not be read."""
    return _problems(view.problems, width)


def _grounds(finding: Finding, width: int) -> list[Line]:
    proofs = [_proof(proof) for proof in finding.evidence[:_MOST_PROOFS]]
    if len(finding.evidence) > _MOST_PROOFS:
        proofs.append(line((f"and {len(finding.evidence) - _MOST_PROOFS} more", Tone.DIM)))
    parts = [("proof", proof) for proof in proofs]
    if finding.refute:
        parts.append(("wrong if", line((finding.refute.removeprefix("if "), Tone.DIM))))
    return [shown for name, part in parts for shown in _ground(name, part, width)]


def _ground(name: str, part: Line, width: int) -> list[Line]:
    return wrap(line(fit(line((f" {name}", Tone.DIM)), _INDENT), part), width, 2, _INDENT + 2)


def _proof(proof: Evidence) -> Line:
    return line((place(proof), Tone.NOTE), "  ", proof.text.strip())


def _problems(problems: Sequence[str], width: int) -> list[Line]:
    name: Part = ("problem ", Tone.WARN)
    return [
        shown
        for problem in problems[:_MOST]
        for shown in wrap(line(" ", name, "  ", problem), width, 3, _INDENT)
    ]


def empty(view: RunView) -> Line:
    """Why there is nothing; silence must not be mistaken for health."""
    if not view.files:
        return line((" no log file yet: nothing has been judged", Tone.DIM))
    return line((f" nothing found in {plural(view.tally.lines, 'line')}", Tone.DIM))


def shown(view: RunView) -> Sequence[Finding]:
    """For the overview: what holds, then what is over; mere information last."""
    return sorted(view.alerts, key=lambda one: (not one.active, one.severity == Severity.INFO))
