"""Sentences about findings, for people."""

from collections.abc import Callable, Iterable

from trainwatch.diagnose.recorder.dump import Frame
from trainwatch.diagnose.recorder.evidence import Kind
from trainwatch.diagnose.recorder.lateness import Habit
from trainwatch.diagnose.recorder.mismatch import parties_of
from trainwatch.diagnose.recorder.trouble import Ranks, Trouble, Why
from trainwatch.diagnose.recorder.waits import Message

MANY = 8
"""Ranks, or runs of them, that a sentence lists."""
SIDES = 3
"""Different calls that a sentence lists."""

_REFUTE = {
    Kind.MISSING: "{ranks} inside this call in a stack, or past it in a second dump",
    Kind.EXTRA: "a healthy run in which every rank makes this call",
    Kind.MISMATCH_OP: "source code in which these calls belong together",
    Kind.MISMATCH_SIZES: "a library that takes different sizes here",
    Kind.MISMATCH_DTYPE: "a library that takes different types here",
    Kind.UNEVEN: "the same number of batches on every rank",
    Kind.STUCK: "a second dump, seconds later, in which {ranks} went on",
    Kind.CROSSED: "a second dump, seconds later, in which one of {ranks} went on",
    Kind.PENDING: "a second dump, seconds later, in which the call is finished",
    Kind.LATE: "a clock of {ranks} that is ahead of the others",
    Kind.UNDECIDED: "the evidence that is missing",
}


def refute(kind: Kind, ranks: Ranks) -> str:
    """What would show a finding wrong."""
    return _REFUTE[kind].format(ranks=named(ranks))


def named(ranks: Iterable[int]) -> str:
    """`rank 1`, or `ranks 0, 2 and 4-7`; long lists are cut."""
    every = sorted(set(ranks))
    if len(every) < 2:  # noqa: PLR2004 - one
        return f"rank {every[0]}" if every else "no rank"
    parts = _runs(every)
    if len(parts) > MANY:
        parts = [*parts[:MANY], f"{len(parts) - MANY} more"]
    *most, last = parts
    return f"ranks {', '.join(most)} and {last}" if most else f"ranks {last}"


def _runs(ranks: list[int]) -> list[str]:
    """Three and more in a row as `4-7`."""
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][-1] + 1:
            runs[-1].append(rank)
        else:
            runs.append([rank])
    return [
        text
        for run in runs
        for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run))  # noqa: PLR2004
    ]


def sentence(trouble: Trouble) -> str:
    """What is wrong."""
    return _SENTENCES[trouble.kind](trouble)


def _have(ranks: Ranks) -> str:
    return "has" if len(ranks) == 1 else "have"


def at(source: Frame | None) -> str:
    """Where in the source, with a blank before it."""
    return f" at {source.place}" if source is not None else ""


def _call(trouble: Trouble) -> str:
    """The call that the waiting ranks are in."""
    calls = trouble.group.calls(trouble.seq)
    call = next((calls[rank] for rank in trouble.waiting if rank in calls), None)
    op = call.op if call is not None else "the call"
    return f"{op} #{trouble.seq} of {trouble.group.label}"


def _where(trouble: Trouble) -> str:
    calls = trouble.group.calls(trouble.seq)
    return at(next((calls[rank].source for rank in trouble.waiting if rank in calls), None))


def _missing(trouble: Trouble) -> str:
    ranks = trouble.accused
    return (
        f"{named(ranks)} {_have(ranks)} not called {_call(trouble)}, in which "
        f"{named(trouble.waiting)} {_plural('wait', trouble.waiting)}{_where(trouble)}"
        f"{_last(trouble)}."
    )


def _plural(verb: str, ranks: Ranks) -> str:
    return f"{verb}s" if len(ranks) == 1 else verb


def _last(trouble: Trouble) -> str:
    """The last call of those who are missing, when it is one and the same."""
    lanes = [trouble.group.lanes[rank] for rank in trouble.accused if rank in trouble.group.lanes]
    calls = {(lane.newest.op, lane.newest.seq): lane.newest for lane in lanes if lane.newest}
    if len(calls) != 1:
        return ""
    call = next(iter(calls.values()))
    end = "unfinished" if call.open else "finished"
    return f"; the last call there was {call.op} #{call.seq}{at(call.source)}, {end}"


def _extra(trouble: Trouble) -> str:
    return (
        f"only {named(trouble.accused)} called {_call(trouble)}{_where(trouble)}; "
        f"{named(trouble.blockers)} {_have(trouble.blockers)} not."
    )


def _mismatched(trouble: Trouble) -> str:
    calls = trouble.group.calls(trouble.seq)
    sides = [
        f"{named(ranks)} called {calls[ranks[0]].op}{what}{at(calls[ranks[0]].source)}"
        for ranks, what in _sides(trouble)
    ]
    more = f" and {len(sides) - SIDES} more" if len(sides) > SIDES else ""
    tail = (
        ": one side ran more iterations, or its call stands under a condition"
        if trouble.kind is Kind.UNEVEN
        else ""
    )
    return (
        f"{', '.join(sides[:SIDES])}{more}, all as #{trouble.seq} of {trouble.group.label}{tail}."
    )


def _sides(trouble: Trouble) -> list[tuple[Ranks, str]]:
    """Who called alike, the accused first, and in what their calls differ beyond the name."""
    kind = Kind.MISMATCH_OP if trouble.kind is Kind.UNEVEN else trouble.kind
    parties = parties_of(kind, trouble.group.calls(trouble.seq))
    ordered = sorted(parties.items(), key=lambda side: side[1][0] not in trouble.accused)
    named_by_op = kind is Kind.MISMATCH_OP
    return [(ranks, "" if named_by_op else f" ({text})") for text, ranks in ordered]


def _stuck(trouble: Trouble) -> str:
    if trouble.blockers:
        return (
            f"the {'device' if len(trouble.accused) == 1 else 'devices'} of "
            f"{named(trouble.accused)} {_have(trouble.accused)} not begun {_call(trouble)}, "
            "which those of the other ranks have."
        )
    lanes = trouble.group.lanes.items()
    done = (rank for rank, lane in lanes if lane.finished(trouble.seq))
    one = len(trouble.accused) == 1
    return (
        f"{named(trouble.accused)} {'is' if one else 'are'} still inside {_call(trouble)}, which "
        f"{named(done)} finished: {'it waits' if one else 'they wait'} for nobody's call."
    )


def _undecided(trouble: Trouble) -> str:
    inside = f"{named(trouble.waiting)} {_plural('wait', trouble.waiting)} in {_call(trouble)}"
    if trouble.why is Why.STALE:
        return (
            f"{inside}, but others finished calls without {named(trouble.accused)}: the dumps are "
            "not of one moment."
        )
    if trouble.why is Why.NUMBERS:
        return f"{inside}, but the ranks do not number their calls alike, so nobody can be named."
    if not trouble.unknown:
        return f"{inside}, and no dump tells who else belongs to it."
    return f"{inside}, and no dump tells whether {named(trouble.unknown)} came to it."


_SENTENCES: dict[Kind, Callable[[Trouble], str]] = {
    Kind.MISSING: _missing,
    Kind.EXTRA: _extra,
    Kind.MISMATCH_OP: _mismatched,
    Kind.MISMATCH_SIZES: _mismatched,
    Kind.MISMATCH_DTYPE: _mismatched,
    Kind.UNEVEN: _mismatched,
    Kind.STUCK: _stuck,
    Kind.UNDECIDED: _undecided,
}


def awaited(message: Message, *, known: bool) -> str:
    """A message whose other end has nothing open, or left no dump to tell."""
    entry = message.entry
    verb = "to take a message from" if entry.op == "send" else "for a message of"
    end = f"rank {message.peer} has no such call open" if known else "its dump is not there"
    return (
        f"rank {message.rank} waits {verb} rank {message.peer}{at(entry.source)} in "
        f"{message.group.label}, and {end}."
    )


def crossed(ranks: Ranks, sides: Iterable[tuple[int, str]]) -> str:
    """A circle of waiting; `sides` says in what each of the first few ranks waits."""
    where = ", ".join(f"rank {rank} in {call}" for rank, call in list(sides)[:SIDES])
    return f"{named(ranks)} wait for each other: {where}."


def pending(call: str, members: Ranks, source: Frame | None) -> str:
    """All are inside."""
    return f"{named(members)} are all inside {call}{at(source)}, and nobody is missing."


def late(habit: Habit) -> str:
    """One that is late again and again."""
    share = (
        f", {habit.usual / habit.period:.0%} of the time from one to the next"
        if habit.period
        else ""
    )
    return (
        f"rank {habit.rank} comes to {habit.call.op}{at(habit.call.source)} "
        f"{habit.usual * 1e3:.0f} ms after the first rank, the second latest "
        f"{habit.others * 1e3:.1f} ms: median of {habit.calls} calls{share}."
    )
