"""What the recorded cases are, and what is right to say of them; for the tests and the bench.

Names and causes stand in the samples' own index; the logs themselves are read from there.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainwatch.diagnose import Diagnosis, ErrorFile, Gathering, Role, diagnose
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.model.moments import Viewpoint

REPO = Path(__file__).resolve().parents[2]
SAMPLE_LOGS = REPO / "sample_logs"
SAMPLES = REPO.parent / "shared" / "samples"
SUFFIXES = (".log", ".txt", ".csv", ".out", ".err")
OTHER_EVIDENCE = ("observed.txt",)
"""What the samples hold besides logs: stacks, for the diagnosis of a live job."""


@dataclass(frozen=True)
class Expected:
    """What is right.

    Attributes:
        verdicts, categories, phases: Any of these; an empty tuple: not looked at.
        guilty: The rank or ranks that are to blame; empty: nobody may be accused.
        accusable: Ranks that may be accused beside the guilty ones, where logs cannot tell.
    """

    verdicts: tuple[str, ...]
    categories: tuple[str | None, ...]
    phases: tuple[str | None, ...] = ()
    guilty: tuple[int, ...] = ()
    accusable: tuple[int, ...] = ()


UNDECIDED = Expected(("undecided",), (None,))
FINISHED = Expected(("finished",), (None,))
RAISED = Expected(("failed",), ("user_exception",), (None,), (1,))
STOPPED = Expected(("interrupted",), ("external_signal",), (None,))

HANGS = {
    "a_loader_sleep": UNDECIDED,
    "b2_skip_last": Expected(("hang",), ("collective_mismatch",), (), (1,)),
    "b_skip_allreduce": Expected(("failed",), ("collective_mismatch",), ("collective",), (1,)),
    "c_ckpt_rank0": Expected(("hang",), ("checkpoint_stall",), ("checkpoint",), (0,)),
    "d_uneven": Expected(("hang",), ("uneven_inputs",), (), (1,)),
    "e2_loader_child_sleep": UNDECIDED,
    "e_worker_kill": Expected(("failed",), ("dataloader_worker_killed",), ("data_loading",), (1,)),
    "f_straggler": UNDECIDED,
}

TORCHRUN = {
    "01_success.txt": UNDECIDED,
    "02_raise_record.txt": RAISED,
    "03_raise_norecord.txt": RAISED,
    "04_sigkill.txt": Expected(("failed",), ("host_oom_kill",), (None,), (1,)),
    "05_timeout_skip.txt": Expected(("failed",), ("collective_mismatch",), ("collective",), (1,)),
    "07_logdir_tee3.txt": RAISED,
    "08_tee3_filter0.txt": UNDECIDED,
    "09_maxrestarts1.txt": RAISED,
    "10_logdir_tree.txt": Expected(("failed",), ("user_exception",)),
    "11_sigterm_parent.txt": STOPPED,
    "12_sigint_parent.txt": STOPPED,
    "16_sigterm_ignoring_worker.txt": STOPPED,
    "19_sighup_parent.txt": STOPPED,
    "26_monitored_barrier.txt": Expected(("failed",), ("gloo_timeout",), ("collective",), (1,)),
    "27_monitored_barrier_all.txt": Expected(
        ("failed",), ("gloo_timeout",), ("collective",), (1, 2)
    ),
    "28_error_file.txt": RAISED,
    "29b_maxrestarts_noshare.txt": RAISED,
}

RECORDED = {
    "chinese": FINISHED,
    "demo": FINISHED,
    "finished": FINISHED,
    "healthy_4ranks": UNDECIDED,
    "hang_train_to_validation": Expected(("undecided",), (None,), ("train_to_validation",)),
    "info_only": FINISHED,
    "nan": Expected(("failed",), ("loss_nan_or_spike",), (None,), (1,)),
    "no_timestamps": FINISHED,
    "oom": Expected(("failed",), ("cuda_oom",), (None,), (1,)),
    "resumed": FINISHED,
    "silent_rank": Expected(("hang",), (None,), (None,), (2,)),
    "stuck_checkpoint": Expected(("hang",), ("checkpoint_stall",), ("checkpoint",), (0,)),
}

SOUND = ("chinese", "demo", "finished", "healthy_4ranks", "info_only", "no_timestamps", "resumed")
"""Recorded runs that tell of no failure."""


def failures() -> Iterator[tuple[Path, Expected]]:
    """The public excerpts, from their own index."""
    index = SAMPLES / "failures" / "index.jsonl"
    for line in index.read_text("utf-8").splitlines():
        entry = json.loads(line)
        # The excerpts of a kernel log or of one overflow say nothing of the training's phase.
        phases = () if entry["id"] in ("023", "029") else (entry["phase"],)
        culprits = tuple(entry["culprit_ranks"] or ())
        expected = Expected((), (entry["category"],), phases, culprits, (0, 1))
        yield SAMPLES / "failures" / f"{entry['id']}.log", expected


def files_of(path: Path) -> dict[str, bytes]:
    """The logs of a case by the names that a reader shows."""
    if path.is_file():
        return {path.name: path.read_bytes()}
    found = sorted(one for one in path.rglob("*") if one.is_file())
    return {
        str(one.relative_to(path)): one.read_bytes()
        for one in found
        if (one.suffix in SUFFIXES or one.name.endswith("error.json"))
        and one.name not in OTHER_EVIDENCE
    }


def diagnosed(
    files: dict[str, bytes],
    *,
    now: float | None = None,
    info: RunInfo | None = None,
    mtime: float = 1_795_000_000.0,
    stated: bool = False,
) -> Diagnosis:
    """Feed some files as the command does, and diagnose."""
    gathering = Gathering()
    engine = Engine(info or RunInfo("logs"), listener=gathering.take)
    engine.witness = gathering.see
    for name, data in files.items():
        if name.endswith("error.json"):
            gathering.take_error_file(ErrorFile(name, data))
            continue
        engine.feed(Chunk(LogFile(name), 0, data, mtime))
        engine.feed(FileEnded(LogFile(name), "read to its end"))
    moment = time.time() + 86400.0 if now is None else now
    view = Viewpoint(moment, 0.0, stated=stated)
    return diagnose(engine.run, engine.info, view, engine.config, gathering)


def accused(diagnosis: Diagnosis) -> set[int]:
    """The ranks that are guilty or suspect."""
    blamed = (Role.GUILTY, Role.SUSPECT)
    return {
        rank.who.rank
        for rank in diagnosis.ranks
        if rank.role in blamed and rank.who.rank is not None
    }


def wrong(diagnosis: Diagnosis, expected: Expected) -> list[str]:
    """What is not right, in words."""
    category = diagnosis.category and diagnosis.category.value
    phase = diagnosis.phase and diagnosis.phase.value
    blamed = accused(diagnosis)
    found = []
    if expected.verdicts and diagnosis.verdict.value not in expected.verdicts:
        found.append(f"verdict {diagnosis.verdict.value}")
    if category not in expected.categories:
        found.append(f"category {category}")
    if expected.phases and phase not in expected.phases:
        found.append(f"phase {phase}")
    if not set(expected.guilty) <= blamed or blamed - {*expected.guilty, *expected.accusable}:
        found.append(f"accused {sorted(blamed)}")
    return found
