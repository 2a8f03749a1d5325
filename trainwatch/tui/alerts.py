"""Findings as lines: one each in the overview, with proof and refutation on their own page."""

from collections.abc import Sequence

from trainwatch.events import Evidence, Finding, Severity
from trainwatch.model.snapshot import RunView
from trainwatch.tui.line import Line, Part, Tone, fit, line, spread, wrap
from trainwatch.tui.states import SEVERITIES
from trainwatch.tui.words import place, plural, short_place, told

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


def full(view: RunView, width: int) -> list[Line]:
    """Every finding with its proof, then what could not be read."""
    lines: list[Line] = []
    for finding in view.alerts[:_MOST]:
        lines += [*wrap(line(" ", _severity(finding), "  ", _text(finding)), width, 3, _INDENT)]
        lines += [*_grounds(finding, width), ()]
    return lines + _problems(view.problems, width)


def _grounds(finding: Finding, width: int) -> list[Line]:
    proofs = [_proof(proof) for proof in finding.evidence[:_MOST_PROOFS]]
    if len(finding.evidence) > _MOST_PROOFS:
        proofs.append(line((f"and {len(finding.evidence) - _MOST_PROOFS} more", Tone.DIM)))
    parts = [("proof", proof) for proof in proofs]
    if finding.refute:
        parts.append(("wrong if", line((finding.refute, Tone.DIM))))
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
