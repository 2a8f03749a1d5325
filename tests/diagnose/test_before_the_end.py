"""What was wrong before somebody put an end to a run is its cause; the end is told beside it."""

from tests.diagnose.cases import diagnosed
from trainwatch.diagnose import Diagnosis

TOLD = "torch.distributed.elastic.multiprocessing.api.SignalException: Process 41 got signal: 15\n"


def ended(*losses: str) -> Diagnosis:
    lines = [f"iter {10 * at}: loss {loss}, time 33.1ms" for at, loss in enumerate(losses)]
    return diagnosed({"console.log": "\n".join([*lines, TOLD]).encode()})


def test_a_loss_that_was_no_number_any_more() -> None:
    found = ended("2.31", "2.20", "nan", "nan", "nan", "nan")
    assert found.verdict.value == "failed"
    assert found.category is not None
    assert found.category.value == "loss_nan_or_spike"
    assert "later the launcher was told to stop" in found.summary


def test_a_run_that_was_well() -> None:
    found = ended("2.31", "2.20", "2.11", "2.05", "1.99", "1.90")
    assert found.verdict.value == "interrupted"
