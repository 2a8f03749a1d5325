"""The case: everything that is known of one run, joined, for the detectors to look at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from trainwatch.diagnose.clocks import clock_offsets
from trainwatch.diagnose.clue import Clue, Exited
from trainwatch.diagnose.currency import Currency
from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.identity import Identity
from trainwatch.diagnose.launcher import ranks_of_one_node
from trainwatch.diagnose.live.choose import choose
from trainwatch.diagnose.live.model import Live, Stand
from trainwatch.diagnose.recorder import RecorderEvidence, analyse_dumps
from trainwatch.diagnose.words import numbers_in
from trainwatch.events import (
    NOBODY,
    Event,
    Fault,
    LaunchFailed,
    Phase,
    RankId,
    RunInfo,
    WorkerFailure,
)
from trainwatch.health.config import Config
from trainwatch.health.verdict import Verdict as Standing
from trainwatch.health.verdict import judge
from trainwatch.model.moments import Viewpoint, epoch_seconds
from trainwatch.model.ranks import Crew, muster, renamed
from trainwatch.model.run import RunState
from trainwatch.model.snapshot import RankView

MAX_WORLD = 65536
"""Ranks that are listed because the logs state a world size."""


@dataclass(frozen=True)
class Case:
    """One run as of a moment.

    Attributes:
        run, info, view, config: As for `trainwatch status`.
        gathering: What was gathered while the logs were read.
        crew: Its members.
        health: How it stands.
    """

    run: RunState
    info: RunInfo
    view: Viewpoint
    config: Config
    gathering: Gathering
    crew: Crew
    health: Standing

    @classmethod
    def of(
        cls, run: RunState, info: RunInfo, view: Viewpoint, config: Config, gathering: Gathering
    ) -> "Case":
        """Join what is known."""
        identity = Identity(gathering, run, ranks_of_one_node(info.command))
        crew = renamed(muster(run, info), identity.of)
        health = judge(run, crew, info, view, config)
        return cls(run, info, view, config, gathering, crew, health)

    @cached_property
    def whereabouts(self) -> str:
        """How far the run came by a log that names no rank: `epoch 2 step 35`; "" where none tells."""
        members = [member for member in self.crew.all if member.who == NOBODY]
        streams = [voice.stream for m in members for voice in m.voices if voice.stream.begun]
        if not streams:
            return ""
        position, shift = streams[0].position, self.crew.epoch_shift(streams[0])
        epoch = "" if position.epoch is None else f"epoch {position.epoch + shift:g}"
        step = "" if position.step is None else f"step {position.step}"
        return " ".join(part for part in (epoch, step) if part)

    @cached_property
    def identity(self) -> Identity:
        """Who is who."""
        return Identity(self.gathering, self.run, ranks_of_one_node(self.info.command))

    @cached_property
    def ranks(self) -> Mapping[RankId, RankView]:
        """The ranks that the logs name, with their positions."""
        return {view.who: view for view in self.health.ranks if view.who != NOBODY}

    @cached_property
    def world(self) -> int | None:
        """World size, as the newest logs or the command state it."""
        stated = [log.work.world for log in self.gathering.logs.values() if log.work.world]
        expected = [clue.number("expected") or 0 for clue in self.clues]
        launched = ranks_of_one_node(self.info.command) or 0
        best = max([*stated, *expected, launched], default=0)
        return best if 0 < best <= MAX_WORLD else None

    @cached_property
    def everyone(self) -> Sequence[RankId]:
        """Every rank that is known to take part, in order."""
        known = {*self.ranks, *(self.who(clue) for clue in self.clues)}
        known |= {self.exited(left) for left in self.exits}
        known |= {RankId(rank) for clue in self.clues for rank in named(clue)}
        if self.recorder is not None:
            known |= {RankId(rank) for rank in (*self.recorder.ranks, *self.recorder.absent)}
        if self.live is not None:
            known |= {stand.who for stand in self.live.stands}
        if any(who.rank is not None for who in known):
            known |= {RankId(rank) for rank in range(self.world or 0)}
        known = {self.identity.of(who) for who in known} - {NOBODY}
        if any(who.rank is not None for who in known):
            known = {who for who in known if who.rank is not None}
        return sorted(known, key=lambda who: who.sort_key)

    @cached_property
    def recorder(self) -> RecorderEvidence | None:
        """What the flight recorder says: the processes' own word before files of unknown age."""
        live = self.live.dumps if self.live is not None else {}
        dumps = live or self.gathering.dumps
        return analyse_dumps(dumps) if dumps else None

    @cached_property
    def live(self) -> Live | None:
        """What the processes themselves showed, of each the rank as far as it is known."""
        live = self.gathering.live or self._look
        if live is None or all(stand.who != NOBODY for stand in live.stands):
            return live
        alone = len(live.stands) == len(self.ranks) == 1
        stands = tuple(self._with_rank(stand, alone=alone) for stand in live.stands)
        return replace(live, stands=stands)

    @cached_property
    def _look(self) -> Live | None:
        """The best of what was written down, if it is of this attempt and nothing moved since."""
        quiet = [view.silent_seconds for view in self.health.ranks]
        known = [seconds for seconds in quiet if seconds is not None]
        newest = self.view.now - min(known) if known else None
        return choose(self.gathering.looks, self.health.ranks, self.info.attempt, newest)

    def _with_rank(self, stand: Stand, *, alone: bool) -> Stand:
        """A process that was given no rank: by what the logs say of it, or as the only one."""
        who = stand.who if stand.who != NOBODY else self.identity.of_pid(stand.pid)
        return replace(stand, who=next(iter(self.ranks)) if who == NOBODY and alone else who)

    @cached_property
    def offsets(self) -> Mapping[str, float]:
        """How far the clocks of the ranks' logs are apart."""
        return clock_offsets(self.gathering)

    @cached_property
    def currency(self) -> Currency:
        """Which clues are of the present."""
        return Currency(
            self.gathering,
            self.info,
            self.identity,
            self.first_attempts,
            self.crew.attempt,
            (self.view, self.offsets),
        )

    @cached_property
    def clues(self) -> Sequence[Clue]:
        """Clues that nothing later outdates, and those that torchrun's tables repeat."""
        current = [clue for clue in self.gathering.clues if not self.currency.outdated(clue)]
        return [*current, *self._repeated]

    @cached_property
    def past(self) -> Sequence[Clue]:
        """Clues of failures that were survived, or of attempts before."""
        return [clue for clue in self.gathering.clues if self.currency.outdated(clue)]

    @cached_property
    def exits(self) -> Sequence[Exited]:
        """How the workers of the current attempt left, each once: the table before the agent."""
        current = [one for one in self.gathering.exits if not self.currency.left_before(one)]
        # Where srun started launchers, its tasks are nodes; then the launchers say how ranks left.
        ranks = [one for one in current if not one.task]
        if not ranks and not self._tasks_are_ranks:
            current = [replace(one, rank=None) for one in current]
        current = ranks or current
        tabled = {one.pid for one in current if one.rank is not None}
        return [one for one in current if one.rank is not None or one.pid not in tabled]

    @property
    def _tasks_are_ranks(self) -> bool:
        """Whether the numbers of srun's tasks are those that the logs call ranks."""
        tasks = {one.rank for one in self.gathering.exits if one.task}
        ranks = {who.rank for who in self.ranks}
        ranks |= {clue.who.rank for clue in self.gathering.clues}
        return tasks <= ranks

    @property
    def _repeated(self) -> Iterable[Clue]:
        for left in self.exits:
            if left.raised is not None and left.rank is not None:
                yield Clue(
                    signature=left.raised.signature,
                    who=RankId(left.rank),
                    evidence=left.raised.evidence,
                    base=left.raised.base,
                    order=left.raised.order,
                    stamp=left.stamp,
                    fields=left.raised.fields,
                    exception=left.raised.exception,
                )

    @cached_property
    def by_rank(self) -> Mapping[RankId, Sequence[Clue]]:
        """The clues of each rank."""
        found: dict[RankId, list[Clue]] = {}
        for clue in self.clues:
            found.setdefault(self.who(clue), []).append(clue)
        return found

    @cached_property
    def left(self) -> Mapping[RankId, Exited]:
        """How each rank left."""
        return {self.exited(left): left for left in self.exits}

    def who(self, clue: Clue) -> RankId:
        """The rank that wrote a clue, resolved as far as it can be."""
        who = self.identity.of(clue.who)
        if who == NOBODY and "group_rank" in clue.fields:
            # A rank within a process group; without torch's prefix it is all there is.
            who = RankId(clue.number("group_rank"))
        if who == NOBODY and "local" in clue.fields:
            who = self.identity.of(RankId(None, clue.number("local")))
        if who == NOBODY:
            who = self.identity.of_pid(clue.number("pid") or clue.number("victim"))
        return who

    def exited(self, left: Exited) -> RankId:
        """The rank of a worker that left."""
        if left.rank is not None:
            return RankId(left.rank)
        known = self.identity.of_pid(left.pid)
        return known if known != NOBODY else self.identity.of(RankId(None, left.local))

    def seconds(self, clue: Clue) -> float | None:
        """Epoch seconds of a clue, by the clock of the first rank."""
        if clue.stamp is None:
            return None
        return epoch_seconds(clue.stamp, self.view.utc_offset) - self.offsets.get(clue.base, 0.0)

    def attempt(self, clue: Clue) -> int:
        """The attempt with which the log of a clue begins."""
        return clue.attempt or self.first_attempts.get(clue.base, 0)

    @cached_property
    def first_attempts(self) -> Mapping[str, int]:
        """The attempt with which each log begins."""
        return self.run.attempts()

    def phase(self, who: RankId) -> Phase:
        """The position of a rank."""
        view = self.ranks.get(who)
        return view.phase if view else Phase.UNKNOWN

    @cached_property
    def failed(self) -> bool:
        """Whether the attempt is over without being complete.

        The model takes a failure for one of this run wherever it stands; here those are left out
        that stand in the console of a launch before.
        """
        ends = self.health.ends
        if ends.completed or not ends.failed:
            return False
        over = self.info.alive is False or self.info.exit_code is not None
        current = (one for one in ends.reports if not self.currency.superseded(one.base))
        return over or any(_is_fatal(one.event) for one in current)

    @cached_property
    def trained(self) -> bool:
        """Whether any step of the current attempt was seen."""
        return any(view.records for view in self.health.ranks)


def _is_fatal(event: Event) -> bool:
    fatal = isinstance(event, Fault) and event.fatal
    return fatal or isinstance(event, LaunchFailed | WorkerFailure)


def named(clue: Clue) -> list[int]:
    """The ranks that a line names: those it accuses."""
    words = clue.fields.get("ranks", "").replace("and rank", ",")
    ranks = list(numbers_in(words))
    pair = [clue.number("rank"), clue.number("other")]
    return ranks + [rank for rank in pair if rank is not None]
