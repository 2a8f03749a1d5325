"""A third lot of failures, written after the rules had learned from the second, to measure them anew."""

from tests.diagnose.cases import Expected
from tests.diagnose.scenarios import DAY, Scenario, rank_logs, steps, table, traceback
from tests.diagnose.unseen import watchdog
from tests.diagnose.unseen_more import (
    BACK,
    LOAD,
    LOADER,
    OWN,
    SAVE,
    SITE,
    STEPS,
    mixed,
    prefixed,
    step,
    torchrun,
)

FAILED = ("failed",)
OPEN = ("failed", "undecided")
EITHER = ("failed", "hang", "undecided")
ENDED = ("interrupted",)


def _case(  # one row of a table
    name: str, text: str | dict[str, str], category: str | tuple[str | None, ...] | None,
    *guilty: int, phase: str = "?", verdicts: tuple[str, ...] = FAILED,
    accusable: tuple[int, ...] = (),
) -> Scenario:  # fmt: skip
    categories = category if isinstance(category, tuple) else (category,)
    files = text if isinstance(text, dict) else {"console.log": text}
    phases = () if phase == "?" else (phase,)
    return Scenario(name, files, Expected(verdicts, categories, phases, guilty, accusable))


FSDP = (f"{SITE}/torch/distributed/fsdp/_runtime_utils.py", "_pre_forward", "unshard_fn(state, handle)")  # fmt: skip
MEGATRON = ("/m/megatron/core/pipeline_parallel/schedules.py", "forward_backward_pipelining", "output_tensor = forward_step(")  # fmt: skip
LOGURU = "2026-11-21 10:31:44.101 | ERROR    | __main__:main:88 - An error has been caught in function 'main', process 'MainProcess' (5001), thread 'MainThread' (140):\n"

LATE = (
    _case("loguru prints the traceback with arrows",
          STEPS + LOGURU + "Traceback (most recent call last):\n\n> File \"/w/train.py\", line 88, in <module>\n    main()\n    └ <function main at 0x7f>\n\n  File \"/w/train.py\", line 51, in main\n    loss = step(batch)\n           │    └ {'x': 1}\n           └ <function step at 0x7f>\n\nKeyError: 'y'\n",
          "user_exception", verdicts=OPEN),
    _case("OOM in the optimizer's first step", torchrun(traceback(0, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 3.91 GiB.", (f"{SITE}/torch/optim/adamw.py", "_init_group", "state['exp_avg'] = torch.zeros_like(p)")), (0, 1)), "cuda_oom", 0, phase="optimizer"),
    _case("OOM while it is validating", torchrun(traceback(2, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 900.00 MiB.", ("/w/train.py", "validate", "out = model(x)")), (2, 1)), "cuda_oom", 2, phase="validation"),
    _case("FSDP: a rank died in unshard", torchrun(traceback(3, "torch.AcceleratorError: CUDA error: an illegal memory access was encountered", FSDP) + "".join(watchdog(r, 77, "_ALLGATHER_BASE") for r in (0, 1, 2)), (3, 1), (0, -6), (1, -6), (2, -6)), "cuda_kernel_fault", 3),
    _case("Megatron: the data set's index is missing", torchrun(mixed(*(traceback(r, "FileNotFoundError: [Errno 2] No such file or directory: '/data/corpus_text_document.idx'", MEGATRON) for r in range(4))), *((r, 1) for r in range(4))).replace(STEPS, ""), "user_exception"),
    _case("only the first rank cannot write its cache", torchrun(traceback(0, "PermissionError: [Errno 13] Permission denied: '/home/shared/.cache/huggingface/datasets/downloads'", ("/w/train.py", "main", "ds = load_dataset('x')")) , (0, 1)).replace(STEPS, ""), "user_exception", 0),
    _case("NCCL timeout because rank 0 evaluates alone",
          {"console.log": torchrun("".join(watchdog(r, 501) for r in (1, 2, 3)), (1, -6), (2, -6), (3, -6)),
           **{f"debug_rank{r}_20261121_100000.log": f"{DAY} 10:00:00,000 [DEBUG] [Rank {r}] init done world=4 pid={5000 + r}\n" + steps(r, 12) + (f"{DAY} 10:00:30,000 [DEBUG] [Rank 0] ========== EPOCH 0 VALIDATION START ==========\n" if r == 0 else "") for r in range(4)}},
          ("collective_timeout", "uneven_inputs"), 0, verdicts=EITHER),
    _case("a timeout in a barrier before the first step", torchrun("".join(watchdog(r, 1, "ALLREDUCE") for r in (0, 1, 3)), (0, -6), (1, -6), (3, -6)).replace(STEPS, ""), ("collective_timeout", "nccl_setup_or_transport"), 2, verdicts=EITHER),
    _case("different dtypes reduced", torchrun(watchdog(0, 12, "BROADCAST") + watchdog(1, 12, "ALLREDUCE") + watchdog(2, 12, "ALLREDUCE") + watchdog(3, 12, "ALLREDUCE"), (0, -6), (1, -6), (2, -6), (3, -6)), "collective_mismatch", 0),
    _case("gloo: reset by peer, the peer was killed for memory", {"console.log": torchrun(mixed(*(traceback(r, "RuntimeError: [/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Read error [10.1.0.4]:48213: Connection reset by peer", BACK) for r in (0, 1))), (2, -9), (0, 1), (1, 1), world=3), "dmesg": "[Sat Nov 21 10:31:44 2026] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,oom_memcg=/slurm/job_9,task_memcg=/slurm/job_9,task=python,pid=5002,uid=1000\n"}, "host_oom_kill", 2),
    _case("the store is gone: rank 0's node rebooted", mixed(*(traceback(r, "torch.distributed.DistNetworkError: failed to recv, got 0 bytes", (f"{SITE}/torch/distributed/distributed_c10d.py", "barrier", "work.wait()")) for r in (4, 5))) + table((4, 1), (5, 1)), ("peer_lost", "rendezvous_timeout"), accusable=(0,)),
    _case("the hub limits requests on some ranks", torchrun(mixed(*(traceback(r, "huggingface_hub.errors.HfHubHTTPError: 429 Client Error: Too Many Requests for url: https://huggingface.co/api/models/x", ("/w/train.py", "main", "AutoModel.from_pretrained(name)")) for r in (1, 3))), (1, 1), (3, 1)).replace(STEPS, ""), "user_exception", 1, 3),
    _case("torch.load of a file that is not there", traceback(0, "FileNotFoundError: [Errno 2] No such file or directory: '/ckpt/step_1000/model.pt'", LOAD) + table((0, 1)), "user_exception", 0, phase="checkpoint_load"),
    _case("zip archive: invalid header", traceback(0, "RuntimeError: PytorchStreamReader failed reading file data/31: file read failed", LOAD) + table((0, 1)), "checkpoint_corrupt", 0, phase="checkpoint_load"),
    _case("a distributed checkpoint lacks its metadata", torchrun(mixed(*(traceback(r, "FileNotFoundError: [Errno 2] No such file or directory: '/ckpt/step_1000/.metadata'", (f"{SITE}/torch/distributed/checkpoint/filesystem.py", "read_metadata", "with self.fs.create_stream(path, 'rb') as metadata_file:")) for r in range(2))), (0, 1), (1, 1), world=2).replace(STEPS, ""), "user_exception"),
    _case("S3: no credentials while saving", torchrun(traceback(0, "botocore.exceptions.NoCredentialsError: Unable to locate credentials", SAVE), (0, 1)), ("user_exception", "checkpoint_write_failed"), 0, phase="checkpoint"),
    _case("file name too long", torchrun(traceback(0, "OSError: [Errno 36] File name too long: '/out/aaaaaaaa.pt'", SAVE), (0, 1)), ("user_exception", "checkpoint_write_failed"), 0, phase="checkpoint"),
    _case("inodes are used up", torchrun(traceback(0, "OSError: [Errno 28] No space left on device: '/out/step_300/optim_00003.pt'", SAVE), (0, 1)), "checkpoint_write_failed", 0, phase="checkpoint"),
    _case("the log's disk is full", STEPS + "--- Logging error ---\n" + traceback(None, "OSError: [Errno 28] No space left on device", (f"{SITE}/../logging/__init__.py", "emit", "self.flush()")), ("checkpoint_write_failed", None), verdicts=("failed", "undecided", "healthy")),
    _case("PIL cannot read a picture in a loader", torchrun(traceback(1, "PIL.UnidentifiedImageError: cannot identify image file '/d/17.jpg'", LOADER, (f"{SITE}/PIL/Image.py", "open", "raise UnidentifiedImageError(msg)")), (1, 1)), "user_exception", 1, phase="data_loading"),
    _case("a lambda cannot be pickled for the workers", torchrun(mixed(*(traceback(r, "AttributeError: Can't pickle local object 'build.<locals>.<lambda>'", (f"{SITE}/torch/utils/data/dataloader.py", "__init__", "w.start()")) for r in range(2))), (0, 1), (1, 1), world=2).replace(STEPS, ""), "user_exception"),
    _case("tensors of a batch differ in size", torchrun(traceback(0, "RuntimeError: stack expects each tensor to be equal size, but got [3, 224, 224] at entry 0 and [1, 224, 224] at entry 7", LOADER, (f"{SITE}/torch/utils/data/_utils/collate.py", "collate_tensor_fn", "return torch.stack(batch, 0, out=out)")), (0, 1)), "user_exception", 0, phase="data_loading"),
    _case("a pin-memory thread dies first", torchrun("Exception in thread Thread-4 (_pin_memory_loop):\n" + traceback(None, "RuntimeError: CUDA error: an illegal memory access was encountered", (f"{SITE}/torch/utils/data/_utils/pin_memory.py", "_pin_memory_loop", "do_one_step()")) + traceback(1, "RuntimeError: Pin memory thread exited unexpectedly", LOADER), (1, 1)), ("cuda_kernel_fault", "user_exception"), 1, phase="?"),
    _case("CUDA in a forked loader", torchrun(traceback(0, "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with multiprocessing, you must use the 'spawn' start method", LOADER), (0, 1)), "user_exception", 0, phase="data_loading"),
    _case("a loader's shared memory manager", torchrun(traceback(2, "RuntimeError: unable to open shared memory object </torch_5002_118_33> in read-write mode: Too many open files (24)", LOADER), (2, 1)), ("dataloader_worker_killed", "user_exception"), 2, phase="data_loading"),
    _case("torch_shm_manager cannot be reached", torchrun(traceback(2, "RuntimeError: unable to mmap 4194432 bytes from file </torch_5002_7_1>: Cannot allocate memory (12)", LOADER), (2, 1)), ("dataloader_worker_killed", "host_oom_kill"), 2),
    _case("Lightning: the sanity check fails", "Sanity Checking DataLoader 0:   0%|          | 0/2 [00:00<?, ?it/s]" + traceback(None, "ValueError: Target size (torch.Size([8])) must be the same as input size (torch.Size([8, 1]))", ("/w/module.py", "validation_step", "loss = F.binary_cross_entropy_with_logits(out, y)")), "user_exception", verdicts=OPEN),
    _case("accelerate: config names more processes than cards", torchrun(mixed(*(traceback(r, "torch.AcceleratorError: CUDA error: invalid device ordinal", (f"{SITE}/accelerate/state.py", "set_device", "device_module.set_device(self.device)")) for r in (4, 5, 6, 7))), *((r, 1) for r in (4, 5, 6, 7)), world=8).replace(STEPS, ""), "env_mismatch", 4, 5, 6, 7),
    _case("transformers: versions do not fit", traceback(None, "ImportError: cannot import name 'is_torch_greater' from 'transformers.utils' (/opt/env/lib/python3.12/site-packages/transformers/utils/__init__.py)", ("/w/train.py", "<module>", "from trl import SFTTrainer")), "user_exception"),
    _case("glibc is too old for a wheel", traceback(None, "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by /opt/env/lib/python3.12/site-packages/x.so)", ("/w/train.py", "<module>", "import x")), "env_mismatch"),
    _case("numpy 2 under a module for numpy 1", torchrun(mixed(*(traceback(r, "RuntimeError: Numpy is not available", OWN) for r in range(2))), (0, 1), (1, 1), world=2), "user_exception"),
    _case("the driver was updated under a running node", traceback(None, "RuntimeError: No CUDA GPUs are available", ("/w/train.py", "main", "model.cuda()")) + "Failed to initialize NVML: Driver/library version mismatch\n", "env_mismatch"),
    _case("NVML warns and CUDA is unknown", "UserWarning: Can't initialize NVML\n" + traceback(None, "RuntimeError: CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable CUDA_VISIBLE_DEVICES after program start.", ("/w/train.py", "main", "model.cuda()")), ("env_mismatch", "cuda_kernel_fault")),
    _case("InfiniBand port is down", "a18:5001:5113 [1] transport/net_ib.cc:2301 NCCL WARN NET/IB : mlx5_1:1 async fatal event: port error\n" + traceback(9, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:110, remote process exited or there was a network error, NCCL version 2.26.2", BACK) + table((9, 1)), ("nccl_setup_or_transport", "peer_lost"), accusable=(9,)),
    _case("GPU direct: memory cannot be registered", "a18:5001:5113 [1] misc/ibvwrap.cc:254 NCCL WARN Call to ibv_reg_mr_iova2 failed with error Cannot allocate memory\n" + traceback(1, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, unhandled system error (run with NCCL_DEBUG=INFO for details), NCCL version 2.26.2", BACK).replace("train_epoch", "main") + table((1, 1)), "nccl_setup_or_transport", accusable=(1,)),
    _case("Slurm: the launch failed", "srun: error: Task launch for StepId=88123.0 failed on node a18: Invalid job credential\nsrun: error: Application launch failed: Invalid job credential\nsrun: Job step aborted: Waiting up to 32 seconds for job step to finish.\n", (None, "external_signal", "env_mismatch"), verdicts=EITHER + ENDED),
    _case("Slurm: scancel by its owner", STEPS + "slurmstepd: error: *** JOB 88123 ON a17 CANCELLED AT 2026-11-21T10:31:50 ***\n", "external_signal", verdicts=ENDED),
    _case("Slurm: signal before the limit, the script saves and leaves", STEPS + "Received SIGUSR1, saving a checkpoint and requeueing\nslurmstepd: error: *** JOB 88123 ON a17 CANCELLED AT 2026-11-21T10:31:50 DUE TO JOB REQUEUE ***\n", "sched_preempt", verdicts=ENDED),
    _case("PBS: walltime", STEPS + "=>> PBS: job killed: walltime 86445 exceeded limit 86400\n", "sched_time_limit", verdicts=ENDED),
    _case("LSF: run limit", STEPS + "TERM_RUNLIMIT: job killed after reaching LSF run time limit.\nExited with exit code 140.\n", "sched_time_limit", verdicts=ENDED),
    _case("SGE or bash: terminated", STEPS + "/var/spool/job/88123: line 14: 4100 Terminated              torchrun --nproc-per-node 8 train.py\n", ("external_signal", None), verdicts=("interrupted", "undecided")),
    _case("bash: segmentation fault of the launcher's child", STEPS + "/opt/run.sh: line 9:  4123 Segmentation fault      (core dumped) python train.py\n", "segfault"),
    _case("bash: aborted", STEPS + "/opt/run.sh: line 9:  4123 Aborted                 (core dumped) python train.py\n", (None, "segfault", "user_exception"), verdicts=OPEN),
    _case("a double free", torchrun("double free or corruption (!prev)\n", (1, -6)), ("segfault", None), 1),
    _case("a C++ check failed", torchrun("[rank1]:F1121 10:31:49.771304 5001 data_reader.cc:88] Check failed: offset < size (912 vs. 900)\n*** Check failure stack trace: ***\n", (1, -6)), ("segfault", "user_exception", None), 1),
    _case("bus error of the main process", torchrun('Fatal Python error: Bus error\n\nCurrent thread 0x00007f5 (most recent call first):\n  File "/w/data.py", line 12 in __getitem__\n', (2, -7)), ("segfault", "dataloader_worker_killed"), 2),
    _case("a recursion without an end", torchrun(traceback(0, "RecursionError: maximum recursion depth exceeded", OWN), (0, 1)), "user_exception", 0),
    _case("the loss explodes and is NaN in all later steps", STEPS + "".join(f"{DAY} 10:01:{at:02d} INFO step {40 + at}/9000 loss nan lr 3.0e-04\n" for at in range(20)), "loss_nan_or_spike"),
    _case("the loss is inf", "".join(f"step {at} | loss {'inf' if at > 30 else 2.1} | lr 0.001 | 120 tok/s\n" for at in range(60)), "loss_nan_or_spike"),
    _case("a HF Trainer whose loss is 0 and norm nan", "".join(f"{{'loss': {0.0 if at > 5 else 1.9 - at / 10}, 'grad_norm': {'nan' if at > 5 else 0.8}, 'learning_rate': 2e-05, 'epoch': {at / 10}}}\n" for at in range(40)), ("loss_nan_or_spike", None), verdicts=("failed", "undecided", "healthy")),
    _case("deepspeed: every step overflows", STEPS + "".join(f"[2026-11-21 10:01:{at:02d},101] [INFO] [loss_scaler.py:190:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {2 ** (32 - at)}, reducing to {2 ** (31 - at)}\n" for at in range(32)), "loss_scale_collapse", verdicts=OPEN),
    _case("the learning rate came to 0 in the middle", "".join(f"epoch {1 + at // 10} step {at} loss 1.{at:03d} lr {0.0 if at > 60 else 0.001}\n" for at in range(200)), "lr_zero", verdicts=OPEN),
    _case("one of four is silent, the others moved an epoch on", {**rank_logs(4, 12), **{f"debug_rank{r}_20261121_100000.log": rank_logs(4, 12)[f"debug_rank{r}_20261121_100000.log"] + steps(r, 20, first=12, minute=1) for r in (0, 1, 3)}}, None, 2, verdicts=("hang", "undecided")),
    _case("two of eight on one node are behind", {**rank_logs(8, 12), **{f"debug_rank{r}_20261121_100000.log": rank_logs(8, 12)[f"debug_rank{r}_20261121_100000.log"] + steps(r, 20, first=12, minute=1) for r in (0, 1, 2, 3, 6, 7)}}, None, 4, 5, verdicts=("hang", "undecided")),
    _case("Ray Train: a worker's traceback comes through the driver", prefixed("(RayTrainWorker pid=5002, ip=10.1.0.4) ", STEPS) + "2026-11-21 10:31:45,001\tERROR tune_controller.py:1331 -- Trial task failed for trial TorchTrainer_ab12_00000\n" + 'Traceback (most recent call last):\n  File "/opt/env/lib/python3.12/site-packages/ray/air/execution/_internal/event_manager.py", line 110, in resolve_future\n    result = ray.get(future)\nray.exceptions.RayTaskError(RuntimeError): ray::_Inner.train() (pid=4900, ip=10.1.0.4)\n  File "/w/loop.py", line 31, in train_func\n    loss.backward()\nRuntimeError: element 0 of tensors does not require grad and does not have a grad_fn\n', "user_exception", verdicts=OPEN),
    _case("Kubernetes: liveness probe kills it", STEPS + "Warning  Unhealthy  2m (x3 over 4m)  kubelet  Liveness probe failed: command timed out\nNormal   Killing    2m  kubelet  Container trainer failed liveness probe, will be restarted\n", ("external_signal", None), verdicts=("interrupted", "undecided", "failed")),
    _case("a container without the GPU runtime", 'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].\n', ("env_mismatch", None), verdicts=OPEN),
    _case("two tracebacks of one rank: the handler fails too", torchrun(traceback(1, "ZeroDivisionError: division by zero", OWN) + "[rank1]: \n[rank1]: During handling of the above exception, another exception occurred:\n[rank1]: \n" + traceback(1, "OSError: [Errno 28] No space left on device", SAVE), (1, 1)), ("user_exception", "checkpoint_write_failed"), 1),
    _case("Chinese words around an OOM", STEPS + "训练失败：显存不足\n" + traceback(None, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB.", OWN), "cuda_oom"),
)  # fmt: skip

_AFTER = "".join(map(step, range(40, 60)))


def _around(text: str) -> str:
    return STEPS + text + _AFTER


QUIET = {
    "a retry of a shard": _around("WARNING webdataset: retrying shard 17 after OSError: [Errno 5] Input/output error (attempt 1)\n"),
    "NaN gradients that the scaler skips": _around("GradScaler: inf/nan gradients found, step skipped, scale 65536.0 -> 32768.0\n"),
    "a table with nan": _around("| class | AP | nan count |\n| car | 0.41 | 0 |\n| boat | nan | 3 |\n"),
    "elastic restarts and goes on": STEPS + "W1121 10:31:50.412000 4100 torch/distributed/elastic/agent/server/api.py:900] [default] Membership changed, restarting worker group\n" + _AFTER,
    "a profiler that complains": _around("ERROR:2026-11-21 10:05:00 4100:4100 CudaDeviceProperties.cpp:23] cudaGetDeviceCount failed with code 35\nSTAGE:2026-11-21 10:05:00 4100:4100 ActivityProfilerController.cpp:312] Completed Stage: Warm Up\n"),
    "torch.compile recompiles": _around("W1121 10:05:00.000000 4100 torch/_dynamo/convert_frame.py:861] [0/8] torch._dynamo hit config.recompile_limit (8)\nUserWarning: Graph break due to unsupported builtin\n"),
    "inductor falls back": _around("W1121 10:05:00.000000 4100 torch/_inductor/utils.py:1250] [0/0] Not enough SMs to use max_autotune_gemm mode\n"),
    "broken pipe of a pager": _around("cat: write error: Broken pipe\n"),
    "an old checkpoint is deleted": _around("Deleting older checkpoint [/out/checkpoint-100] due to args.save_total_limit\n"),
    "a data set that counts its failures": _around("loaded 1200 samples, 3 corrupt, 0 failed, 12 skipped (errors: 3)\n"),
    "asserts of a test that passed": _around("assert_close passed; max error 0.0003; assertion count 12\n"),
    "a killed process in a list": _around("  PID STAT COMMAND\n 4123 Z    [python] <defunct>\nKilled processes: none\n"),
    "abort of a communicator at the end": STEPS + "Training completed\na17:1:1 [0] NCCL INFO comm 0x7f rank 0 nranks 2 cudaDev 0 busId 1000 - Abort COMPLETE\n",
    "signal handlers installed": _around("Installed handlers for SIGTERM, SIGUSR1; on SIGTERM a checkpoint is saved\n"),
    "a time limit that is announced": _around("Slurm job ends at 2026-11-22T10:00:00 (time limit 24:00:00), will stop 10 min before\n"),
    "preemption is configured": _around("preemption=True requeue=True on_preempt=save\n"),
    "ECC counters": _around("GPU 0: ECC errors corrected 12, uncorrected 0; Xid: none; throttling: none\n"),
    "a warning about shared memory": _around("WARNING: /dev/shm is 64 MB; loaders may need more (use --shm-size)\n"),
    "thread counts": _around("RLIMIT_NPROC 4096 current, 513046 max; open files 1024/1048576\n"),
    "an exception name as a value": _around("retry_on: [ConnectionError, TimeoutError], raise_on: ValueError\n"),
}  # fmt: skip
"""Texts of healthy runs, by what they sound like."""
