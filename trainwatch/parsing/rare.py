"""The rare lines: builds the typed event of each kind from the fields of its format."""

from collections.abc import Callable, Mapping
from typing import Any

from trainwatch.events import (
    AttemptStarted,
    BatchesProcessed,
    CheckpointNote,
    CheckpointStage,
    EpochMarker,
    EvalResult,
    Event,
    FileShare,
    RankStarted,
    TrainingEnded,
    WorkerCompleted,
)
from trainwatch.formats import Kind
from trainwatch.parsing.compiled import CompiledFormat

# What every event has (where, who, text, …) and the fields of the line, as keyword arguments.
# They are typed by the formats' own tests: each sample states its fields.
Common = Mapping[str, Any]
Fields = Mapping[str, Any]


def _marker(compiled: CompiledFormat, fields: Fields, common: Common) -> Event:
    return EpochMarker(
        epoch=fields["epoch"],
        split=compiled.format.split,
        start=bool(fields["start"]),
        epoch_base=compiled.dialect.epoch_base,
        **common,
    )


_PLACES = ("epoch", "step", "batch", "total_epochs", "total_steps", "total_batches")


def _evaluation(compiled: CompiledFormat, fields: Fields, common: Common) -> Event:
    places = {name: fields[name] for name in _PLACES if name in fields}
    return EvalResult(
        split=compiled.format.split,
        values={
            name: float(value)
            for name, value in fields.items()
            if name not in _PLACES and isinstance(value, int | float)
        },
        batch_unit=compiled.dialect.batch_unit if "batch" in fields else None,
        granularity=compiled.format.granularity or compiled.dialect.granularity,
        dialect=compiled.dialect.name,
        epoch_base=compiled.dialect.epoch_base,
        **places,
        **common,
    )


def _share(_: CompiledFormat, fields: Fields, common: Common) -> Event:
    return FileShare(
        world_size=fields["world_size"],
        worker=fields["worker"],
        workers=fields["workers"],
        files=fields["files"],
        total_files=fields["total_files"],
        dataset=fields["dataset"],
        **common,
    )


def _batches(compiled: CompiledFormat, fields: Fields, common: Common) -> Event:
    return BatchesProcessed(split=compiled.format.split, count=fields["count"], **common)


def _completed(_: CompiledFormat, fields: Fields, common: Common) -> Event:
    return WorkerCompleted(worker=fields["worker"], samples=fields["samples"], **common)


def _rank_started(_: CompiledFormat, fields: Fields, common: Common) -> Event:
    return RankStarted(world_size=fields.get("world_size"), pid=fields.get("pid"), **common)


def _checkpoint(_: CompiledFormat, fields: Fields, common: Common) -> Event:
    return CheckpointNote(stage=CheckpointStage(fields["stage"]), step=fields.get("step"), **common)


def _attempt(_: CompiledFormat, fields: Fields, common: Common) -> Event:
    printed = fields.get("number")  # scripts count attempts from 1, trainwatch from 0
    number = None if printed is None else max(0, printed - 1)
    return AttemptStarted(number=number, total=fields.get("total"), **common)


def _ended(_: CompiledFormat, __: Fields, common: Common) -> Event:
    return TrainingEnded(**common)


BUILDERS: Mapping[Kind, Callable[[CompiledFormat, Fields, Common], Event]] = {
    Kind.EVALUATION: _evaluation,
    Kind.EPOCH_MARKER: _marker,
    Kind.FILE_SHARE: _share,
    Kind.BATCHES_PROCESSED: _batches,
    Kind.WORKER_COMPLETED: _completed,
    Kind.RANK_STARTED: _rank_started,
    Kind.CHECKPOINT: _checkpoint,
    Kind.ATTEMPT_STARTED: _attempt,
    Kind.TRAINING_ENDED: _ended,
}
"""Kinds whose event needs nothing but its own line."""
