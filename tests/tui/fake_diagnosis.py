"""Diagnoses of the runs in trouble."""

from tests.tui import fake_views
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Diagnosis,
    Proof,
    RankDiagnosis,
    Role,
    Verdict,
)
from trainwatch.events import RankId
from trainwatch.model.snapshot import RunView, Status


def hang() -> Diagnosis:
    place = "in training, epoch 14 step 104"
    return Diagnosis(
        Verdict.HANG,
        Category.DATALOADER_HANG,
        DiagnosedPhase.DATA_LOADING,
        "rank 3 is stuck in data loading, epoch 14 step 104; 7 ranks wait for it in all_reduce",
        Confidence.LIKELY,
        ranks=(
            RankDiagnosis(RankId(3), Role.GUILTY, "DS.__getitem__ data.py:24", silent_seconds=250),
            *(
                RankDiagnosis(RankId(n), Role.VICTIM, f"waits in all_reduce, {place}")
                for n in (0, 1, 2, 4, 5, 6, 7)
            ),
        ),
        evidence=(Proof(fake_views.stall_finding().evidence[0], "its last line"),),
        refute="if rank 3 writes a line",
        advice=("look at the file system of /data", "stop it: checkpoint-2000 is sound"),
        missing=("stacks: start with trainwatch run",),
    )


def out_of_memory() -> Diagnosis:
    proofs = fake_views.failed().alerts[0].evidence
    return Diagnosis(
        Verdict.FAILED,
        Category.CUDA_OOM,
        DiagnosedPhase.FORWARD,
        "rank 1 ran out of GPU memory in training, epoch 14 step 104",
        Confidence.CERTAIN,
        ranks=(
            RankDiagnosis(RankId(1), Role.GUILTY, "it asked for 2.00 GiB more than was free"),
            *(RankDiagnosis(RankId(n), Role.VICTIM, "ended by torchrun") for n in (0, 2, 3)),
        ),
        evidence=tuple(Proof(one, "") for one in proofs),
        refute="if the training caught the error and went on with less",
        advice=("smaller batches, or gradient checkpointing",),
    )


def of(view: RunView) -> Diagnosis | None:
    """What fits a run."""
    return {Status.STALLED: hang(), Status.FAILED: out_of_memory()}.get(view.status)
