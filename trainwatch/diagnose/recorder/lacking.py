"""What was not in the dumps, and how to have it next time."""

from collections.abc import Iterable

from trainwatch.diagnose.recorder.dump import Dump
from trainwatch.diagnose.recorder.groups import GLOO, Group
from trainwatch.diagnose.recorder.trouble import Trouble, Why
from trainwatch.diagnose.recorder.words import named

CLOCKS = (
    "Whether the hosts' clocks agree: a clock that is ahead makes a rank seem late by the same time "
    "at every call."
)
COUNTERS = (
    "Whether the missing rank entered the call: NCCL's counters rise only when a call returns; a "
    "stack of it tells."
)
MOMENT = "Dumps of one moment: take those of all ranks together, when nothing moves any more."
NUMBERS = (
    "Calls that are finished, to line the ranks' numbers up: dump them all, not only the open ones."
)
MEMBERS = "The ranks of the group, which gloo does not record."
STACKS = "The lines that made the calls: only pickles have them, if they were asked for."
TIMING = "Whether the devices have begun: TORCH_NCCL_ENABLE_TIMING=1."
APART = (
    "A common clock: the dumps' last calls lie more than an hour apart, so the clocks disagree or "
    "the dumps are of several runs."
)


def of_dumps(ranks: Iterable[int]) -> tuple[str, ...]:
    """Dumps that are not there."""
    every = tuple(ranks)
    if not every:
        return ()
    text = (
        f"The flight-recorder {'dump' if len(every) == 1 else 'dumps'} of {named(every)}: NCCL "
        "writes one where TORCH_FR_DUMP_TEMP_FILE says when TORCH_NCCL_DUMP_ON_TIMEOUT=1; gloo "
        "never does, but `trainwatch run` asks for it."
    )
    return (text,)


def of_trouble(trouble: Trouble) -> tuple[str, ...]:
    """What would have made a trouble clearer."""
    group = trouble.group
    found = list(of_dumps(rank for rank in trouble.unknown if rank in group.absent))
    if trouble.why is not Why.DUMPS:
        found.append(MOMENT if trouble.why is Why.STALE else NUMBERS)
    if not group.complete:
        found.append(MEMBERS)
    if any(group.lanes[rank].counted for rank in trouble.blockers if rank in group.lanes):
        found.append(COUNTERS)
    return tuple(found)


def of_job(dumps: Iterable[Dump], groups: Iterable[Group], absent: Iterable[int]) -> list[str]:
    """What would have made everything clearer."""
    found = list(of_dumps(absent))
    entries = [entry for dump in dumps for entry in dump.entries]
    if entries and not any(entry.frames for entry in entries):
        found.append(STACKS)
    libraries = {group.library for group in groups if group.open_numbers} - {GLOO, ""}
    if libraries and not any(entry.started_ns for entry in entries):
        found.append(TIMING)
    return found
