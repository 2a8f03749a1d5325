"""Healthy runs looked at while they run: their logs cut at many moments, as a reader would find them.

A job that lives is asked about just before it writes its next line. Whatever is then called a
failure, a hang, a straggler or an interruption is a false alarm. "Too early to say" is none, but
should be rare: it is right where a silence is longer than any before it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from tests.diagnose.cases import diagnosed
from trainwatch.diagnose import Diagnosis, Verdict
from trainwatch.engine import Engine
from trainwatch.events import Chunk, Event, FileEnded, LogFile, Parsed, RunInfo, StepBlock

ALARMS = (Verdict.FAILED, Verdict.HANG, Verdict.STRAGGLER, Verdict.INTERRUPTED)
UNDATED = 1_795_000_000.0
"""The moment of a log that states no times."""

_BEFORE = 0.9
"""The part of the silence until the next line that has passed when the question is asked."""


@dataclass
class Timeline:
    """When which bytes of some logs were written.

    Attributes:
        ends: Of each file the ends of its dated lines, with the seconds that they state.
        seconds: All of these, in order.
    """

    ends: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Timeline":
        """Read the times that the parser finds in some logs."""
        dated: dict[str, list[tuple[float, int]]] = {name: [] for name in files}

        def take(parsed: Parsed) -> None:
            for item in parsed.items:
                dated[parsed.file.name] += [(s, o) for s, o in _dated(item) if s == s]  # noqa: PLR0124

        engine = Engine(RunInfo("logs"), listener=take)
        for name, data in files.items():
            engine.feed(Chunk(LogFile(name), 0, data, UNDATED))
            engine.feed(FileEnded(LogFile(name), "read to its end"))
        line = cls()
        for name, some in dated.items():
            ends = [(seconds, files[name].find(b"\n", at) + 1) for seconds, at in sorted(some)]
            line.ends[name] = [(s, end or len(files[name])) for s, end in ends]
        line.seconds = sorted({seconds for some in dated.values() for seconds, _ in some})
        return line

    def until(self, files: Mapping[str, bytes], moment: float) -> dict[str, bytes]:
        """The logs as they were at a moment; those without times are left out."""
        kept = {name: data[: self._end(name, moment)] for name, data in files.items()}
        return {name: data for name, data in kept.items() if data}

    def _end(self, name: str, moment: float) -> int:
        ends = self.ends[name]
        at = bisect_right(ends, moment, key=lambda one: one[0])
        return max((end for _, end in ends[:at]), default=0)


def _dated(item: StepBlock | Event) -> Iterator[tuple[float, int]]:
    if isinstance(item, StepBlock):
        yield from zip(item.seconds.tolist(), item.offset.tolist(), strict=True)
    elif item.stamp is not None:
        yield item.stamp.seconds, item.where.offset


def looks(files: Mapping[str, bytes], most: int) -> Iterator[tuple[str, Diagnosis]]:
    """What is said of a living job at up to so many moments of its life."""
    timeline = Timeline.of(files)
    alive = RunInfo("logs", id="x", alive=True)
    gaps = [(one, two) for one, two in zip(timeline.seconds, timeline.seconds[1:], strict=False)]
    for at in np.unique(np.linspace(0, len(gaps) - 1, most).astype(int)) if gaps else ():
        one, two = gaps[at]
        now = one + _BEFORE * (two - one)
        kept = timeline.until(files, one)
        yield f"{now - one:.1f} s after line {at}", diagnosed(kept, now=now, info=alive, mtime=one)
    if not gaps:
        yield from _undated(files, most)


def _undated(files: Mapping[str, bytes], most: int) -> Iterator[tuple[str, Diagnosis]]:
    """The same for logs without times, each cut behind some of its lines, a second later."""
    alive = RunInfo("logs", id="x", alive=True)
    for name, data in files.items():
        lines = data.splitlines(keepends=True)
        for at in np.unique(np.linspace(1, len(lines), most).astype(int)) if lines else ():
            part = b"".join(lines[:at])
            yield (
                f"behind line {at}",
                diagnosed({name: part}, now=UNDATED + 1, info=alive, mtime=UNDATED),
            )


def count(cases: Mapping[str, Mapping[str, bytes]], most: int) -> tuple[Counter[str], list[str]]:
    """Verdicts of healthy runs at many moments, and every false alarm in words."""
    verdicts: Counter[str] = Counter()
    alarms = []
    for name, files in cases.items():
        for when, found in looks(files, most):
            verdicts[found.verdict.value] += 1
            if found.verdict in ALARMS or found.category is not None:
                alarms.append(f"{name}, {when}: {found.verdict.value}: {found.summary}")
    return verdicts, alarms
