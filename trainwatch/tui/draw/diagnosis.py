"""A diagnosis as lines: what, who, proof, what would refute it, what next."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from trainwatch.tui.draw.line import EMPTY, Line, Tone, fit, line, wrap
from trainwatch.tui.draw.words import duration, place, ranges

if TYPE_CHECKING:  # its package brings every signature with it, which drawing does not need
    from trainwatch.diagnose.diagnosis import Diagnosis, RankDiagnosis

_TONES = {
    "healthy": Tone.PILL_GOOD,
    "finished": Tone.PILL_GOOD,
    "hang": Tone.PILL_BAD,
    "failed": Tone.PILL_BAD,
}
_ROLES = {"guilty": Tone.BAD, "suspect": Tone.BAD, "victim": Tone.WARN}
_ORDER = ("guilty", "suspect", "victim", "clean_up", "unknown")
_LABEL = 11
_GROUPS = 8
_PROOFS = 12


def full(of: "Diagnosis", width: int) -> list[Line]:
    """The whole of it; the most important line first."""
    words = ", ".join(
        part.value for part in (of.confidence, of.category) if part is not None
    ).capitalize()
    pill = (f" {of.verdict.value.upper()} ", _TONES.get(of.verdict.value, Tone.PILL_WARN))
    head = line(pill, "  ", (f"{of.summary}. ", Tone.STRONG), (f"{words}.", Tone.DIM))
    parts: list[tuple[str, Line]] = [
        *(("", ranks) for ranks in _ranks(of.ranks)),
        ("", line((of.note, Tone.DIM)) if of.note else EMPTY),
        *(
            ("proof", line((place(one.evidence), Tone.NOTE), "  ", one.evidence.text.strip()))
            for one in of.evidence[:_PROOFS]
        ),
        ("refuted", line((of.refute, Tone.DIM))),
        *((f"next {number}.", line(text)) for number, text in enumerate(of.advice, 1)),
        *(("missing", line((text, Tone.DIM))) for text in of.missing),
        *(("also", line(other.summary)) for other in of.others),
    ]
    lines = wrap(head, width, 4, 3)
    before = ""
    for label, part in parts:
        if part:
            lines += _part(label if label != before else "", part, width)
            before = label
    return [*lines, EMPTY]


def _part(label: str, part: Line, width: int) -> list[Line]:
    return wrap(line(fit(line((f"   {label}", Tone.DIM)), _LABEL), part), width, 3, _LABEL + 2)


def _ranks(ranks: "Sequence[RankDiagnosis]") -> list[Line]:
    """One line for all ranks of one role at one place, the accused first."""

    def key(rank: "RankDiagnosis") -> tuple[int, str, str]:
        return _ORDER.index(rank.role.value), rank.place, rank.why

    groups = [list(group) for _, group in groupby(sorted(ranks, key=key), key=key)]
    return [_group(group) for group in groups[:_GROUPS]]


def _group(group: "Sequence[RankDiagnosis]") -> Line:
    first = group[0]
    names = ranges([rank.who.label for rank in group])
    role = first.role.value.replace("_", "-")
    quiet = [rank.silent_seconds for rank in group if rank.silent_seconds is not None]
    place_ = first.place if first.place not in first.why else ""
    silent = f"silent {duration(min(quiet))}" if quiet and first.place else ""
    words = "; ".join(part for part in (first.why, place_, silent) if part)
    one = "rank" if len(group) == 1 else "ranks"
    return line(
        (f"{one} {names}  ", Tone.STRONG), (f"{role}  ", _ROLES.get(role, Tone.PLAIN)), words
    )
