"""Joins successive lines at one position into records, and carries the context of headers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from trainwatch.events import RankId, Split, Stamp
from trainwatch.parsing.general.named import Name
from trainwatch.parsing.general.reading import Reading, Value
from trainwatch.parsing.general.words import Role

POSITIONS = ("epoch", "step", "batch")
EVALUATIONS = (Split.VALIDATION, Split.TEST)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a line stands and when it was written."""

    number: int | None
    offset: int
    line: bytes
    who: RankId
    stamp: Stamp | None
    arrival: float
    live: bool


@dataclass(slots=True)
class Record:
    """One record as its lines state it.

    Attributes:
        spot: Its first line.
        places: Positions and totals, its own ones and those of the header it stands under.
        own: The positions that its lines state themselves.
        values: Metrics by the names printed, in order.
        split: Which data its lines as a whole are about; None where they do not say.
        context: Which data the phase is about in which it stands.
    """

    spot: Spot
    shape: str
    places: dict[str, float]
    own: frozenset[str]
    values: dict[str, Value]
    split: Split | None
    context: Split | None
    family: tuple[object, ...]
    percent: bool = False
    leading: bool = False
    loose: int = 0
    headed: bool = False
    units: str = ""
    name: Name | None = None


@dataclass(slots=True)
class _Open:
    record: Record
    header: bool = False


@dataclass(slots=True)
class _Context:
    """What the headers of one writer have said."""

    places: dict[str, float] = field(default_factory=dict)
    split: Split | None = None
    label: str = ""
    open: _Open | None = None
    bars: dict[str, float] = field(default_factory=dict)
    last_bar: dict[str, float] = field(default_factory=dict)
    learned: set[tuple[object, ...]] = field(default_factory=set)
    after_bar: Reading | None = None
    bests: int = 0


class Assembler:
    """Joins the readings of one log, each writer's for itself."""

    def __init__(self) -> None:
        self._contexts: dict[RankId, _Context] = {}

    def context(self, who: RankId) -> _Context:
        if who not in self._contexts and len(self._contexts) > 4096:  # noqa: PLR2004
            self._contexts.clear()
        return self._contexts.setdefault(who, _Context())

    def interrupt(self, who: RankId) -> Iterator[Record]:
        """A line of another kind stands here: what follows begins anew."""
        context = self.context(who)
        context.label = ""
        context.after_bar = None
        yield from self._close(context)

    def phase(self, who: RankId, split: Split) -> Iterator[Record]:
        """A line says which data the training turns to."""
        yield from self.interrupt(who)
        self.context(who).split = split

    def label(self, who: RankId, text: str) -> None:
        """A line names what the next one holds."""
        self.context(who).label = text

    @property
    def busy(self) -> bool:
        """Whether a record is open."""
        return any(context.open for context in self._contexts.values())

    def close(self) -> Iterator[Record]:
        """The end: what is open is complete."""
        for context in self._contexts.values():
            yield from self._close(context)

    def feed(
        self, reading: Reading, spot: Spot, name: Name | None = None, *, indented: bool = False
    ) -> Iterator[Record]:
        """Take a line's reading and the format that knows it; the records that it completes."""
        context = self.context(spot.who)
        if context.label and reading.shape == "json" and not reading.places:
            reading.values = {f"{context.label} {k}": v for k, v in reading.values.items()}
        context.label = ""
        own = frozenset(name for name in POSITIONS if name in reading.places)
        if reading.shape == "bar" and not reading.outcome:
            self._progress(context, reading)
            return
        if own and not reading.outcome and not reading.values:
            yield from self._header(context, reading, spot)
            if context.open:
                context.open.record.name = name
            return
        if not own and indented and context.after_bar:
            yield from self._header(context, context.after_bar, spot)
            context.after_bar = None
        if reading.shape == "bar":
            self._fresh(context, reading)
        current = context.open
        if current and self._joins(current, reading, own, context):
            self._join(current.record, reading)
            current.record.name = current.record.name or name
            return
        if not reading.outcome and not own:
            return  # an aside that belongs to nothing
        yield from self._close(context)
        context.open = _Open(self._begin(context, reading, spot, own))
        context.open.record.name = name

    def _progress(self, context: _Context, reading: Reading) -> None:
        if "epoch/s" in reading.units or reading.units.startswith("s/epoch"):
            context.places["total_epochs"] = reading.places.get("total_epochs", math.nan)
            return
        context.after_bar = reading
        if reading.split in EVALUATIONS:
            pass

    def _fresh(self, context: _Context, reading: Reading) -> None:
        """Leave out an evaluation's values that the bar of the step before shows already."""
        evaluations = {
            key: value.value
            for key, value in reading.values.items()
            if value.meaning.split in EVALUATIONS
        }
        for key, value in evaluations.items():
            if context.last_bar.get(key) == value and not self._same_bar(context, reading, key):
                del reading.values[key]
        context.last_bar.update(evaluations)

    @staticmethod
    def _same_bar(context: _Context, reading: Reading, key: str) -> bool:
        current = context.open
        return bool(
            current
            and key in current.record.values
            and all(
                current.record.places.get(n) == v
                for n, v in reading.places.items()
                if n in POSITIONS
            )
        )

    def _header(self, context: _Context, reading: Reading, spot: Spot) -> Iterator[Record]:
        yield from self._close(context)
        if "epoch" in reading.places:
            context.places = {}
        context.places.update(reading.places)
        if reading.split is not None:
            context.split = reading.split
        elif "epoch" in reading.places:
            context.split = None
        own = frozenset(name for name in POSITIONS if name in reading.places)
        context.open = _Open(self._begin(context, reading, spot, own), header=True)

    def _begin(
        self, context: _Context, reading: Reading, spot: Spot, own: frozenset[str]
    ) -> Record:
        places = {
            n: v for n, v in context.places.items() if n in ("epoch", "total_epochs") or not own
        }
        if own and "epoch" not in own and context.open is None and "step" in own:
            places.pop("batch", None)
        places.update(reading.places)
        if "epoch" in reading.places:
            if "total_epochs" not in reading.places and "total_epochs" in context.places:
                places["total_epochs"] = context.places["total_epochs"]
            context.places["epoch"] = reading.places["epoch"]
        return Record(
            spot, reading.shape, places, own, dict(reading.values), reading.split,
            context.split, reading.family, reading.percent, reading.leading, reading.loose,
            units=reading.units,
        )  # fmt: skip

    @staticmethod
    def _joins(  # noqa: PLR0911 - one reason after another
        current: _Open, reading: Reading, own: frozenset[str], context: _Context
    ) -> bool:
        record = current.record
        same = all(
            record.places.get(name) == reading.places[name]
            if name in record.places
            else current.header
            for name in own
        )
        if reading.shape == "bar":
            return record.shape == "bar" and same and own == record.own
        if own:
            if not same or (current.header and own != record.own):
                return False
            if not own <= record.own:
                return False
        one, other = _evaluates(reading), _evaluates(record)
        if other is None and context.split not in EVALUATIONS and _outcome(record):
            other = False
        if one is not None and other is not None and one != other:
            return False
        if current.header and not record.values:
            return True
        losses = {_loss(value) for value in record.values.values()} - {None}
        if any(_loss(value) in losses for value in reading.values.values()):
            return False
        return not any(
            (key in record.values and value.meaning.role is not Role.ASIDE)
            or (key in record.values and not own)
            for key, value in reading.values.items()
        )

    @staticmethod
    def _join(record: Record, reading: Reading) -> None:
        if reading.shape == "bar":
            record.values.update(reading.values)
            return
        for key, value in reading.values.items():
            record.values.setdefault(key, value)
        if record.split is None:
            record.split = reading.split
        record.headed = True
        record.family = (*record.family, "+", *reading.family)[:60]

    @staticmethod
    def _close(context: _Context) -> Iterator[Record]:
        current, context.open = context.open, None
        if current and _outcome(current.record):
            yield current.record


def _loss(value: Value) -> tuple[bool, Split | None] | None:
    """Which loss a value is, so that two names of one are told; None for anything else."""
    said = value.meaning
    if said.name != "loss" or said.average:
        return None
    return (True, None if said.split is Split.TRAIN else said.split)


def _outcome(record: Record) -> bool:
    return any(value.meaning.role is Role.OUTCOME for value in record.values.values())


def _evaluates(of: Reading | Record) -> bool | None:
    """Whether the lines speak of an evaluation; None where they do not say."""
    if of.split is not None:
        return of.split in EVALUATIONS
    said = {
        value.meaning.split in EVALUATIONS
        for value in of.values.values()
        if value.meaning.split is not None
    }
    if said == {True} and any(
        v.meaning.split is None and v.meaning.role is Role.OUTCOME for v in of.values.values()
    ):
        return None
    return said.pop() if len(said) == 1 else None
