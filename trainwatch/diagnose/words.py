"""Words for people: ranks, lists, signals. None holds log text."""

from collections.abc import Iterable, Iterator, Sequence

from trainwatch.events import NOBODY, RankId

_SHOWN = 6
_MOST = 4096
SIGNALS = {
    1: "SIGHUP",
    2: "SIGINT",
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    15: "SIGTERM",
}


def ranks_words(ranks: Iterable[RankId]) -> str:
    """`rank 3`, `ranks 0-2, 5`, `local rank 1`; `a rank` for none."""
    chosen = sorted(set(ranks) - {NOBODY}, key=lambda who: who.sort_key)
    if not chosen:
        return "a rank"
    if any(who.rank is None for who in chosen):
        local = ", ".join(str(who.local) for who in chosen if who.rank is None)
        return f"local rank{'s' if len(chosen) > 1 else ''} {local}"
    return f"rank{'s' if len(chosen) > 1 else ''} {spans([who.rank or 0 for who in chosen])}"


def spans(numbers: Sequence[int]) -> str:
    """`0-2, 5` for sorted numbers; a long list is cut."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [word for run in runs for word in _run(run)]
    return ", ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")


def _run(run: list[int]) -> list[str]:
    few = 2
    return [str(number) for number in run] if len(run) <= few else [f"{run[0]}-{run[-1]}"]


def numbers_in(text: str) -> Iterator[int]:
    """`0-2, 5` in single numbers; of a span at most so many."""
    for word in text.replace(" ", "").split(","):
        first, _, last = word.partition("-")
        if first.isdecimal() and (last.isdecimal() or not last):
            yield from range(int(first), min(int(last or first), int(first) + _MOST) + 1)


def signal_name(text: str) -> str:
    """`SIGTERM` for `15`, `SIGTERM` or `Signals.SIGTERM`."""
    if text.isdecimal():
        return SIGNALS.get(int(text), f"signal {text}")
    return text if text.startswith("SIG") else "a signal"


def plural(count: int, word: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def sentence(text: str) -> str:
    """Begins with a capital; the rest is left as it is."""
    return text[:1].upper() + text[1:]
