"""A diagnosis for people: what, who, proof, what would refute it, what next; fits a screen.

The most important line comes first. On a terminal each section gets the lines that are left for
it, proof before detail; into a pipe everything is written. No markup, and no log text that could
act on a terminal.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.text import Text

from trainwatch.diagnose.diagnosis import Diagnosis, Proof, RankDiagnosis, Role, Verdict
from trainwatch.diagnose.words import ranks_words
from trainwatch.health.words import duration
from trainwatch.model.snapshot import RankStatus
from trainwatch.parsing.prefix import split_prefix
from trainwatch.report.safe import safe_text

Wants = Callable[[int | None], bool]

_STYLES = {
    Verdict.HEALTHY: "bold green",
    Verdict.FINISHED: "bold green",
    Verdict.HANG: "bold red",
    Verdict.FAILED: "bold red",
    Verdict.STRAGGLER: "bold yellow",
    Verdict.INTERRUPTED: "bold yellow",
    Verdict.UNDECIDED: "bold yellow",
}
_ROLE_STYLES = {Role.GUILTY: "bold red", Role.SUSPECT: "red", Role.VICTIM: "yellow"}
_ROLES = (Role.GUILTY, Role.SUSPECT, Role.VICTIM, Role.CLEAN_UP, Role.UNKNOWN)
_LABEL = 11
_INDENT = 3
_PROMPT = 1
"""Lines of the terminal that stay free: the shell's next prompt."""

_ENDLESS = 10_000
_QUOTED = 2
_PATH = 44
_NAMES = 24


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
    ranks = _ranks(diagnosis, wants, width)
    sections = [
        _Section("proof", [_proof(proof) for proof in diagnosis.evidence], 2),
        _Section("timeline", _timeline(diagnosis, wants), 2),
        _Section("refuted", _plain([diagnosis.refute])),
        _Section("next", _numbered(diagnosis.advice)),
        _Section("missing", _plain(diagnosis.missing) or [Text("nothing", style="dim")]),
        _Section("also", [_plain([other.summary])[0] for other in diagnosis.others]),
    ]
    sections = [section for section in sections if section.items]
    left = height - len(head) - len(ranks) - 2
    chosen = _share(sections, width, left)
    body = [line for section in chosen for line in _wrapped(section, width)]
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
    return _fold(text, width, " " * _INDENT)


# --- ranks --------------------------------------------------------------------------------------


def _ranks(diagnosis: Diagnosis, wants: Wants, width: int) -> list[Text]:
    """One line for all ranks of one role at one place, the accused first."""
    shown = [rank for rank in diagnosis.ranks if wants(rank.who.rank)]
    shown.sort(key=lambda rank: (_ROLES.index(rank.role), rank.place, rank.why))
    groups = [list(group) for _, group in groupby(shown, key=lambda r: (r.role, r.place, r.why))]
    few = 6
    names = [ranks_words([rank.who for rank in group]) for group in groups[:few]]
    room = min(max(map(len, names), default=0), _NAMES)
    lines = [line for group in groups[:few] for line in _rank_lines(group, width, room)]
    if len(groups) > few:
        rest = sum(len(group) for group in groups[few:])
        lines.append(Text(f"{' ' * _INDENT}… {rest} more, see --json", style="dim"))
    note = [Text(f"{' ' * _INDENT}({diagnosis.note})", style="dim")] if diagnosis.note else []
    return [*lines, *note]


def _timeline(diagnosis: Diagnosis, wants: Wants) -> list[Text]:
    """Who wrote its last line when and where, the longest silent first; none where all are alike."""
    shown = [r for r in diagnosis.ranks if wants(r.who.rank) and r.silent_seconds is not None]
    shown.sort(key=lambda rank: (-round(rank.silent_seconds or 0.0), rank.place))
    groups = [
        list(group)
        for _, group in groupby(shown, key=lambda r: (round(r.silent_seconds or 0.0), r.place))
    ]
    if len({rank.place for rank in shown}) < 2:  # noqa: PLR2004 - one place
        return []
    return [
        Text(
            f"{duration(group[0].silent_seconds or 0.0)} ago  {ranks_words([r.who for r in group])}"
            f" {group[0].place}"
        )
        for group in groups
    ]


def _rank_lines(group: Sequence[RankDiagnosis], width: int, room: int) -> list[Text]:
    """The accused in full; of the others as much as fits on a line."""
    first = group[0]
    quiet = [rank.silent_seconds for rank in group if rank.silent_seconds is not None]
    text = Text(" " * _INDENT)
    text.append(f"{ranks_words([rank.who for rank in group]):<{room}}  ")
    text.append(f"{first.role.value.replace('_', '-'):<10}", style=_ROLE_STYLES.get(first.role, ""))
    place = first.place if first.place not in first.why else ""
    over = first.state in (RankStatus.DEAD, RankStatus.FINISHED)
    silent = f"silent {duration(min(quiet))}" if quiet and first.place and not over else ""
    words = "; ".join(part for part in (first.why, place, silent) if part)
    text.append(safe_text(words), style="default")
    if first.role in (Role.GUILTY, Role.SUSPECT):
        return _fold(text, width, " " * (_INDENT + room + 12))
    text.truncate(width, overflow="ellipsis")
    return [text]


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
        lines = _fold(text, width, " " * (_LABEL + 1)) if at == 0 else [text]
        lines = lines[:_QUOTED]
        lines[-1].truncate(width, overflow="ellipsis")
        return lines
    return _fold(text, width, " " * (_LABEL + 1))


def _fold(text: Text, width: int, indent: str) -> list[Text]:
    """Wrapped at spaces; lines behind the first are indented."""
    lines: list[Text] = []
    rest = text
    while rest.cell_len > width:
        cut = _cut(rest.plain, width)
        lines.append(rest[:cut])
        rest = Text(indent).append_text(_lstrip(rest[cut:]))
    return [*lines, rest]


def _cut(plain: str, width: int) -> int:
    """Where a line is cut: at its last space, or where it is full."""
    length = len(plain)
    while length > 1 and Text(plain[:length]).cell_len > width:
        length -= 1
    space = plain.rfind(" ", 0, length + 1)
    indent = len(plain) - len(plain.lstrip())
    return space if space > indent else length


def _lstrip(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]
