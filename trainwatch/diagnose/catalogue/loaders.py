"""Loader workers: killed, timed out, or without shared memory to hand their batches over in."""

import re

from trainwatch.diagnose.catalogue.host import DMESG
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

WORKER_KILLED = Signature(
    name="dataloader_worker_killed",
    numbers=(9,),
    hints=(b"killed by signal", b"exited unexpectedly", b"encountered in worker"),
    pattern=re.compile(
        rb"DataLoader worker \(pid (?P<pid>\d{1,9})\) is killed by signal: "
        rb"(?P<signal>Killed|Bus error|Segmentation fault|Aborted)"
        rb"|DataLoader worker \(pid\(s\) (?P<pids>[\d, ]{1,200})\) exited unexpectedly"
        rb"|Unexpected (?:bus error|segmentation fault) encountered in worker"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.DATALOADER_WORKER_KILLED,
    phase=DiagnosedPhase.DATA_LOADING,
    words="a loader worker of {who} was killed",
    refute="if the worker was killed only after the training had ended, or by a person",
    advice=(
        "Killed: host memory; see dmesg for the OOM killer, use fewer workers or smaller prefetch",
        "Bus error: /dev/shm is full; df -h /dev/shm, docker run --shm-size or --ipc=host",
    ),
    missing=(DMESG,),
    samples=(
        "RuntimeError: DataLoader worker (pid 19306) is killed by signal: Killed. ",
        (
            "RuntimeError: DataLoader worker (pid 30882) is killed by signal: Bus error. It is "
            "possible that dataloader's workers are out of shared memory."
        ),
        "RuntimeError: DataLoader worker (pid(s) 31, 32) exited unexpectedly",
        (
            "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient "
            "shared memory (shm)."
        ),
    ),
    benign=(
        "DataLoader worker (pid 12) is killed by signal: Terminated. ",
        "This DataLoader will create 8 worker processes in total.",
    ),
)

LOADER_TIMEOUT = Signature(
    name="dataloader_timeout",
    hints=(b"DataLoader timed out",),
    pattern=re.compile(rb"DataLoader timed out after \d"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.DATALOADER_HANG,
    phase=DiagnosedPhase.DATA_LOADING,
    confidence=Confidence.CERTAIN,
    words="the loader of {who} gave no batch in time",
    refute="if the loader's timeout is shorter than a batch usually takes",
    advice=("look where the loader's worker hangs: py-spy dump --pid of the worker", "storage"),
    samples=("RuntimeError: DataLoader timed out after 30 seconds",),
)

SHARED_MEMORY = Signature(
    name="shared_memory",
    numbers=(9,),
    hints=(b"</torch_", b"/dev/shm"),
    pattern=re.compile(
        rb"unable to (?:write to|open|resize|mmap|allocate)\b.{0,60}</torch_|"
        rb"No space left on device: '?/dev/shm"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.DATALOADER_WORKER_KILLED,
    phase=DiagnosedPhase.DATA_LOADING,
    words="{who} ran out of shared memory, which its loader workers hand batches over in",
    refute="if /dev/shm has room while the job runs: df -h /dev/shm",
    advice=WORKER_KILLED.advice,
    samples=(
        "RuntimeError: unable to write to file </torch_12_34_0>: No space left on device (28)",
        "RuntimeError: unable to open shared memory object </torch_77_1> in read-write mode",
    ),
)

SIGNATURES = (WORKER_KILLED, LOADER_TIMEOUT, SHARED_MEMORY)
