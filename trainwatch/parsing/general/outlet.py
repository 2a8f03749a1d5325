"""Decides what each record is - step, epoch, evaluation - and whether the file is a training's log.

What cannot be decided from one record waits for the next ones of its kind, bounded, so that the
answer does not depend on how the bytes arrived. Nothing is given out before the file has proved to
be a training's log: two records that state where they are and how the training does.
"""

import math
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from trainwatch.events import Granularity, Split
from trainwatch.parsing.general.assembly import EVALUATIONS, POSITIONS, Record
from trainwatch.parsing.general.reading import Value
from trainwatch.parsing.general.words import Role

HELD = 512
"""Records that wait at most; then they are decided by what is known."""

PROOF = 2
"""Records that state a position and an outcome, after which a file counts as a training's log."""

ALIKE = 3
"""Records of one kind without any position that count as one proof each from here on."""

_LOOSE = 8
_EDGE = re.compile(
    r"^[\W_]*(?:val|valid|validation|eval|evaluation|test|testing|dev|metrics)[\W_]+(?=\w)",
    re.IGNORECASE,
)
_OTHER_EDGE = re.compile(r"[\W_]+(?:val|valid|validation|eval|test|dev)$", re.IGNORECASE)


class Sort(Enum):
    """What a record turns into."""

    STEP = "step"
    EPOCH = "epoch"
    SUMMARY = "summary"
    EVALUATION = "evaluation"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Decided:
    """A record and what it is.

    Attributes:
        values: By their final names, in order.
        unit: Of `throughput`, where the line says it.
    """

    record: Record
    sort: Sort
    split: Split
    values: dict[str, float]
    unit: str | None


@dataclass(slots=True)
class _Habit:
    """How the epoch moves over the records of one kind."""

    last: float = math.nan
    seen: int = 0
    same: int = 0
    granularity: Granularity | None = None

    def note(self, epoch: float) -> None:
        self.seen += 1
        if self.granularity is None and self.seen > 1:
            self.same += epoch == self.last or math.isnan(epoch)
            if self.same >= 2:  # noqa: PLR2004 - three of one epoch
                self.granularity = Granularity.STEP
            elif self.same == 0 or self.seen > ALIKE:
                self.granularity = Granularity.EPOCH
        if epoch == epoch and epoch != int(epoch):  # noqa: PLR0124 - NaN
            self.granularity = Granularity.STEP
        self.last = epoch


class Outlet:
    """Gives out the records of one log in order, once it is known what they are."""

    def __init__(self) -> None:
        self._queue: deque[Record] = deque()
        self._habits: dict[tuple[object, ...], _Habit] = {}
        self._training: set[tuple[object, ...]] = set()
        self._partial: set[tuple[object, ...]] = set()
        self._alike: dict[tuple[object, ...], int] = {}
        self._proof = 0
        self._steps = False
        self._evaluations = 0

    @property
    def proven(self) -> bool:
        """Whether the file is a training's log."""
        return self._proof >= PROOF

    def feed(self, record: Record) -> Iterator[Decided]:
        """Take a record; what can be given out now."""
        if record.loose > _LOOSE and record.loose > 2 * len(record.values):
            return
        self._note(record)
        self._queue.append(record)
        yield from self._drain(final=len(self._queue) > HELD)

    def end(self) -> Iterator[Decided]:
        """No more lines: decide by what is known."""
        if self.proven:
            yield from self._drain(final=True)
        self._queue.clear()

    def _note(self, record: Record) -> None:
        family = record.family
        if not record.own & {"step", "batch"}:
            if len(self._habits) > HELD:
                self._habits.clear()
            habit = self._habits.setdefault(family, _Habit())
            habit.note(record.places.get("epoch", math.nan))
        count, total = record.places.get("batch"), record.places.get("total_batches")
        if total is not None and count != total:
            self._partial.add(family)
        if len(self._alike) > HELD:
            self._alike.clear()
        self._alike[family] = self._alike.get(family, 0) + 1
        placed = any(name in record.places for name in POSITIONS)
        alike = self._alike[family] >= ALIKE and _loss(record) and record.loose <= 2  # noqa: PLR2004
        if _measured(record) and (placed or alike):
            self._proof += 1

    def _drain(self, *, final: bool) -> Iterator[Decided]:
        if not self.proven:
            if final:
                self._queue.popleft()
            return
        while self._queue:
            record = self._queue[0]
            if not final and self._undecided(record):
                return
            self._queue.popleft()
            decided = self._decide(record)
            if decided:
                yield decided

    def _undecided(self, record: Record) -> bool:
        if record.name and record.name.granularity:
            return False
        if record.own & {"step", "batch"} or self._steps or self._is_evaluation(record):
            return False
        habit = self._habits.get(record.family)
        return habit is not None and habit.granularity is None

    def _decide(self, record: Record) -> Decided | None:
        placed = any(name in record.places for name in POSITIONS)
        said = record.split is not None or any(
            v.meaning.split is not None for v in record.values.values()
        )
        alike = self._alike.get(record.family, 0) >= ALIKE and _loss(record)
        if not placed and not said and not alike:
            return None
        outcomes = [v for v in record.values.values() if v.meaning.role is Role.OUTCOME]
        if all(value.meaning.best for value in outcomes):
            if self._evaluations or not said:
                return None
        else:
            record.values = {k: v for k, v in record.values.items() if not v.meaning.best}
        if self._is_evaluation(record):
            return self._evaluation(record)
        self._training.add(record.family)
        sort = self._sort(record)
        if sort is Sort.SUMMARY and "epoch" not in record.places:
            return None
        self._steps = self._steps or sort is Sort.STEP
        values, unit = _named(record, None)
        if any(v.meaning.split in EVALUATIONS for v in record.values.values()):
            self._evaluations += 1
        return Decided(record, sort, Split.TRAIN, values, unit)

    def _sort(self, record: Record) -> Sort:
        if record.name and record.name.granularity is Granularity.EPOCH:
            return Sort.EPOCH
        if record.own & {"step", "batch"}:
            whole = record.places.get("batch") == record.places.get("total_batches", math.nan)
            if (
                whole
                and record.leading
                and record.family not in self._partial
                and ("epoch" in record.places)
            ):
                return Sort.EPOCH
            return Sort.STEP
        if self._steps and not _fractional(record):
            habit = self._habits.get(record.family)
            if habit and habit.granularity is Granularity.STEP:
                return Sort.STEP
            return Sort.SUMMARY
        habit = self._habits.get(record.family)
        granularity = habit.granularity if habit else None
        if granularity is None and not any(n in record.places for n in POSITIONS):
            granularity = Granularity.STEP
        return Sort.STEP if granularity is Granularity.STEP else Sort.EPOCH

    def _is_evaluation(self, record: Record) -> bool:
        if record.split is not None:
            return record.split in EVALUATIONS
        outcomes = [v for v in record.values.values() if v.meaning.role is Role.OUTCOME]
        splits = [value.meaning.split for value in outcomes]
        if any(split in EVALUATIONS for split in splits):
            if Split.TRAIN in splits:
                return False
            plain = {v.meaning.name for v in outcomes if v.meaning.split is None}
            theirs = {v.meaning.name for v in outcomes if v.meaning.split in EVALUATIONS}
            return all(splits) or (splits[0] in EVALUATIONS and not plain & theirs)
        names = {value.meaning.name for value in record.values.values()}
        return (
            record.context in EVALUATIONS
            and Split.TRAIN not in splits
            and record.family not in self._training
            and not names & {"lr", "grad_norm"}
        )

    def _evaluation(self, record: Record) -> Decided:
        split = record.split or next(
            (v.meaning.split for v in record.values.values() if v.meaning.split in EVALUATIONS),
            record.context or Split.VALIDATION,
        )
        values, unit = _named(record, split)
        in_part = record.family in self._partial or record.shape == "bar"
        if "batch" in record.own and in_part and not _all_say(record):
            return Decided(record, Sort.BATCH, split, values, unit)
        self._evaluations += 1
        return Decided(record, Sort.EVALUATION, split, values, unit)


def _all_say(record: Record) -> bool:
    """Whether the names themselves say that these are results."""
    outcomes = [v for v in record.values.values() if v.meaning.role is Role.OUTCOME]
    return record.split is None and all(v.meaning.split in EVALUATIONS for v in outcomes)


def _fractional(record: Record) -> bool:
    epoch = record.places.get("epoch", math.nan)
    return not math.isnan(epoch) and epoch != int(epoch)


def _loss(record: Record) -> bool:
    """Whether a value is called a loss."""
    return any(
        v.meaning.name == "loss" or "loss" in v.meaning.printed.lower()
        for v in record.values.values()
    )


def _measured(record: Record) -> bool:
    """Whether an outcome looks like a measurement: no round number that a setting would be."""
    return any(
        v.meaning.role is Role.OUTCOME and (not v.value.is_integer() or v.unit == "%")
        if math.isfinite(v.value)
        else v.meaning.role is Role.OUTCOME
        for v in record.values.values()
    )


def _named(record: Record, split: Split | None) -> tuple[dict[str, float], str | None]:
    """The values by their final names, and the unit of the throughput."""
    named: dict[str, float] = {}
    unit = None
    plain = {
        v.meaning.split for v in record.values.values()
        if v.meaning.name == "loss" and not v.meaning.average
    }  # fmt: skip
    losses = sum("loss" in v.meaning.printed.lower() for v in record.values.values())
    for key, value in record.values.items():
        name = _name(value, split, plain, losses)
        if name in named or not name:
            name = key
        named[name] = value.value
        if value.average is not None:
            named[f"{name}_avg"] = value.average
        if name == "throughput":
            unit = value.unit if "/" in value.unit else value.meaning.printed
    return named, unit


def _name(value: Value, split: Split | None, plain: set[Split | None], losses: int) -> str:
    said = value.meaning
    name = said.name
    if name == "cross_entropy":
        alone = losses <= ("loss" in said.printed.lower())
        name = "loss" if alone else said.printed
    if name == "loss" and said.average and said.split in plain:
        name = "loss_avg"
    canonical = name != said.printed or name in ("loss", "accuracy", "lr")
    if said.split in EVALUATIONS and split is None:
        word = said.printed.lower()
        prefix = "eval" if "eval" in word else ("test" if said.split is Split.TEST else "val")
        return f"{prefix}_{name}" if canonical else said.printed
    if split is not None and not canonical:
        return _OTHER_EDGE.sub("", _EDGE.sub("", said.printed))
    return name
