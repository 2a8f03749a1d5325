"""Where one writer is: attempt, epoch, phase, step; and how markers move it."""

from typing import NamedTuple

from trainwatch.events import (
    CheckpointNote,
    CheckpointStage,
    EpochMarker,
    EpochSummary,
    Event,
    Phase,
    RankStarted,
    Split,
    StepBlock,
    TrainingEnded,
)


class Position(NamedTuple):
    """A place in the life of a training, as one writer printed it.

    Attributes:
        attempt: Restarts seen in this file so far.
        epoch: As printed.
        phase: From the newest marker or record.
        step: Step, or batch where no step is printed, of the newest record.
        batch: Index within the epoch, where the newest record prints one.
        before: The phase that a checkpoint interrupted.
        stepped: Whether a record came since the last start of a phase, with a step or without.
    """

    attempt: int = 0
    epoch: float | None = None
    phase: Phase = Phase.UNKNOWN
    step: int | None = None
    batch: int | None = None
    before: Phase = Phase.UNKNOWN
    stepped: bool = False

    def restarted(self) -> "Position":
        """The beginning of the next attempt."""
        return Position(attempt=self.attempt + 1, phase=Phase.STARTING)


_MARKED = {
    (Split.TRAIN, True): Phase.TRAINING,
    (Split.TRAIN, False): Phase.TRAIN_TO_VALIDATION,
    (Split.VALIDATION, True): Phase.VALIDATION,
    (Split.VALIDATION, False): Phase.AFTER_VALIDATION,
}
_WORKING = {
    Split.TRAIN: Phase.TRAINING,
    Split.VALIDATION: Phase.VALIDATION,
    Split.TEST: Phase.VALIDATION,
}


def after_marker(position: Position, epoch: int, split: Split, *, start: bool) -> Position:
    """The position behind the marker of an epoch."""
    attempt, _, _, step, batch, before, stepped = position
    if start:  # step numbers begin anew; the end of a phase keeps the last one for people to see
        step, batch, stepped = None, None, False
    return Position(attempt, float(epoch), _MARKED[split, start], step, batch, before, stepped)


def after_event(position: Position, event: Event) -> Position:
    """The position behind a rare event."""
    match event:
        case EpochMarker():
            return after_marker(position, event.epoch, event.split, start=event.start)
        case EpochSummary():
            position = position._replace(epoch=float(event.epoch))
        case CheckpointNote():
            position = _after_checkpoint(position, event.stage)
        case RankStarted():
            position = position._replace(phase=Phase.STARTING)
        case TrainingEnded():
            position = position._replace(phase=Phase.FINISHED)
    return position


def _after_checkpoint(position: Position, stage: CheckpointStage) -> Position:
    saving = position.phase is Phase.CHECKPOINT
    if stage is CheckpointStage.SAVING and not saving:
        return position._replace(phase=Phase.CHECKPOINT, before=position.phase)
    if stage is CheckpointStage.SAVED and saving:
        return position._replace(phase=position.before)
    return position


def after_steps(position: Position, block: StepBlock, row: int) -> Position:
    """The position at one record of a block."""
    epoch, step, batch = block.position(row)
    step = step if step >= 0 else batch
    return Position(
        position.attempt,
        position.epoch if epoch != epoch else epoch,  # noqa: PLR0124 - NaN: not stated
        _WORKING[block.shape.split],
        step if step >= 0 else None,
        batch if batch >= 0 else None,
        position.before,
        stepped=True,
    )


def phase_of(split: Split) -> Phase:
    """The phase in which records of a split are printed."""
    return _WORKING[split]
