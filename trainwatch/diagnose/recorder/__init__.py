"""Reads the flight-recorder dumps of all ranks: bytes in, evidence out.

Pure: no file is opened, no clock asked, nothing of torch imported, and nothing that is in a dump
is ever run.
"""

from trainwatch.diagnose.recorder.analyse import analyse_dumps
from trainwatch.diagnose.recorder.dump import Dump, DumpError, Entry, Frame, State
from trainwatch.diagnose.recorder.evidence import (
    Confidence,
    Finding,
    Kind,
    Lateness,
    Outcome,
    RecorderEvidence,
    Stand,
    Where,
)
from trainwatch.diagnose.recorder.load import load_dump, rank_of_name

__all__ = [
    "Confidence",
    "Dump",
    "DumpError",
    "Entry",
    "Finding",
    "Frame",
    "Kind",
    "Lateness",
    "Outcome",
    "RecorderEvidence",
    "Stand",
    "State",
    "Where",
    "analyse_dumps",
    "load_dump",
    "rank_of_name",
]
