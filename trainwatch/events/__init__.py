r"""The vocabulary of trainwatch: what sources deliver and what parsing finds.

Units: offsets in bytes from the start of a file, line numbers from 1 counting ``\n``, times in
seconds, losses as printed. A value that a log does not state is None (in columns: NaN or -1); no
value is ever made up. This package imports nothing but the standard library, because the sources
and the supervisor speak it too.
"""

from trainwatch.events.delivered import Chunk, FileEnded, LogFile, RunInfo, SourceItem
from trainwatch.events.findings import Finding
from trainwatch.events.parsed import Draft, Items, LineTally, LogLine, Parsed
from trainwatch.events.places import (
    MISSING,
    NOBODY,
    Evidence,
    Granularity,
    Phase,
    RankId,
    Severity,
    Split,
    Stamp,
    Where,
)
from trainwatch.events.rare import (
    AttemptStarted,
    BatchesProcessed,
    CheckpointNote,
    CheckpointStage,
    EpochMarker,
    EpochSummary,
    EvalResult,
    Event,
    Fault,
    FaultKind,
    FileShare,
    LaunchFailed,
    RankStarted,
    TrainingEnded,
    WorkerCompleted,
    WorkerFailure,
)
from trainwatch.events.steps import StepBlock, StepShape

__all__ = [
    "MISSING",
    "NOBODY",
    "AttemptStarted",
    "BatchesProcessed",
    "CheckpointNote",
    "CheckpointStage",
    "Chunk",
    "Draft",
    "EpochMarker",
    "EpochSummary",
    "EvalResult",
    "Event",
    "Evidence",
    "Fault",
    "FaultKind",
    "FileEnded",
    "FileShare",
    "Finding",
    "Granularity",
    "Items",
    "LaunchFailed",
    "LineTally",
    "LogFile",
    "LogLine",
    "Parsed",
    "Phase",
    "RankId",
    "RankStarted",
    "RunInfo",
    "Severity",
    "SourceItem",
    "Split",
    "Stamp",
    "StepBlock",
    "StepShape",
    "TrainingEnded",
    "Where",
    "WorkerCompleted",
    "WorkerFailure",
]
