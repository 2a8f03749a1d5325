"""Failures that no sample holds, made up line by line: what logs print, and what is right to say."""

from dataclasses import dataclass, field

from tests.diagnose.cases import Expected

DAY = "2026-11-21"


def steps(rank: int, count: int, *, first: int = 0, minute: int = 0, hour: int = 10) -> str:
    """Training steps of one rank, one a second."""
    lines = [
        f"{DAY} {hour:02d}:{minute:02d}:{10 + at % 50:02d},000 [DEBUG] [Rank {rank}] "
        f"Training step {first + at}, loss=0.{500 - at}"
        for at in range(count)
    ]
    return "\n".join(lines) + "\n"


def began(rank: int, world: int, *, hour: int = 10, pid: int | None = None) -> str:
    """The start of one rank's log."""
    return (
        f"{DAY} {hour:02d}:00:00,000 [DEBUG] [Rank {rank}] init done world={world} "
        f"pid={pid or 5000 + rank}\n"
        f"{DAY} {hour:02d}:00:05,000 [DEBUG] [Rank {rank}] ========== EPOCH 0 TRAINING START"
        " ==========\n"
    )


def rank_logs(world: int, count: int = 12, **given: int) -> dict[str, str]:
    """A log of every rank, all at one place."""
    return {
        f"debug_rank{rank}_20261121_100000.log": began(rank, world, **given) + steps(rank, count)
        for rank in range(world)
    }


def watchdog(rank: int, seq: int, op: str = "ALLREDUCE", numel: int = 9000) -> str:
    return (
        f"[rank{rank}]:[E1121 10:31:44.903881913 ProcessGroupNCCL.cpp:616] [Rank {rank}] Watchdog "
        f"caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, "
        f"NumelIn={numel}, NumelOut={numel}, Timeout(ms)=600000) ran for 600020 milliseconds "
        "before timing out.\n"
    )


def completed(rank: int, work: int) -> str:
    return (
        f"[rank{rank}]:[E1121 10:31:44.906457629 ProcessGroupNCCL.cpp:1785] [PG ID 0 PG GUID "
        f"0(default_pg) Rank {rank}] Exception (either an error or timeout) detected by watchdog "
        f"at work: {work + 1}, last enqueued NCCL work: {work + 2}, last completed NCCL work: "
        f"{work}.\n"
    )


def traceback(rank: int | None, exception: str, *frames: tuple[str, str, str]) -> str:
    """A traceback; frames are (file, function, code)."""
    prefix = "" if rank is None else f"[rank{rank}]: "
    lines = ["Traceback (most recent call last):"]
    for at, (file, function, text) in enumerate(frames or (("/job/train.py", "main", "run()"),)):
        lines += [f'  File "{file}", line {40 + at}, in {function}', f"    {text}"]
    return "".join(f"{prefix}{line}\n" for line in [*lines, exception])


def table(root: tuple[int, int], *others: tuple[int, int]) -> str:
    """torchrun's failure table; entries are (rank, exit code)."""

    def entry(at: int, rank: int, code: int) -> str:
        return (
            f"[{at}]:\n  time      : {DAY}_10:32:00\n  host      : a17\n"
            f"  rank      : {rank} (local_rank: {rank})\n"
            f"  exitcode  : {code} (pid: {5000 + rank})\n  error_file: <N/A>\n"
            "  traceback : To enable traceback see: https://pytorch.org/docs/elastic/errors.html\n"
        )

    rest = "".join(entry(at, *other) for at, other in enumerate(others, start=1))
    rule, thin = "=" * 60, "-" * 60
    return (
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
        f"{rule}\ntrain.py FAILED\n{thin}\nFailures:\n{rest or '  <NO_OTHER_FAILURES>'}{thin}\n"
        f"Root Cause (first observed failure):\n{entry(0, *root)}{rule}\n"
    )


PEER = "RuntimeError: [gloo/transport/tcp/pair.cc:553] Connection closed by peer [10.0.0.7]:5545."
BACKWARD = ("/opt/venv/lib/python3.11/site-packages/torch/autograd/graph.py",
            "_engine_run_backward", "return run_backward(")  # fmt: skip
MAIN = ("/job/train.py", "train_one_epoch", "loss.backward()")
LOAD = ("/opt/venv/lib/python3.11/site-packages/torch/utils/data/dataloader.py", "__next__",
        "data = self._next_data()")  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """Logs by name, and what is right to say of them."""

    name: str
    files: dict[str, str]
    expected: Expected
    others: tuple[str, ...] = field(default=())


def _failed(category: str, *guilty: int, phase: str | None = "?") -> Expected:
    phases = () if phase == "?" else (phase,)
    return Expected(("failed",), (category,), phases, guilty)


def _suspects(category: str, *guilty: int) -> Expected:
    return Expected(("failed", "hang"), (category,), (), guilty)


SCENARIOS = (
    Scenario(
        "one of eight ranks does not report the NCCL timeout",
        {"console.log": "".join(watchdog(r, 71) for r in (0, 1, 2, 4, 5, 6, 7))},
        _suspects("collective_timeout", 3),
    ),
    Scenario(
        "every rank reports the same NCCL timeout: nobody to accuse",
        {"console.log": "".join(watchdog(r, 71) for r in range(4))},
        _suspects("collective_timeout"),
    ),
    Scenario(
        "one rank waits in another NCCL operation",
        {"console.log": watchdog(0, 71) + watchdog(1, 71, "BROADCAST", 4)
         + watchdog(2, 71) + watchdog(3, 71)},
        _suspects("collective_mismatch", 1),
    ),
    Scenario(
        "one rank is one NCCL collective behind",
        {"console.log": watchdog(0, 72) + watchdog(1, 71) + watchdog(2, 72)},
        _suspects("collective_mismatch", 1),
    ),
    Scenario(
        "sequence numbers of different process groups are not compared",
        {"console.log": watchdog(0, 96120) + watchdog(1, 64088) + watchdog(2, 96120)},
        _suspects("collective_timeout"),
    ),
    Scenario(
        "no NCCL collective was ever completed",
        {"console.log": watchdog(0, 1) + completed(0, -1) + watchdog(1, 1) + completed(1, -1)},
        _suspects("nccl_setup_or_transport"),
    ),
    Scenario(
        "a collective under `if rank == 0` after the end of validation",
        {
            "debug_rank0.log": began(0, 2) + steps(0, 5)
            + f"{DAY} 10:01:00,000 [DEBUG] [Rank 0] ========== EPOCH 0 TRAINING END ==========\n"
            + f"{DAY} 10:01:01,000 [DEBUG] [Rank 0] ========== EPOCH 0 VALIDATION START"
            " ==========\n"
            + f"{DAY} 10:01:02,000 [DEBUG] [Rank 0] ========== EPOCH 0 VALIDATION END ==========\n",
            "console.log": watchdog(0, 90, "ALLREDUCE", 1),
        },
        Expected(("failed", "hang"), ("collective_mismatch",), ("after_validation",), (0,)),
    ),
    Scenario(
        "one rank out of GPU memory, its peers lose their connection, an echo comes first",
        {"console.log": traceback(0, PEER, MAIN, BACKWARD)
         + traceback(2, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.")
         + traceback(1, PEER, MAIN, BACKWARD) + table((2, 1), (0, -15), (1, -15))},
        _failed("cuda_oom", 2),
    ),
    Scenario(
        "the host's memory: SIGKILL, confirmed by the scheduler",
        {"slurm-77.out": traceback(0, PEER, MAIN, BACKWARD)
         + "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=77.0. Some of your processes"
         " may have been killed by the cgroup out-of-memory handler.\n"
         + table((1, -9), (0, -15))
         + f"slurmstepd: error: *** STEP 77.0 ON a17 CANCELLED AT {DAY}T10:33:00 ***\n"},
        _failed("host_oom_kill", 1),
    ),
    Scenario(
        "a kernel log names the killed process by its pid",
        {**rank_logs(3), "console.log": table((1, 1), (0, -15), (2, -15)),
         "dmesg.txt": "[12.3] Out of memory: Killed process 5001 (python3) total-vm:1kB\n"},
        _failed("host_oom_kill", 1),
    ),
    Scenario(
        "a time limit after healthy steps",
        {"slurm-78.out": began(0, 1) + steps(0, 30)
         + f"slurmstepd: error: *** JOB 78 ON a17 CANCELLED AT {DAY}T10:01:02 DUE TO TIME LIMIT"
         " ***\n"},
        Expected(("interrupted",), ("sched_time_limit",)),
    ),
    Scenario(
        "a preemption",
        {"slurm-79.out": f"slurmstepd: error: *** JOB 79 ON a17 CANCELLED AT {DAY}T10:01:02 DUE TO"
         " PREEMPTION ***\n"},
        Expected(("interrupted",), ("sched_preempt",)),
    ),
    Scenario(
        "cancelled by srun because a task had died: the task is the cause",
        {"slurm-80.out": traceback(3, "KeyError: 'image'", ("/job/data.py", "__getitem__", "x"))
         + f"slurmstepd: error: *** STEP 80.0 ON a17 CANCELLED AT {DAY}T10:33:00 ***\n"},
        _failed("user_exception", 3, phase="data_loading"),
    ),
    Scenario(
        "an exception inside a loader's worker",
        {"console.log": traceback(
            1, "FileNotFoundError: Caught FileNotFoundError in DataLoader worker process 0.",
            MAIN, LOAD) + traceback(0, PEER, MAIN, BACKWARD) + table((1, 1), (0, -15))},
        _failed("user_exception", 1, phase="data_loading"),
    ),
    Scenario(
        "the loader's own time limit",
        {"console.log": traceback(1, "RuntimeError: DataLoader timed out after 30 seconds", LOAD)
         + table((1, 1), (0, -15))},
        _failed("dataloader_hang", 1, phase="data_loading"),
    ),
    Scenario(
        "a full disk on rank 0 while it saves",
        {"console.log": traceback(0, "OSError: [Errno 28] No space left on device",
                                  ("/job/train.py", "save_checkpoint", "torch.save(x, p)"))
         + traceback(1, PEER, MAIN, BACKWARD) + table((0, 1), (1, -15))},
        _failed("checkpoint_write_failed", 0, phase="checkpoint"),
    ),
    Scenario(
        "a damaged checkpoint on all ranks: the file, not one rank",
        {"console.log": "".join(
            traceback(r, "RuntimeError: PytorchStreamReader failed reading zip archive: failed"
                      " finding central directory", ("/job/train.py", "resume", "load(p)"))
            for r in range(3))},
        _failed("checkpoint_corrupt", phase="checkpoint_load"),
    ),
    Scenario(
        "the same exception on all ranks is the code",
        {"console.log": "".join(
            traceback(r, "TypeError: forward() missing 1 required argument: 'mask'")
            for r in range(4)) + table((0, 1), (1, 1), (2, 1), (3, 1))},
        _failed("user_exception"),
    ),
    Scenario(
        "parameters that DDP waits for",
        {"console.log": "".join(
            traceback(r, "RuntimeError: Expected to have finished reduction in the prior iteration"
                      " before starting a new one.") for r in range(2))},
        _failed("ddp_unused_params", phase="forward"),
    ),
    Scenario(
        "a port that is taken",
        {"console.log": traceback(
            None, "torch.distributed.DistNetworkError: The server socket has failed to listen on"
            " any local network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE,"
            " message: address already in use")},
        _failed("port_in_use", phase="init"),
    ),
    Scenario(
        "clients that never joined",
        {"console.log": traceback(
            None, "torch.distributed.DistStoreError: Timed out after 901 seconds waiting for"
            " clients. 1/3 clients joined.")},
        _failed("rendezvous_timeout", phase="init"),
    ),
    Scenario(
        "two ranks on one GPU",
        {"console.log": traceback(
            0, "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1275,"
            " invalid usage, NCCL version 2.14.3")
         + "Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 4000\n"},
        Expected(("failed",), ("nccl_setup_or_transport",), ("init",), (), (0, 1)),
    ),
    Scenario(
        "a crash in native code",
        {"console.log": "Fatal Python error: Segmentation fault\n\n"
         "Current thread 0x00007f5b (most recent call first):\n"
         '  File "/job/ops.py", line 9 in fused\n' + traceback(0, PEER, MAIN, BACKWARD)
         + table((1, -11), (0, -15))},
        _failed("segfault", 1),
    ),
    Scenario(
        "a fault of a CUDA kernel, and the kernel's log of it",
        {"console.log": traceback(2, "torch.AcceleratorError: CUDA error: device-side assert"
                                  " triggered") + table((2, 1), (0, -15), (1, -15)),
         "dmesg.log": "[99.1] NVRM: Xid (PCI:0000:38:00): 31, pid=5002, name=python3, Ch 08\n"},
        _failed("cuda_kernel_fault", 2),
    ),
    Scenario(
        "broken hardware explains the error of a rank",
        {"console.log": traceback(2, "torch.AcceleratorError: CUDA error: unspecified launch"
                                  " failure") + table((2, 1), (0, -15), (1, -15)),
         "dmesg.log": "[99.1] NVRM: Xid (PCI:0000:91:00): 79, pid='<unknown>', name=<unknown>,"
         " GPU has fallen off the bus.\n"},
        _failed("gpu_hardware", 2),
    ),
    Scenario(
        "a loss that is no number ends the training",
        {"console.log": "Loss is nan, stopping training\n" + traceback(
            0, "SystemExit: 1") + table((0, 1))},
        _failed("loss_nan_or_spike", 0),
    ),
    Scenario(
        "a loss scale that falls without an end",
        {"console.log": "".join(
            "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to "
            f"{65536 / 2**at}\n" for at in range(30))},
        _failed("loss_scale_collapse", phase="optimizer"),
    ),
    Scenario(
        "a peer that went away without a word",
        {"console.log": traceback(0, PEER, MAIN, BACKWARD) + traceback(2, PEER, MAIN, BACKWARD)
         + traceback(3, PEER, MAIN, BACKWARD)},
        _suspects("peer_lost", 1),
    ),
    Scenario(
        "NCCL's error in the middle of a training is an echo of a lost peer",
        {**rank_logs(3), "console.log": traceback(
            0, "torch.distributed.DistBackendError: NCCL error in: NCCLUtils.hpp:268, unhandled"
            " system error, NCCL version 2.21.5")
         + "ncclRemoteError: A call failed possibly due to a network error or a remote process"
         " exiting prematurely.\n" + table((2, -9), (0, -15), (1, -15))},
        _failed("host_oom_kill", 2),
    ),
    Scenario(
        "one rank frozen, by its own watchdog",
        {"console.log": "[rank1]:[E1121 10:31:44.9 ProcessGroupNCCL.cpp:1316] [PG 0 Rank 1]"
         " Heartbeat monitor timed out! Process will be terminated after dumping debug info.\n"
         + table((1, -6), (0, -15))},
        Expected(("failed", "hang"), ("host_freeze",), (), (1,)),
    ),
    Scenario(
        "the launcher's terminal was closed",
        {"console.log": began(0, 2) + steps(0, 4)
         + "W1121 10:01:28.586000 15919 torch/distributed/elastic/agent/server/api.py:753] Received"
         " 1 death signal, shutting down workers\n"},
        Expected(("interrupted",), ("external_signal",)),
    ),
    Scenario(
        "an attempt that failed, and one that ended well",
        {"console.log": began(0, 1) + steps(0, 4) + traceback(0, "ValueError: bad sample")
         + began(0, 1) + steps(0, 9) + "Training complete\n"},
        Expected(("finished",), (None,)),
        ("user_exception",),
    ),
    Scenario(
        "a handled error, and steps behind it",
        {"console.log": began(0, 1) + steps(0, 4)
         + f"{DAY} 10:00:14,000 [ERROR] [Rank 0] RuntimeError: CUDA out of memory. Tried to"
         " allocate 2.00 GiB.\n" + steps(0, 20, first=4, minute=1)},
        Expected(("undecided",), (None,)),
        ("cuda_oom",),
    ),
    Scenario(
        "a loader's worker that is killed after the end",
        {"console.log": began(0, 1) + steps(0, 4) + "Training complete\n" + traceback(
            0, "RuntimeError: DataLoader worker (pid 19306) is killed by signal: Killed. ", LOAD)},
        Expected(("finished",), (None,)),
    ),
    Scenario(
        "stdout held back in a buffer stands behind the traceback",
        {"console.log": began(0, 1) + traceback(0, "ValueError: bad sample") + steps(0, 40)
         + table((0, 1))},
        _failed("user_exception", 0),
    ),
    Scenario(
        "an older torch, whose tracebacks name no rank: the one worker that exited by itself",
        {"console.log": traceback(None, "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to"
                                  " allocate 20.00 MiB (GPU 2; 23.65 GiB total capacity)")
         + "WARNING:torch.distributed.elastic.multiprocessing.api:Sending process 5000 closing"
         " signal SIGTERM\n"
         "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: 1) local_rank: 2"
         " (pid: 5002) of binary: /usr/bin/python\n" + table((2, 1), (0, -15), (1, -15))},
        _failed("cuda_oom", 2),
    ),
    Scenario(
        "NCCL's error says what CUDA told it",
        {"console.log": traceback(
            0, "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1691,"
            " unhandled cuda error, NCCL version 2.19.3")
         + "[rank0]: ncclUnhandledCudaError: Call to CUDA function failed.\n"
         "[rank0]: Last error:\n[rank0]: Cuda failure 'out of memory'\n"},
        _failed("cuda_oom", 0),
    ),
    Scenario(
        "shared memory that is full is not a disk",
        {"console.log": traceback(
            1, "RuntimeError: unable to write to file </torch_12_34_0>: No space left on device"
            " (28)", LOAD) + traceback(0, PEER, MAIN, BACKWARD)},
        _failed("dataloader_worker_killed", 1, phase="data_loading"),
    ),
    Scenario(
        "a full disk under a log is no checkpoint",
        {"console.log": traceback(
            0, "OSError: [Errno 28] No space left on device: 'cache/a.arrow'",
            ("/job/data.py", "__getitem__", "write(x)"), LOAD)},
        _failed("checkpoint_write_failed", 0, phase="data_loading"),
    ),
    Scenario(
        "mpirun names the killed rank",
        {"mpi.out": "mpirun noticed that process rank 3 with PID 99 on node a17 exited on signal 9"
         " (Killed).\n"},
        _failed("host_oom_kill", 3),
    ),
    Scenario(
        "a job that hung before its time limit",
        {"slurm-81.out": began(0, 1) + steps(0, 40)
         + f"slurmstepd: error: *** JOB 81 ON a17 CANCELLED AT {DAY}T15:14:09 DUE TO TIME LIMIT"
         " ***\n"},
        Expected(("interrupted",), ("sched_time_limit",)),
    ),
    Scenario(
        "an abort and nothing else: no cause is made up",
        {"console.log": table((1, -6), (0, -15))},
        Expected(("failed",), (None,), (), (1,)),
    ),
    Scenario(
        "an error without a traceback",
        {"console.log": table((1, 1), (0, -15))},
        _failed("user_exception", 1),
    ),
    Scenario(
        "killed for not reacting to SIGTERM is not out of memory",
        {"console.log": began(0, 2) + steps(0, 4)
         + "W1121 10:56:14.483000 16849 torch/elastic/agent/server/api.py:753] Received 15 death"
         " signal, shutting down workers\n"
         "W1121 10:56:44.487000 16849 torch/elastic/multiprocessing/api.py:1047] Unable to shutdown"
         " process 5001 via 15, forcefully exiting via 9\n" + table((1, -9), (0, -15))},
        Expected(("interrupted",), ("external_signal",)),
    ),
    Scenario(
        "a training that was complete, and failed in its last save",
        {"console.log": began(0, 1) + steps(0, 9) + "Training complete\n"
         + traceback(0, "RuntimeError: cannot gather", ("/job/train.py", "finish", "x()"))
         + table((0, 1))},
        _failed("user_exception", 0, phase="teardown"),
    ),
    Scenario(
        "trouble at the start that was overcome",
        {"console.log": "The server socket has failed to bind to [::]:29500 (errno: 98 - Address"
         " already in use).\n", **rank_logs(2)},
        Expected(("undecided",), (None,)),
        ("port_in_use",),
    ),
    Scenario(
        "an old Xid in the kernel's log beside a run that simply ends",
        {"dmesg.log": "2025-01-21T04:41:44,287197+00:00 NVRM: Xid (PCI:0000:38:00): 79, pid=1,"
         " GPU has fallen off the bus.\n", **rank_logs(2)},
        Expected(("undecided",), (None,)),
    ),
    Scenario(
        "two nodes, one of them with the cause",
        {
            "node0.log": traceback(0, PEER, MAIN, BACKWARD) + traceback(1, PEER, MAIN, BACKWARD)
            + table((0, 1), (1, -15)),
            "node1.log": traceback(3, "torch.OutOfMemoryError: CUDA out of memory. Tried to"
                                   " allocate 1.00 GiB.") + table((3, 1), (2, -15)),
        },
        _failed("cuda_oom", 3),
    ),
    Scenario(
        "a fused line: the traceback begins behind a step",
        {"console.log": began(1, 2) + steps(1, 3)[:-1]
         + traceback(1, "ValueError: bad sample") + traceback(0, PEER, MAIN, BACKWARD)},
        _failed("user_exception", 1),
    ),
    Scenario(
        "a progress bar before the traceback",
        {"console.log": "Epoch 0:  25%|##8       | 2/8 [00:00<00:00, 393.28it/s]"
         + traceback(None, "ValueError: bad sample")},
        _failed("user_exception"),
    ),
    Scenario(
        "spawned processes name themselves",
        {"console.log": traceback(None, "torch.multiprocessing.spawn.ProcessRaisedException: ")
         + "\n-- Process 1 terminated with the following error:\n"
         + traceback(None, "ValueError: bad sample")},
        _failed("user_exception"),
    ),
    Scenario(
        "ranks of one place whose logs end: no word against anyone",
        rank_logs(3),
        Expected(("undecided",), (None,)),
    ),
    Scenario(
        "only rank 0 prints steps: that is no difference of positions",
        {
            "debug_rank0.log": began(0, 3) + steps(0, 30),
            **{f"debug_rank{r}.log": began(r, 3) for r in (1, 2)},
        },
        Expected(("undecided",), (None,)),
    ),
    Scenario(
        "rank 0 prints every step, the others every tenth",
        {
            "debug_rank0.log": began(0, 3) + steps(0, 28),
            **{
                f"debug_rank{r}.log": began(r, 3)
                + "".join(steps(r, 1, first=at) for at in (0, 10, 20))
                for r in (1, 2)
            },
        },
        Expected(("undecided",), (None,)),
    ),
    Scenario(
        "one of two ranks behind: both are suspects",
        {
            "debug_rank0.log": began(0, 2) + steps(0, 30),
            "debug_rank1.log": began(1, 2) + steps(1, 20),
        },
        Expected(("hang",), (None,), (), (0, 1)),
    ),
    Scenario(
        "one of four ranks behind by more than a step",
        {
            **{f"debug_rank{r}.log": began(r, 4) + steps(r, 30) for r in (0, 1, 3)},
            "debug_rank2.log": began(2, 4) + steps(2, 20),
        },
        Expected(("hang",), (None,), (), (2,)),
    ),
    Scenario(
        "positions differ, but a log is cut in the middle of a line",
        {
            **{f"debug_rank{r}.log": began(r, 4) + steps(r, 30) for r in (0, 1, 3)},
            "debug_rank2.log": began(2, 4) + steps(2, 20)[:-9],
        },
        Expected(("undecided",), (None,), (), (), (2,)),
    ),
    Scenario(
        "clocks that are three hours apart",
        {
            **{f"debug_rank{r}.log": began(r, 3) + steps(r, 12) for r in (0, 2)},
            "debug_rank1.log": began(1, 3, hour=13) + steps(1, 12, hour=13)
            + f"{DAY} 13:00:30,000 [ERROR] [Rank 1] ValueError: bad sample\n",
            "console.log": table((1, 1), (0, -15), (2, -15)),
        },
        _failed("user_exception", 1),
    ),
)  # fmt: skip
"""Each with logs of its own making; no line is from anywhere else."""

HEALTHY = {
    "source code": """\
def check(self):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
    if "Connection closed by peer" in str(error):
        # DataLoader worker (pid 12) is killed by signal: Killed
    rb"Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1, OpType=X, "
        "slurmstepd: error: *** JOB 9 ON a CANCELLED AT 2023-01-02T03:04:05 ***"
message = 'Address already in use'
assert 'NVRM: Xid (PCI:0000:91:00): 79' in text
""",
    "a job script": "#!/bin/bash\n#SBATCH --time=2:00:00  # DUE TO TIME LIMIT it ends\nset -x\n"
    "export TORCH_NCCL_HEARTBEAT_TIMEOUT_SEC=600\necho Killed\n",
    "prose": "See `CUDA out of memory` and `EADDRINUSE` in the manual; `KeyboardInterrupt` too.\n",
    "pip": "Collecting torch==2.13.0\n  Downloading torch-2.13.0.whl (200 MB)\nERROR: pip's"
    " dependency resolver does not currently take into account all the packages that are"
    " installed.\nSuccessfully installed torch-2.13.0\n",
    "metrics named error": began(0, 1) + steps(0, 20)
    + "".join(f"val error: 0.{at} mean_absolute_error=0.{at}\n" for at in range(9)),
    "one overflow": began(0, 1) + steps(0, 20)
    + "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0\n",
    "overflows at the start": "".join(
        f"Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to {2.0**p}\n"
        for p in range(31, 15, -1)) + steps(0, 30),
    "warnings": began(0, 1) + steps(0, 20)
    + "UserWarning: An error occurred in a hook, ignored\n"
    "[W1121 socket.cpp:601] [c10d] The client socket has failed to connect to [localhost]:29500"
    " (errno: 99 - Cannot assign requested address).\n"
    "FutureWarning: torch.cuda.amp.GradScaler(args...) is deprecated.\n",
    "NCCL's own words": "a17:123:456 [0] NCCL INFO Using network Socket\n"
    "a17:123:456 [0] NCCL INFO comm 0x55 rank 0 nranks 8 - Init COMPLETE\n"
    "a17:1:2 [0] NCCL INFO [Service thread] Connection closed by localRank 0\n" + steps(0, 20),
    "a retry over the network": began(0, 1) + steps(0, 9)
    + "WARNING urllib3.connectionpool Retrying after connection broken by ConnectionResetError("
    "104, 'Connection reset by peer')\n" + steps(0, 20, first=9, minute=1),
    "a loss that is nan in a bar's first refresh": "Epoch 0:   0%| | 0/8 [00:00<?, ?it/s, loss=nan]"
    "\rEpoch 0:  12%|#| 1/8 [00:00<00:00, 3it/s, loss=1.85]\n",
}  # fmt: skip
"""What must raise no alarm, each in a file of its own."""
