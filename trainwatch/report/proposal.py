"""Proposes a format for lines that look like the steps of a training.

Lines that differ in nothing but their numbers are one candidate. It is step-like where one number
is whole and never falls for long, and another one, with a fraction, lies beside a name.
"""

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainwatch.formats.names import CANONICAL, POSITIONS, canonical, fold, is_evaluation
from trainwatch.parsing.prefix import split_prefix

MAX_PROPOSED = 3
_MAX_LINE = 1000
_MAX_LINES = 200_000
_LEAST = 3
"""Lines of one shape from which they are a pattern."""
_SAMPLES = 3
_RISING = 0.8
"""Share of steps at which a counter must rise or stay: it begins anew with each epoch."""

_NUMBER = re.compile(
    r"(?<![\w.])[+-]?(?:\d+(?:,\d{3})+|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.,:]*\d)"
    r"|(?<![\w.])[+-]?(?:nan|inf)(?!\w)",
    re.IGNORECASE,
)
_UNUSABLE = re.compile(r"[{}\x00-\x1f\x7f]")
_CLOCK = re.compile(r"\d{1,4}[:/]\d{2}(?:[:/]\d{2})?(?:[.,]\d+)?(?!\d*/)")
_NAMES = re.compile(r"((?:[A-Za-z]\w*[ _-]){0,2}[A-Za-z]\w*)\W*$", re.ASCII)
_SMALL_WORDS = frozenset(
    ("a", "an", "at", "by", "for", "in", "is", "of", "the", "to", "was", "with")
)
_COUNTERS = ("epoch", "step", "batch")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One line format.

    Attributes:
        template: Without prefix.
        samples: Some of the lines.
        count: How many lines it fits.
    """

    template: str
    samples: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """The numbers that stand at one place of the lines of a shape."""

    label: str
    values: Sequence[str]

    @property
    def whole(self) -> bool:
        return all(value.lstrip("+-").isdigit() for value in self.values)

    @property
    def plain(self) -> bool:
        """Whether templates can read them: no thousands separators."""
        return all("," not in value for value in self.values)

    @property
    def rising(self) -> bool:
        if not self.whole or not self.plain:
            return False
        numbers = [int(value) for value in self.values]
        ups = sum(b >= a for a, b in itertools.pairwise(numbers))
        return numbers[0] >= 0 and len(set(numbers)) > 1 and ups >= _RISING * (len(numbers) - 1)

    @property
    def metric(self) -> bool:
        """Whether it can be a value that a training is watched by."""
        return bool(self.label) and not self.whole and not self.constant and self.plain

    @property
    def falls(self) -> bool:
        """Whether a counter begins anew."""
        numbers = [int(value) for value in self.values]
        return any(b < a for a, b in itertools.pairwise(numbers))

    @property
    def constant(self) -> bool:
        return len(set(self.values)) == 1


def propose(lines: Iterable[str]) -> list[Proposal]:
    """The most frequent step-like shapes of some lines, as templates; at most three."""
    shapes: dict[tuple[str, ...], list[str]] = {}
    for number, line in enumerate(lines):
        if number >= _MAX_LINES:
            break
        message = (
            split_prefix(line[:_MAX_LINE].encode())["message"].decode(errors="replace").strip()
        )
        if len(line) <= _MAX_LINE and not _UNUSABLE.search(message) and "\ufffd" not in message:
            literals = tuple(_cut(message)[0])
            if len(literals) > 1:
                shapes.setdefault(_folded(literals), []).append(message)
    found = [_proposal(messages) for messages in shapes.values() if len(messages) >= _LEAST]
    usable = [proposal for proposal in found if proposal]
    return sorted(usable, key=lambda proposal: -proposal.count)[:MAX_PROPOSED]


def as_toml(name: str, proposals: Sequence[Proposal]) -> str:
    """A table to paste into `trainwatch.toml`."""
    rows = [f"[formats.{name}]", 'title = "a format of your own"', ""]
    for proposal in proposals:
        rows += [
            f"[[formats.{name}.lines]]  # fits {proposal.count} lines",
            f"template = {_quoted(proposal.template)}",
            "samples = [",
            *(f"  {_quoted(sample)}," for sample in proposal.samples),
            "]",
            "",
        ]
    return "\n".join(rows)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML one


def _cut(message: str) -> tuple[list[str], list[str]]:
    """The texts around the numbers of a message, and the numbers; clocks count as text."""
    literals, numbers, end = [], [], 0
    clocks = [found.span() for found in _CLOCK.finditer(message) if ":" in found[0]]
    for found in _NUMBER.finditer(message):
        if any(start <= found.start() < stop for start, stop in clocks):
            continue
        literals.append(message[end : found.start()])
        numbers.append(found[0])
        end = found.end()
    return [*literals, message[end:]], numbers


def _folded(literals: tuple[str, ...]) -> tuple[str, ...]:
    """Texts that differ only in padding and in clocks are the same."""
    return tuple(_CLOCK.sub("\0", re.sub(r" +", " ", text)) for text in literals)


def _proposal(messages: list[str]) -> Proposal | None:
    cuts = [_cut(message) for message in messages]
    columns = list(zip(*(numbers for _, numbers in cuts), strict=True))
    before = [literals[:-1] for literals, _ in cuts]
    gaps = [_Gap(_label(before[0][at]), column) for at, column in enumerate(columns)]
    if not _step_like(gaps):
        return None
    template = "".join(_pieces(cuts, gaps))
    distinct = list(dict.fromkeys(messages))
    picked = [distinct[0], distinct[len(distinct) // 2], distinct[-1]][:_SAMPLES]
    return Proposal(template, tuple(dict.fromkeys(picked)), len(messages))


def _step_like(gaps: Sequence[_Gap]) -> bool:
    counters = any(gap.rising or (gap.whole and gap.label in _COUNTERS) for gap in gaps)
    return counters and any(gap.metric for gap in gaps)


def _label(text: str) -> str:
    """The name that stands before a number, canonical where there is one; empty where none is."""
    found = _NAMES.search(text)
    if found is None:
        return ""
    words = [word for word in re.split(r"[ -]", found[1]) if word.lower() not in _SMALL_WORDS]
    phrases = [fold(" ".join(words[at:])) for at in range(len(words))]
    said = (name for name in phrases if is_evaluation(name))
    known = (canonical(name) for name in phrases if canonical(name) in CANONICAL)
    return next(said, next(known, phrases[-1] if phrases else ""))


def _pieces(cuts: Sequence[tuple[list[str], list[str]]], gaps: Sequence[_Gap]) -> Iterable[str]:
    names = _field_names(gaps, next(literal for literal, _ in cuts))
    for at, gap in enumerate(gaps):
        texts = {literals[at] for literals, _ in cuts}
        text, aligned = _common(texts)
        kind = "word" if not gap.plain else ("int" if gap.whole else "float")
        yield f"{text}{{{names[at]}:{'>' if aligned else ''}{kind}}}"
    yield _common({literals[-1] for literals, _ in cuts})[0].rstrip()


def _common(texts: set[str]) -> tuple[str, bool]:
    """The text that stands before a number in all lines, and whether blanks pad the number."""
    text = min(texts, key=len)
    bare = text.rstrip(" ")
    padded = len(texts) > 1 and len({one.rstrip(" ") for one in texts}) == 1
    return _without_clocks(bare if padded else text), padded


def _without_clocks(text: str) -> str:
    number = iter(range(1, 100))
    return _CLOCK.sub(
        lambda found: f"{{_clock{next(number)}:word}}" if ":" in found[0] else found[0], text
    )


def _field_names(gaps: Sequence[_Gap], literals: Sequence[str]) -> list[str]:
    names: list[str] = []
    metrics = False
    for at, gap in enumerate(gaps):
        of = at + 1 < len(gaps) and literals[at + 1].strip() == "/"
        if at and literals[at].strip() == "/":  # `3/200`: the whole of what stands before
            name = f"total_{names[-1]}s" if names[-1] != "batch" else "total_batches"
            name = name if names[-1] in _COUNTERS else ""
        elif gap.whole and gap.plain and gap.label in _COUNTERS:
            name = "batch" if gap.label == "step" and gap.falls else gap.label
        elif (
            not metrics
            and gap.rising
            and (gap.label not in CANONICAL or of)
            and not {*names} & {"step", "batch"}
        ):
            name = "batch" if "epoch" in names else "step"
        else:
            name = "" if of else gap.label
        metrics = metrics or gap.metric
        fits = name.isidentifier() and gap.plain and (name not in POSITIONS or gap.whole)
        names.append(name if fits and name not in (*names, "time") else f"_number{at + 1}")
    return names
