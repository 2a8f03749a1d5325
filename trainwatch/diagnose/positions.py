"""Where the ranks stand, and which of them stand elsewhere than the most."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trainwatch.diagnose.case import Case
from trainwatch.events import Phase, RankId, Split
from trainwatch.health.words import phase_words
from trainwatch.model.position import Position
from trainwatch.model.stream import Stream

_ORDER = {
    Phase.UNKNOWN: 0.0,
    Phase.STARTING: 0.0,
    Phase.TRAINING: 1.0,
    Phase.TRAIN_TO_VALIDATION: 2.0,
    Phase.VALIDATION: 3.0,
    Phase.AFTER_VALIDATION: 4.0,
    Phase.FINISHED: 6.0,
}
_NO_STEP = -1
_BRIEF = {
    Phase.UNKNOWN: "",
    Phase.STARTING: "starting",
    Phase.TRAINING: "training",
    Phase.TRAIN_TO_VALIDATION: "training end",
    Phase.VALIDATION: "validation",
    Phase.AFTER_VALIDATION: "validation end",
    Phase.CHECKPOINT: "checkpoint",
    Phase.FINISHED: "finished",
}
_BEFORE = (Phase.UNKNOWN, Phase.STARTING)
_MARKS = {
    Phase.TRAIN_TO_VALIDATION: (Split.TRAIN, False),
    Phase.VALIDATION: (Split.VALIDATION, True),
    Phase.AFTER_VALIDATION: (Split.VALIDATION, False),
}
_EARLIER = {
    Phase.TRAIN_TO_VALIDATION: Phase.TRAINING,
    Phase.VALIDATION: Phase.TRAIN_TO_VALIDATION,
    Phase.AFTER_VALIDATION: Phase.VALIDATION,
}


@dataclass(frozen=True, slots=True)
class Place:
    """A position in comparable form.

    Attributes:
        epoch: Counted as the whole view counts epochs: by the log that states how many there are.
        phase, step: As the rank's log states them.
        rank_in_epoch: The phase's place in the order of an epoch.
        shift: What was added to the epoch that the rank's log prints.
    """

    epoch: float
    phase: Phase
    step: int
    rank_in_epoch: float
    shift: int = field(default=0, compare=False)

    def rounded(self, grain: int) -> "Place":
        """With its step rounded down to what all ranks print; 0: not all of them print steps."""
        if grain == 1 or self.step < 0:
            return self
        return replace(self, step=self.step // grain * grain if grain else _NO_STEP)

    @property
    def key(self) -> tuple[float, float, int]:
        """Sorts by progress."""
        return (self.epoch, self.rank_in_epoch, self.step)

    @property
    def words(self) -> str:
        """`in training, epoch 2 step 35`."""
        epoch = "" if self.epoch < 0 else f" epoch {self.epoch:g}"
        step = "" if self.step < 0 else f" step {self.step}"
        return phase_words(self.phase) + ("," if epoch or step else "") + epoch + step

    @property
    def brief(self) -> str:
        """`epoch 2 training step 35`."""
        epoch = "" if self.epoch < 0 else f"epoch {self.epoch:g}"
        step = "" if self.step < 0 else f"step {self.step}"
        return " ".join(part for part in (epoch, _BRIEF[self.phase], step) if part)

    @property
    def printed(self) -> float:
        """The epoch as the rank's log states it."""
        return self.epoch - self.shift


@dataclass(frozen=True, slots=True)
class Spread:
    """Ranks at different places.

    Attributes:
        places: Of every rank that takes part, in order.
        majority: The place of more than half of them, or None.
        odd: The ranks that stand elsewhere; all of them where there is no majority.
        close: Whether they differ by no more than one printed step, as ranks that are cut off
            together may.
    """

    places: Mapping[RankId, Place]
    majority: Place | None
    odd: tuple[RankId, ...]
    close: bool

    def ahead(self, who: RankId) -> bool:
        """Whether a rank is further than the majority."""
        return self.majority is not None and self.places[who].key > self.majority.key

    def why(self, who: RankId) -> str:
        """What its position shows."""
        place = self.places[who].words
        if self.majority is None:
            return f"it stands elsewhere than the others: {place}"
        side = "ahead of" if self.ahead(who) else "behind"
        return f"it is {side} the others: {place}; they are {self.majority.words}"


def places_of(case: Case) -> Mapping[RankId, Place]:
    """Where the ranks of the current attempt stand, as far as their logs make it comparable.

    A rank that never says how far it is, while others make steps, is left out. A phase that one
    rank never marks, though it has come through it, is no difference; nor are steps of ranks that
    print at different intervals, or not at all.
    """
    members = [m for m in case.crew.ranks if m.who in case.ranks]
    members = [m for m in members if m.primary.attempt == case.crew.attempt]
    streams = {m.who: m.primary.stream for m in members}
    if any(stream.position.phase not in _BEFORE for stream in streams.values()):
        streams = {w: s for w, s in streams.items() if s.position.phase not in _BEFORE}
    unmarked = {mark for who, stream in streams.items() for mark in _unmarked(case, who, stream)}
    shift = case.crew.epoch_shift
    places = {who: _place(s.position, shift(s), unmarked) for who, s in streams.items()}
    grain = _grain(list(streams.values()))
    places = {who: place.rounded(grain) for who, place in places.items()}
    return {who: place for who, place in places.items() if place.phase is not Phase.UNKNOWN}


def _unmarked(case: Case, who: RankId, stream: Stream) -> Iterator[Phase]:
    """The phases that a rank came through in an earlier epoch without marking them."""
    log = case.gathering.logs.get(stream.role.base)
    habit = log.work.habits.get(who, {}) if log else {}
    if habit.get((Split.TRAIN, True), 0) < 2:  # noqa: PLR2004 - it has finished none yet
        return
    yield from (phase for phase, mark in _MARKS.items() if mark not in habit)


def _grain(streams: Sequence[Stream]) -> int:
    """Steps that one printed line stands for, where the ranks print at different intervals."""
    strides = {stream.stride for stream in streams}
    silent = any(not stream.records for stream in streams)
    if silent and any(stream.records for stream in streams):
        return 0
    return 1 if len(strides) < 2 else max(strides)  # noqa: PLR2004


def spread_of(case: Case) -> Spread | None:
    """The ranks' places where they differ; None where they do not."""
    places = places_of(case)
    groups: dict[Place, list[RankId]] = defaultdict(list)
    for who, place in places.items():
        groups[place].append(who)
    if len(groups) < 2:  # noqa: PLR2004 - all at one place
        return None
    largest = max(groups, key=lambda place: len(groups[place]))
    majority = largest if 2 * len(groups[largest]) > len(places) else None
    odd = tuple(who for who in places if majority is None or places[who] != majority)
    return Spread(places, majority, odd, _close(case, list(groups)))


def _place(position: Position, shift: int, unmarked: Collection[Phase]) -> Place:
    phase = position.phase
    while phase in unmarked and phase in _EARLIER:
        phase = _EARLIER[phase]
    order = _ORDER.get(position.before, 0.0) + 0.5 if phase is Phase.CHECKPOINT else _ORDER[phase]
    epoch = _NO_STEP if position.epoch is None else position.epoch + shift
    step = _NO_STEP if position.step is None else position.step
    return Place(float(epoch), phase, step, order, shift)


def _close(case: Case, places: Sequence[Place]) -> bool:
    if len({(place.epoch, place.phase) for place in places}) > 1:
        return False
    steps = [place.step for place in places]
    streams: Sequence[Stream] = [member.primary.stream for member in case.crew.ranks]
    stride = max((stream.stride for stream in streams), default=1)
    return max(steps) - min(steps) <= stride
