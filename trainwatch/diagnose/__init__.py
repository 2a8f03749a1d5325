"""Forensics: what is wrong with a run, who, where, why, and what next. Pure: no I/O, no clock.

`Gathering` listens while the logs are read; `diagnose` looks at the folded state and at it.
"""

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.core import DETECTORS, diagnose
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Diagnosis,
    Other,
    Proof,
    RankDiagnosis,
    Role,
    Verdict,
)
from trainwatch.diagnose.errorfile import ErrorFile
from trainwatch.diagnose.gather import Gathering
from trainwatch.diagnose.lead import Charge, Lead, When
from trainwatch.diagnose.signature import Standing

__all__ = [
    "DETECTORS",
    "Case",
    "Category",
    "Charge",
    "Confidence",
    "DiagnosedPhase",
    "Diagnosis",
    "ErrorFile",
    "Gathering",
    "Lead",
    "Other",
    "Proof",
    "RankDiagnosis",
    "Role",
    "Standing",
    "Verdict",
    "When",
    "diagnose",
]
