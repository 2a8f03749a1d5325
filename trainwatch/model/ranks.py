"""Who takes part in a run, and which log speaks for each: one primary source a rank.

The per-rank log goes before the main log, the main log before the console, the console before a
table; a step that is printed in several of them counts once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from trainwatch.events import LogLine, RankId, RunInfo
from trainwatch.formats.filenames import FileKind
from trainwatch.model.run import RunState
from trainwatch.model.stream import Stream


@dataclass(frozen=True, slots=True)
class Voice:
    """One writer's stream in one log, with the attempts of the run that it speaks of.

    Attributes:
        stream: The stream.
        first_attempt: Of the run, with which its log begins.
        newest: The newest line of that log, whoever wrote it.
        past: Whether it has written nothing since the current attempt began.
    """

    stream: Stream
    first_attempt: int
    newest: LogLine | None = None
    past: bool = False

    @property
    def attempt(self) -> int:
        """The attempt of the run that it is in now."""
        return self.first_attempt + self.stream.position.attempt

    @property
    def kind(self) -> FileKind:
        """The sort of log."""
        return self.stream.role.kind


@dataclass(frozen=True, slots=True)
class Member:
    """One rank, or the run as a whole where the logs name no rank.

    Attributes:
        who: The rank.
        voices: All its streams that say anything of it, the primary one first.
    """

    who: RankId
    voices: Sequence[Voice]

    @property
    def primary(self) -> Voice:
        """The stream that tells where it is now."""
        return self.voices[0]

    def metric_voices(self, metric: str) -> list[Voice]:
        """The streams from which a metric is counted: one log an attempt, oldest attempt first."""
        having = [voice for voice in self.voices if metric in voice.stream.extents]
        if not having:
            return []
        best = min(voice.kind for voice in having)
        chosen: dict[int, Voice] = {}
        for voice in having:
            if voice.kind is best:
                chosen.setdefault(voice.first_attempt, voice)
        return [chosen[attempt] for attempt in sorted(chosen)]


@dataclass(frozen=True)
class Crew:
    """All members of a run at one moment.

    Attributes:
        ranks: The ranks, in order; a run whose logs name none has the one member `NOBODY`.
        others: Members that are no ranks of the current attempt: the run as a whole beside ranks.
        attempt: The newest attempt of any of them.
    """

    ranks: Sequence[Member]
    others: Sequence[Member]
    attempt: int

    @property
    def all(self) -> list[Member]:
        """Ranks and others."""
        return [*self.ranks, *self.others]

    @cached_property  # asked for by every rank
    def first_epoch(self) -> int:
        """The number of the first epoch in what people see: of the log that states how many."""
        streams = [voice.stream for member in self.all for voice in member.voices]
        bases = [s.epoch_base for s in streams if s.total_epochs and s.epoch_base is not None]
        bases += [s.epoch_base for s in streams if s.epoch_base is not None]
        return bases[0] if bases else 0

    def epoch_shift(self, stream: Stream) -> int:
        """What turns an epoch as a log prints it into what people see, where logs count apart."""
        return 0 if stream.epoch_base is None else self.first_epoch - stream.epoch_base

    def speakers(self, metric: str) -> list[Member]:
        """Whose values of a metric count: the ranks', else those of a log that names no rank.

        Where global ranks print it, a node's local numbers stand for the same processes again.
        """
        return _named_best([member for member in self.all if member.metric_voices(metric)])


def muster(run: RunState, info: RunInfo | None = None) -> Crew:
    """Find the members of a run; `info` tells what earlier attempts wrote."""
    first = run.attempts()
    voices: dict[RankId, list[Voice]] = {}
    for base, file in run.files.items():
        for who, stream in file.streams.items():
            if stream.telling:
                line = stream.last
                past = bool(info and line and info.is_past(line.where, line.arrival))
                voice = Voice(stream, first[base], file.newest, past)
                voices.setdefault(who, []).append(voice)
    attempt = max((v.attempt for some in voices.values() for v in some), default=0)
    members = [Member(who, sorted(some, key=_precedence)) for who, some in voices.items()]
    members.sort(key=lambda member: member.who.sort_key)
    ranks = _named_best(members)
    chosen = {member.who for member in ranks}
    return Crew(ranks, [m for m in members if m.who not in chosen], attempt)


def renamed(crew: Crew, of: Callable[[RankId], RankId]) -> Crew:
    """The crew under other names; members that turn out to be the same are one.

    Args:
        crew: As `muster` found it.
        of: The name of each, such as the global rank of a local one.
    """
    voices: dict[RankId, list[Voice]] = {}
    for member in crew.all:
        voices.setdefault(of(member.who), []).extend(member.voices)
    members = [Member(who, sorted(some, key=_begun_first)) for who, some in voices.items()]
    members.sort(key=lambda member: member.who.sort_key)
    ranks = _named_best(members)
    chosen = {member.who for member in ranks}
    return Crew(ranks, [m for m in members if m.who not in chosen], crew.attempt)


def _begun_first(voice: Voice) -> tuple[int, int, bool, int]:
    """Before a stream that only failed: it may be the same process's without its label."""
    attempt, kind, order = _precedence(voice)
    return (attempt, kind, not voice.stream.begun, order)


def _precedence(voice: Voice) -> tuple[int, int, int]:
    return (-voice.attempt, voice.kind, -voice.stream.order)


def _named_best(members: Sequence[Member]) -> list[Member]:
    """Global ranks where any log names them; else local ones; else the run as a whole."""
    best = min((member.who.sort_key[0] for member in members), default=0)
    return [member for member in members if member.who.sort_key[0] == best]
