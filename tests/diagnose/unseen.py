"""Failures as frameworks, drivers and schedulers report them, written before the rules were tried.

They are public message formats with figures of our own. `LOOK_ALIKES` only sound like failures.
"""

from tests.diagnose.cases import Expected
from tests.diagnose.scenarios import DAY, Scenario, rank_logs, table, traceback

_DEAD = ("failed",)
_ANY = ("failed", "hang", "undecided")


def _case(  # noqa: PLR0913 - one row of a table
    name: str, text: str, category: str | None, phase: str | None = "?", *guilty: int,
          verdicts: tuple[str, ...] = _DEAD, accusable: tuple[int, ...] = (),
          logs: dict[str, str] | None = None) -> Scenario:  # fmt: skip
    phases = () if phase == "?" else (phase,)
    expected = Expected(verdicts, (category,), phases, guilty, accusable)
    return Scenario(name, {"console.log": text, **(logs or {})}, expected)


def watchdog(rank: int, seq: int, op: str = "ALLREDUCE", style: str = "2.6") -> str:
    """The NCCL watchdog's words, as several versions of torch put them."""
    styles = {
        "1.13": f"[E ProcessGroupNCCL.cpp:821] [Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, Timeout(ms)=1800000) ran for 1803171 milliseconds before timing out.",
        "2.1": f"[E ProcessGroupNCCL.cpp:474] [Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, NumelIn=4096, NumelOut=4096, Timeout(ms)=600000) ran for 600410 milliseconds before timing out.",
        "2.6": f"[rank{rank}]:[E112 03:12:40.111813201 ProcessGroupNCCL.cpp:629] [Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, NumelIn=4096, NumelOut=4096, Timeout(ms)=600000) ran for 600088 milliseconds before timing out.",
        "2.8": f"[rank{rank}]:[E1121 10:41:07.517213117 ProcessGroupNCCL.cpp:685] [Rank {rank}] Watchdog caught collective operation timeout: WorkNCCL(SeqNum={seq}, OpType={op}, NumelIn=1, NumelOut=1, Timeout(ms)=600000) ran for 600002 milliseconds before timing out.",
    }
    return styles[style] + "\n"


AGENT = "E1121 10:31:50.101000 4100 torch/distributed/elastic/multiprocessing/api.py:874] failed (exitcode: {code}) local_rank: {rank} (pid: {pid}) of binary: /opt/conda/bin/python\n"
HF = (("/opt/conda/lib/python3.11/site-packages/transformers/trainer.py", "_inner_training_loop", "tr_loss_step = self.training_step(model, inputs, num_items_in_batch)"),
      ("/opt/conda/lib/python3.11/site-packages/accelerate/accelerator.py", "backward", "loss.backward(**kwargs)"))  # fmt: skip
LIGHTNING = (("/opt/conda/lib/python3.11/site-packages/lightning/pytorch/trainer/call.py", "_call_and_handle_interrupt", "return trainer_fn(*args, **kwargs)"),
             ("/work/proj/module.py", "training_step", "loss = self.criterion(logits, batch['label'])"))  # fmt: skip

_SHARD = (f"{DAY} 10:00:22,000 [ERROR] [Rank 2 Worker 0] Cannot read shard shard_00004.pt, it is"
          " skipped: PytorchStreamReader failed reading zip archive: failed finding central"
          " directory\n")  # fmt: skip

UNSEEN = (
    _case("a shard that was skipped, then a kill", _SHARD + table((1, -9)), "host_oom_kill", "?", 1,
          logs=rank_logs(3, 12)),
    _case("watchdog of torch 1.13, one silent", "".join(watchdog(r, 1204, style="1.13") for r in (0, 2, 3)),
          "collective_timeout", "collective", 1, verdicts=("failed", "hang")),
    _case("watchdog of torch 2.1, one silent of eight", "".join(watchdog(r, 88, style="2.1") for r in (0, 1, 2, 3, 4, 6, 7)),
          "collective_timeout", "collective", 5, verdicts=("failed", "hang")),
    _case("watchdog, a single op differs", watchdog(0, 90) + watchdog(1, 90) + watchdog(2, 90, "_ALLGATHER_BASE") + watchdog(3, 90),
          "collective_mismatch", "collective", 2, verdicts=("failed", "hang")),
    _case("gloo timeout on send", traceback(0, "RuntimeError: [../third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:133] Timed out waiting 1800000ms for send operation to complete"),
          "gloo_timeout", "collective", verdicts=("failed", "hang"), accusable=(1,)),
    _case("elastic: store client timeout", traceback(None, "torch.distributed.DistStoreError: Timed out after 901 seconds waiting for clients. 3/4 clients joined."),
          "rendezvous_timeout", "init"),
    _case("elastic: cannot connect", "[W socket.cpp:663] [c10d] The client socket has failed to connect to [node-0]:29500 (errno: 110 - Connection timed out).\n" + traceback(None, "torch.distributed.DistNetworkError: The client socket has timed out after 60000ms while trying to connect to (node-0, 29500)."),
          "rendezvous_timeout", "init"),
    _case("elastic: closed rendezvous", traceback(None, "torch.distributed.elastic.rendezvous.api.RendezvousConnectionError: The connection to the C10d store has failed. See inner exception for details."),
          "rendezvous_timeout", "init"),
    _case("port in use, new wording", traceback(None, "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use"),
          "port_in_use", "init"),
    _case("device-side assert in a loss", "../aten/src/ATen/native/cuda/Loss.cu:250: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], thread: [5,0,0] Assertion `t >= 0 && t < n_classes` failed.\n" + traceback(2, "RuntimeError: CUDA error: device-side assert triggered"),
          "cuda_kernel_fault", "?", 2),
    _case("embedding index assert", "../aten/src/ATen/native/cuda/Indexing.cu:1422: indexSelectLargeIndex: block: [412,0,0], thread: [64,0,0] Assertion `srcIndex < srcSelectDimSize` failed.\n",
          "cuda_kernel_fault", verdicts=("failed", "undecided")),
    _case("Xid 79 in dmesg", "[1023477.120331] NVRM: Xid (PCI:0000:4e:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.\n",
          "gpu_hardware", verdicts=("failed", "undecided")),
    _case("Xid 63 row remapping", "kernel: NVRM: Xid (PCI:0000:c6:00): 63, pid=88120, name=python, Row Remapper: New row marked for remapping, reset gpu to activate.\n",
          "gpu_hardware", verdicts=("failed", "undecided")),
    _case("NVLink Xid 74", "Nov 21 10:12:01 a17 kernel: NVRM: Xid (PCI:0000:1b:00): 74, pid=1822, NVLink: fatal error detected on link 3(0x10000, 0x0, 0x0, 0x0)\n",
          "gpu_hardware", verdicts=("failed", "undecided")),
    _case("oom-kill in dmesg", "[88231.4] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,oom_memcg=/slurm/uid_1000/job_771,task_memcg=/slurm/uid_1000/job_771/step_0,task=python,pid=40112,uid=1000\n[88231.5] Memory cgroup out of memory: Killed process 40112 (python) total-vm:91234560kB, anon-rss:66123456kB, file-rss:0kB\n",
          "host_oom_kill", verdicts=("failed", "undecided")),
    _case("Slurm 23 oom_kill", "slurmstepd: error: Detected 1 oom_kill event in StepId=48213.0. Some of the step tasks have been OOM Killed.\nsrun: error: gpu-12: task 3: Out Of Memory\n",
          "host_oom_kill"),
    _case("DeepSpeed overflow storm", "".join(f"[{DAY} 10:00:{i:02d},101] [INFO] [loss_scaler.py:190:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {2 ** max(0, 30 - i)}, reducing to {2 ** max(0, 29 - i)}\n" for i in range(40)),
          "loss_scale_collapse", "optimizer"),
    _case("DeepSpeed at its minimum", traceback(0, "Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run."),
          "loss_scale_collapse", "optimizer"),
    _case("Lightning: shape mismatch on one rank", traceback(1, "ValueError: Expected input batch_size (32) to match target batch_size (31).", *LIGHTNING),
          "user_exception", "?", 1),
    _case("HF Trainer out of memory", traceback(3, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.16 GiB. GPU 3 has a total capacity of 79.14 GiB of which 512.75 MiB is free. Including non-PyTorch memory, this process has 78.61 GiB memory in use.", *HF),
          "cuda_oom", "?", 3),
    _case("old out of memory", traceback(None, "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 10.76 GiB total capacity; 9.71 GiB already allocated; 5.56 MiB free; 9.81 GiB reserved in total by PyTorch)"),
          "cuda_oom"),
    _case("cublas could not allocate", traceback(1, "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
          "cuda_oom", "?", 1),
    _case("safetensors header", traceback(0, "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer", ("/w/train.py", "load_checkpoint", "state = load_file(path)")),
          "checkpoint_corrupt", "checkpoint_load", 0),
    _case("torch.load of a torn file", traceback(None, "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory", ("/w/train.py", "resume", "ckpt = torch.load(path)")),
          "checkpoint_corrupt", "checkpoint_load"),
    _case("disk quota", traceback(0, "OSError: [Errno 122] Disk quota exceeded: '/home/u/ckpt/step_100.pt.tmp'", ("/w/train.py", "save_checkpoint", "torch.save(state, tmp)")),
          "checkpoint_write_failed", "checkpoint", 0),
    _case("no space: torch's writer", traceback(0, "RuntimeError: [enforce fail at inline_container.cc:603] . unexpected pos 4161536 vs 4161424", ("/w/train.py", "save_checkpoint", "torch.save(state, tmp)")),
          "checkpoint_write_failed", "checkpoint", 0),
    _case("safetensors io error on save", traceback(0, 'safetensors_rust.SafetensorError: Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No space left on device" })', ("/x/transformers/trainer.py", "_save_checkpoint", "self.save_model(output_dir)")),
          "checkpoint_write_failed", "checkpoint", 0),
    _case("SIGHUP", "W1121 10:31:44.501000 4100 torch/distributed/elastic/agent/server/api.py:719] Received 1 death signal, shutting down workers\ntorch.distributed.elastic.multiprocessing.api.SignalException: Process 4100 got signal: 1\n",
          "external_signal", None, verdicts=("interrupted",)),
    _case("preemption and requeue", "slurmstepd: error: *** JOB 771234 ON gpu-04 CANCELLED AT 2026-11-21T10:31:44 DUE TO PREEMPTION ***\n",
          "sched_preempt", verdicts=("interrupted",)),
    _case("Slurm node failure", "slurmstepd: error: *** JOB 771234 ON gpu-04 CANCELLED AT 2026-11-21T10:31:44 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***\n",
          "host_freeze", verdicts=("failed", "interrupted")),
    _case("bus error of a loader worker", "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).\n" + traceback(2, "RuntimeError: DataLoader worker (pid(s) 8812) exited unexpectedly"),
          "dataloader_worker_killed", "data_loading", 2),
    _case("loader worker aborted", traceback(0, "RuntimeError: DataLoader worker (pid 4412) is killed by signal: Aborted. "),
          "dataloader_worker_killed", "data_loading", 0),
    _case("too many open files in the loader", traceback(1, "RuntimeError: received 0 items of ancdata", ("/opt/venv/lib/python3.11/site-packages/torch/utils/data/dataloader.py", "_try_get_data", "data = self._data_queue.get(timeout=timeout)")),
          "user_exception", "data_loading", 1),
    _case("stale NFS handle", traceback(3, "OSError: [Errno 116] Stale file handle: '/nfs/data/shard_0412.tar'", ("/w/data.py", "__getitem__", "with open(path, 'rb') as f:")),
          "user_exception", "data_loading", 3),
    _case("Killed by the shell", "Epoch 3 | step 120 | loss 0.4312\n/var/spool/slurmd/job1234/slurm_script: line 21: 99123 Killed                  python train.py --cfg a.yaml\n",
          "host_oom_kill"),
    _case("exit code -7", AGENT.format(code=-7, rank=2, pid=5002) + table((2, -7)),
          "segfault", "?", 2),
    _case("exit code -11", AGENT.format(code=-11, rank=0, pid=5000) + table((0, -11)),
          "segfault", "?", 0),
    _case("segfault in libnccl in dmesg", "[77123.1] python[5002]: segfault at 0 ip 00007f3a1c sp 00007ffd error 4 in libnccl.so.2.21.5[7f3a00+1200000]\n" + table((2, -11)),
          "segfault", "?", 2),
    _case("fatal python error", 'Fatal Python error: Segmentation fault\n\nThread 0x00007f1 (most recent call first):\n  File "train.py", line 3 in f\n' + table((1, -11)),
          "segfault", "?", 1),
    _case("NCCL cannot find an interface", traceback(0, "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:1970, unhandled system error (run with NCCL_DEBUG=INFO for details), NCCL version 2.20.5\nncclSystemError: System call (e.g. socket, malloc) or external library call failed or device error.\nLast error:\nBootstrap : no socket interface found", ("/w/train.py", "main", "dist.init_process_group('nccl')")),
          "nccl_setup_or_transport", "init", accusable=(0,)),
    _case("IB completion error", "a17:4121:4300 [2] transport/net_ib.cc:1295 NCCL WARN NET/IB : Got completion from peer 10.1.2.3<51234> with status=12 opcode=0 len=0 vendor err 129 (Recv) localGid fe80::1 remoteGids fe80::2 hca mlx5_2\n",
          "nccl_setup_or_transport", verdicts=_ANY, accusable=(2,)),
    _case("P2P mapping", traceback(1, "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/NCCLUtils.hpp:275, unhandled cuda error (run with NCCL_DEBUG=INFO for details), NCCL version 2.20.5\nncclUnhandledCudaError: Call to CUDA function failed.\nLast error:\nCuda failure 'peer access is not supported between these two devices'", ("/w/train.py", "main", "model = DistributedDataParallel(model)")),
          "nccl_setup_or_transport", "init", accusable=(1,)),
    _case("mpirun: one process aborted", traceback(2, "AssertionError: loss is not finite", ("/w/train.py", "train_step", "assert torch.isfinite(loss)")) + "--------------------------------------------------------------------------\nPrimary job  terminated normally, but 1 process returned\na non-zero exit code. Per user-direction, the job has been aborted.\n--------------------------------------------------------------------------\n",
          "loss_nan_or_spike", "?", 2),
    _case("srun: task exited", traceback(3, "KeyError: 'labels'", ("/w/train.py", "compute_loss", "y = batch['labels']")) + "srun: error: gpu-02: task 3: Exited with exit code 1\nsrun: Terminating StepId=12.0\nslurmstepd: error: *** STEP 12.0 ON gpu-02 CANCELLED AT 2026-11-21T10:31:44 ***\n",
          "user_exception", "?", 3),
    _case("time limit", "slurmstepd: error: *** JOB 5521 ON a01 CANCELLED AT 2026-11-21T10:31:44 DUE TO TIME LIMIT ***\n",
          "sched_time_limit", verdicts=("interrupted",)),
    _case("LSF run limit", "TERM_RUNLIMIT: job killed after reaching LSF run time limit.\nExited with exit code 140.\n",
          "sched_time_limit", verdicts=("interrupted",)),
    _case("PBS walltime", "=>> PBS: job killed: walltime 86432 exceeded limit 86400\n",
          "sched_time_limit", verdicts=("interrupted",)),
    _case("unused parameters", traceback(0, "RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one. This error indicates that your module has parameters that were not used in producing loss."),
          "ddp_unused_params", "forward", accusable=(0,)),
    _case("clocks of two nodes apart", "", "user_exception", "?", 1,
          logs={"debug_rank0_20261121_100000.log": f"{DAY} 14:00:00,000 [DEBUG] [Rank 0] Training step 3, loss=0.5\n" + traceback(None, "RuntimeError: [../gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.0.0.9]:41231"),
                "debug_rank1_20261121_100000.log": f"{DAY} 17:00:00,000 [DEBUG] [Rank 1] Training step 3, loss=0.5\n" + traceback(None, "IndexError: list index out of range", ("/w/data.py", "collate", "x = rows[9]"))}),
    _case("heartbeat monitor", "[rank4]:[F1121 10:41:07.1 ProcessGroupNCCL.cpp:1306] [PG ID 0 PG GUID 0(default_pg) Rank 4] [PG ID 0 PG GUID 0(default_pg) Rank 4] ProcessGroupNCCL's watchdog got stuck for 480 seconds without making progress in monitoring enqueued collectives. This typically indicates a NCCL/CUDA API (e.g., CudaEventDestroy) hang blocking the watchdog, and could be triggered by another thread holding the GIL inside a CUDA api\n",
          "host_freeze", "?", 4, verdicts=("failed", "hang")),
    _case("driver too old", traceback(None, "RuntimeError: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver"),
          "env_mismatch"),
    _case("missing kernel image", traceback(None, "RuntimeError: CUDA error: no kernel image is available for execution on the device"),
          "env_mismatch"),
    _case("GPU lost", traceback(5, "torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered"),
          "gpu_hardware", "?", 5),
    _case("unspecified launch failure", traceback(6, "torch.AcceleratorError: CUDA error: unspecified launch failure"),
          "cuda_kernel_fault", "?", 6),
    _case("Megatron NaN check", traceback(7, "AssertionError: Rank 7: found NaN in local forward loss calculation. Device: 7, node: a17", ("/m/megatron/training.py", "forward_step", "assert not loss.isnan()")),
          "loss_nan_or_spike", "?", 7),
    _case("module not found everywhere", "".join(traceback(r, "ModuleNotFoundError: No module named 'flash_attn'", ("/w/train.py", "<module>", "import flash_attn")) for r in range(2)) + table((0, 1), (1, 1)),
          "user_exception"),
    _case("kubernetes eviction", "The node was low on resource: memory. Container trainer was using 61Gi, request is 32Gi\nreason: OOMKilled\nexit code: 137\n",
          "host_oom_kill"),
    _case("bash: exit 137 of one step", "/opt/run.sh: line 12:  4123 Killed                  torchrun --nproc-per-node 8 train.py\n+ exit 137\n", "host_oom_kill"),
)  # fmt: skip

_OK = rank_logs(2, 12)["debug_rank0_20261121_100000.log"]

LOOK_ALIKES = {
    "warning with error in its name": _OK + "UserWarning: mean_squared_error is deprecated, use root_mean_squared_error\n" + "FutureWarning: error_bad_lines is deprecated\n",
    "metric named error": _OK + "epoch 1 val_error: 0.231 top5_error: 0.08\nError rate: 3.2%\n",
    "NaN in an unrelated metric": _OK + "epoch 1 f1_rare_class=nan precision=0.91 (no positives)\n",
    "a handled traceback": _OK + "WARNING: could not import apex, going on without it\nTraceback (most recent call last):\n  File \"/w/u.py\", line 3, in opt\n    import apex\nModuleNotFoundError: No module named 'apex'\n" + rank_logs(1, 8, hour=11)["debug_rank0_20261121_100000.log"],
    "a retry that succeeds": _OK + "ConnectionResetError: [Errno 104] Connection reset by peer; retrying in 2 s (1/5)\nretry succeeded\n" + rank_logs(1, 8, hour=11)["debug_rank0_20261121_100000.log"],
    "one overflow": _OK + "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0\n" + rank_logs(1, 8, hour=11)["debug_rank0_20261121_100000.log"],
    "OMP notice": "*****************************************\nSetting OMP_NUM_THREADS environment variable for each process to be 1 in default, to avoid your system being overloaded, please further tune the variable for optimal performance in your application as needed. \n*****************************************\n" + _OK,
    "timeouts that are settings": _OK + "Namespace(timeout=1800, error_if_nonfinite=True, kill_after=3, on_oom='skip')\nNCCL_TIMEOUT=1800 set; watchdog timeout is 600 s\n",
    "words in file names": _OK + "Processing /data/failed_cases/segfault_report.txt\nloaded 12 files from killed_process_dataset\n",
    "nccl info": _OK + "a17:1:1 [0] NCCL INFO NET/IB : No device found.\na17:1:1 [0] NCCL INFO Connected all rings\n",
    "destroy_process_group warning": _OK + "[rank0]:[W1121 10:41:07.5 ProcessGroupNCCL.cpp:1496] Warning: WARNING: destroy_process_group() was not called before program exit, which can leak resources.\n",
    "wandb retry": _OK + "wandb: Network error (ConnectionError), entering retry loop.\nwandb: Network error resolved after 0:00:12, resuming normal operation.\n",
    "skipped bad sample": _OK + "WARNING skipping corrupt image /d/1.jpg: cannot identify image file (OSError)\n",
    "tests of errors": _OK + "eval: exact_match 0.41, oom_rate 0.0, hang_score 0.3, killed_count 0\n",
}  # fmt: skip
