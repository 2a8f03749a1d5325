"""A diagnosis for people: what, who, proof, what would refute it, what next; fits a screen.

The most important line comes first. On a terminal each section gets the lines that are left for
it, proof before detail; into a pipe everything is written. No markup, and no log text that could
act on a terminal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from trainwatch.diagnose.diagnosis import Diagnosis, Proof, Verdict
from trainwatch.parsing.prefix import split_prefix
from trainwatch.report.diagnosis_ranks import Wants, ranks_table
from trainwatch.report.diagnosis_strip import strips
from trainwatch.report.folding import fold
from trainwatch.report.safe import safe_text

_STYLES = {
    Verdict.HEALTHY: "bold green",
    Verdict.FINISHED: "bold green",
    Verdict.HANG: "bold red",
    Verdict.FAILED: "bold red",
    Verdict.STRAGGLER: "bold yellow",
    Verdict.INTERRUPTED: "bold yellow",
    Verdict.UNDECIDED: "bold yellow",
}
_LABEL = 11
_INDENT = 3
_PROMPT = 1
"""Lines of the terminal that stay free: the shell's next prompt."""

_ENDLESS = 10_000
_QUOTED = 2
_PATH = 44


@dataclass(frozen=True, slots=True)
class _Section:
    """One part of the report.

    Attributes:
        label: Stands before its first line.
        items: Its texts; each takes as many lines as it needs.
        least: Items that are shown before other sections get more.
    """

    label: str
    items: Sequence[Text]
    least: int = 1


def print_diagnosis(
    diagnosis: Diagnosis, console: Console, wants: Wants = lambda _rank: True
) -> None:
    """Print a diagnosis."""
    room = console.height - _PROMPT if console.is_terminal else _ENDLESS
    for line in lines_of(diagnosis, console.width, room, wants):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def lines_of(
    diagnosis: Diagnosis, width: int, height: int, wants: Wants = lambda _rank: True
) -> list[Text]:
    """The report in lines that are at most `width` wide, `height` of them where that is possible."""
    head = _head(diagnosis, width)
    chosen = [rank for rank in diagnosis.ranks if wants(rank.who.rank)]
    ranks = [*ranks_table(diagnosis, wants, width), *_note(diagnosis)]
    sections = [
        _Section("proof", [_proof(proof) for proof in diagnosis.evidence], 2),
        _Section("timeline", strips(diagnosis, chosen, width - _LABEL - 1), 3),
        _Section("refuted", _plain([diagnosis.refute])),
        _Section("next", _numbered(diagnosis.advice)),
        _Section("missing", _plain(diagnosis.missing) or [Text("nothing", style="dim")]),
        _Section("also", [_plain([other.summary])[0] for other in diagnosis.others]),
    ]
    sections = [section for section in sections if section.items]
    left = height - len(head) - len(ranks) - 2
    shared = _share(sections, width, left)
    body = [line for section in shared for line in _wrapped(section, width)]
    blank = [Text("")]
    return [*head, *(blank + ranks if ranks else []), *blank, *body][: max(height, len(head))]


def _head(diagnosis: Diagnosis, width: int) -> list[Text]:
    text = Text(f" {diagnosis.verdict.value.upper()} ", style=_STYLES[diagnosis.verdict])
    text.append(f" {safe_text(diagnosis.summary)}. ", style="bold")
    words = [diagnosis.confidence.value]
    if diagnosis.category is not None:
        words.append(diagnosis.category.value)
    if diagnosis.phase is not None:
        words.append(f"in {diagnosis.phase.value}")
    text.append(f"{', '.join(words)}.".capitalize(), style="default")
    return fold(text, width, " " * _INDENT)


def _note(diagnosis: Diagnosis) -> list[Text]:
    return [Text(f"{' ' * _INDENT}({diagnosis.note})", style="dim")] if diagnosis.note else []


# --- sections -----------------------------------------------------------------------------------


def _proof(proof: Proof) -> Text:
    line = "" if proof.evidence.line is None else f":{proof.evidence.line}"
    text = Text(f"{safe_text(_short(proof.evidence.file))}{line}", style="cyan")
    said = split_prefix(proof.evidence.text.encode(errors="replace"))["message"]
    text.append(f"  {safe_text(said.decode(errors='replace')).strip()}", style="default")
    return text


def _short(path: str) -> str:
    """A path, its beginning left out where it is long; `--json` has all of it."""
    while len(path) > _PATH and "/" in path.removeprefix("…/"):
        path = "…/" + path.removeprefix("…/").split("/", 1)[1]
    return path[-_PATH:]


def _plain(texts: Sequence[str]) -> list[Text]:
    return [Text(safe_text(text)) for text in texts if text]


def _numbered(texts: Sequence[str]) -> list[Text]:
    if len(texts) == 1:
        return _plain(texts)
    return [Text(f"{at}. {safe_text(text)}") for at, text in enumerate(texts, start=1)]


def _share(sections: Sequence[_Section], width: int, left: int) -> list[_Section]:
    """Give every section its least, and then more to each in turn, as long as there is room."""
    counts = {section.label: 0 for section in sections}
    for least in (True, False):
        for section in sections:
            want = min(section.least, len(section.items)) if least else len(section.items)
            while counts[section.label] < want:
                cost = len(_item_lines(section, counts[section.label], width))
                if cost > left:
                    break
                left -= cost
                counts[section.label] += 1
    return [
        _Section(section.label, section.items[: counts[section.label]])
        for section in sections
        if counts[section.label]
    ]


def _wrapped(section: _Section, width: int) -> Iterator[Text]:
    for at in range(len(section.items)):
        yield from _item_lines(section, at, width)


def _item_lines(section: _Section, at: int, width: int) -> list[Text]:
    label = section.label if at == 0 else ""
    text = Text(" " * _INDENT + f"{label:<{_LABEL - _INDENT}} ", style="dim")
    text.append_text(section.items[at])
    if section.label == "proof":  # the first is quoted on two lines, the others as far as they fit
        lines = fold(text, width, " " * (_LABEL + 1)) if at == 0 else [text]
        lines = lines[:_QUOTED]
        lines[-1].truncate(width, overflow="ellipsis")
        return lines
    return fold(text, width, " " * (_LABEL + 1))
