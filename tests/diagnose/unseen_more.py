"""More failures as tools report them, each in the noise that surrounds it in a real console.

Written before the rules were tried on them, in public message formats with names and figures of our
own. In most of them the loudest lines are not the cause. `CALM` are runs that only sound ill.
"""

from tests.diagnose.cases import Expected
from tests.diagnose.scenarios import DAY, Scenario, table, traceback
from tests.diagnose.unseen import AGENT, watchdog

SITE = "/opt/env/lib/python3.12/site-packages"
ELASTIC = "W1121 10:31:50.412000 4100 torch/distributed/elastic/multiprocessing/api.py:900] Sending process {pid} closing signal SIGTERM\n"
STORE = "[rank{rank}]:[W1121 10:31:49.771304215 TCPStore.cpp:125] [c10d] recvValue failed on SocketImpl(fd=61, addr=[a17]:51422, remote=[a17]:29500): failed to recv, got 0 bytes\n"
BANNER = "W1121 10:00:01.000000 4100 torch/distributed/run.py:766] *****************************************\nW1121 10:00:01.000000 4100 torch/distributed/run.py:766] Setting OMP_NUM_THREADS environment variable for each process to be 1 in default.\n"


def step(at: int, loss: float = 2.5) -> str:
    """A step of a home-made console."""
    return f"{DAY} 10:{at // 60:02d}:{at % 60:02d} INFO step {at}/9000 loss {loss - at / 1000:.4f} lr 3.0e-04\n"


STEPS = "".join(map(step, range(40)))


def mixed(*texts: str) -> str:
    """Texts of several ranks as one console gets them: a line of each in turn."""
    lines = [text.splitlines(keepends=True) for text in texts]
    longest = max(map(len, lines))
    return "".join(some[at] for at in range(longest) for some in lines if at < len(some))


def prefixed(prefix: str, text: str) -> str:
    """Each line behind a prefix."""
    return "".join(f"{prefix}{line}" for line in text.splitlines(keepends=True))


def torchrun(text: str, root: tuple[int, int], *others: tuple[int, int], world: int = 4) -> str:
    """A console of torchrun: banner, steps, what went wrong, the clean-up and the table."""
    dead = {root[0], *(rank for rank, _ in others)}
    closing = "".join(ELASTIC.format(pid=5000 + rank) for rank in range(world) if rank not in dead)
    agent = AGENT.format(code=root[1], rank=root[0], pid=5000 + root[0])
    return BANNER + STEPS + text + closing + agent + "Traceback (most recent call last):\n" + (
        f'  File "/opt/env/bin/torchrun", line 8, in <module>\n    sys.exit(main())\n'
        f'  File "{SITE}/torch/distributed/launcher/api.py", line 277, in launch_agent\n'
        "    raise ChildFailedError(\n"
    ) + table(root, *others)  # fmt: skip


def _case(
    name: str, text: str | dict[str, str], category: str | tuple[str | None, ...] | None,
    *guilty: int, phase: str = "?", verdicts: tuple[str, ...] = ("failed",),
    accusable: tuple[int, ...] = (),
) -> Scenario:  # fmt: skip
    categories = category if isinstance(category, tuple) else (category,)
    files = text if isinstance(text, dict) else {"console.log": text}
    phases = () if phase == "?" else (phase,)
    return Scenario(name, files, Expected(verdicts, categories, phases, guilty, accusable))


OPEN = ("failed", "undecided")
EITHER = ("failed", "hang", "undecided")
PEER = "RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [10.1.0.4]:48213"
BACK = (f"{SITE}/torch/autograd/graph.py", "_engine_run_backward", "return Variable._execution_engine.run_backward(")  # fmt: skip
LOADER = (f"{SITE}/torch/utils/data/dataloader.py", "__next__", "data = self._next_data()")
OWN = ("/home/u/proj/train.py", "train_epoch", "out = model(batch)")
LOAD = ("/home/u/proj/ckpt.py", "load_checkpoint", "model.load_state_dict(state['model'])")
SAVE = ("/home/u/proj/ckpt.py", "save_checkpoint", "torch.save(state, path)")
INIT = (f"{SITE}/torch/distributed/distributed_c10d.py", "init_process_group", "store, rank, world_size = next(rendezvous_iterator)")  # fmt: skip
ABORT = (
    "[rank{rank}]:[E1121 10:31:49.771304215 ProcessGroupNCCL.cpp:1899] [PG ID 0 PG GUID 0(default_pg) Rank {rank}] Process group watchdog thread terminated with exception: {what}\n"
    "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace below might be incorrect.\n"
    "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    "Exception raised from c10_cuda_check_implementation at /pytorch/c10/cuda/CUDAException.cpp:43 (most recent call first):\n"
    "frame #0: c10::Error::Error(c10::SourceLocation, std::string) + 0x98 (0x7f in /opt/env/lib/libc10.so)\n"
    "terminate called after throwing an instance of 'c10::DistBackendError'\n"
    "  what():  [PG ID 0 PG GUID 0(default_pg) Rank {rank}] Process group watchdog thread terminated with exception: {what}\n"
)

CUDA = (
    _case("oom on one of four, peers lose it",
          torchrun(traceback(2, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.17 GiB. GPU 2 has a total capacity of 79.15 GiB of which 803.19 MiB is free. Process 88121 has 78.36 GiB memory in use.", OWN)
                   + STORE.format(rank=0) + STORE.format(rank=3), (2, 1)), "cuda_oom", 2),
    _case("oom on all ranks at one line, interleaved",
          torchrun(mixed(*(traceback(r, f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU {r} has a total capacity of 39.38 GiB", OWN) for r in range(4))),
                   (0, 1), (1, 1), (2, 1), (3, 1)), "cuda_oom"),
    _case("illegal access reported by the watchdog thread",
          torchrun(ABORT.format(rank=1, what="CUDA error: an illegal memory access was encountered") + STORE.format(rank=0), (1, -6)),
          "cuda_kernel_fault", 1),
    _case("two illegal accesses, the first counts",
          torchrun(traceback(3, "torch.AcceleratorError: CUDA error: an illegal memory access was encountered", OWN)
                   + traceback(0, "torch.distributed.DistBackendError: NCCL error in: ../torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:2251, remote process exited or there was a network error, NCCL version 2.26.2", BACK), (3, 1), (0, 1)),
          "cuda_kernel_fault", 3),
    _case("label out of range, asserts by the hundred",
          torchrun("".join(f"/pytorch/aten/src/ATen/native/cuda/Loss.cu:245: nll_loss_forward_reduce_cuda_kernel_2d: block: [0,0,0], thread: [{t},0,0] Assertion `t >= 0 && t < n_classes` failed.\n" for t in range(30))
                   + traceback(1, "torch.AcceleratorError: CUDA error: device-side assert triggered", OWN), (1, 1)), "cuda_kernel_fault", 1),
    _case("cuBLAS: execution failed", torchrun(traceback(0, "RuntimeError: CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasGemmEx( handle, opa, opb, m, n, k)`", OWN), (0, 1)),
          "cuda_kernel_fault", 0),
    _case("cuDNN: not initialised for want of memory", torchrun(traceback(0, "RuntimeError: cuDNN error: CUDNN_STATUS_NOT_INITIALIZED", OWN), (0, 1)),
          ("cuda_kernel_fault", "cuda_oom", "env_mismatch"), 0),
    _case("cuDNN: no engine", torchrun(traceback(0, "RuntimeError: GET was unable to find an engine to execute this computation", OWN), (0, 1)),
          ("user_exception", "env_mismatch", "cuda_kernel_fault"), 0),
    _case("ROCm: memory access fault",
          STEPS + "Memory access fault by GPU node-6 (Agent handle: 0x55f0a8bb1980) on address 0x7feea09c5000. Reason: Page not present or supervisor privilege.\n" + table((2, -6)),
          "cuda_kernel_fault", verdicts=("failed",), accusable=(2,)),
    _case("ROCm: HIP error", torchrun(traceback(1, "RuntimeError: HIP error: an illegal memory access was encountered", OWN), (1, 1)), "cuda_kernel_fault", 1),
    _case("ROCm: HIP out of memory", torchrun(traceback(1, "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 512.00 MiB. GPU 1 has a total capacity of 63.98 GiB", OWN), (1, 1)), "cuda_oom", 1),
    _case("an allocator's CPU side", torchrun(traceback(2, "RuntimeError: CUDA driver error: out of memory", OWN), (2, 1)), "cuda_oom", 2),
    _case("Triton: out of resources", torchrun(traceback(0, "triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 131072, Hardware limit: 101376. Reducing block sizes or `num_stages` may help.", OWN), (0, 1)),
          "user_exception", 0),
    _case("inductor: the C++ compiler is missing",
          torchrun(mixed(*(traceback(r, "torch._inductor.exc.InductorError: InvalidCxxCompiler: No working C++ compiler found in torch._inductor.config.cpp.cxx: (None, 'g++')", OWN) for r in range(2))), (0, 1), (1, 1), world=2),
          ("user_exception", "env_mismatch")),
    _case("dynamo: backend failed", torchrun(traceback(0, "torch._dynamo.exc.BackendCompilerFailed: backend='inductor' raised:", OWN) + "RuntimeError: Found NVIDIA GTX 1080 which is too old to be supported by the triton GPU compiler\n", (0, 1)), "user_exception", 0),
    _case("bitsandbytes without CUDA", torchrun(mixed(*(traceback(r, "RuntimeError: CUDA Setup failed despite GPU being available. Please run the following command to get more information: python -m bitsandbytes", OWN) for r in range(2))), (0, 1), (1, 1), world=2),
          ("user_exception", "env_mismatch")),
    _case("flash-attn built for another torch", traceback(None, "ImportError: /opt/env/lib/python3.12/site-packages/flash_attn_2_cuda.cpython-312-x86_64-linux-gnu.so: undefined symbol: _ZN3c105ErrorC2ENS_14SourceLocationESs", ("/w/train.py", "<module>", "from flash_attn import flash_attn_func")),
          "env_mismatch"),
    _case("flash-attn on an old card", torchrun(traceback(0, "RuntimeError: FlashAttention only supports Ampere GPUs or newer.", OWN), (0, 1)), ("user_exception", "env_mismatch"), 0),
    _case("compiled for another architecture", torchrun(mixed(*(traceback(r, "torch.AcceleratorError: CUDA error: no kernel image is available for execution on the device", OWN) for r in range(2))), (0, 1), (1, 1), world=2), "env_mismatch"),
    _case("driver older than the runtime", traceback(None, "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that might have already set an error? Error 804: forward compatibility was attempted on non supported HW", INIT), "env_mismatch"),
    _case("fabric manager is not running", traceback(None, "RuntimeError: Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() that might have already set an error? Error 802: system not yet initialized", INIT), ("env_mismatch", "gpu_hardware")),
    _case("more ranks than cards", torchrun(mixed(*(traceback(r, "torch.AcceleratorError: CUDA error: invalid device ordinal", ("/w/train.py", "setup", "torch.cuda.set_device(local_rank)")) for r in (2, 3))), (2, 1), (3, 1)),
          ("env_mismatch", "user_exception", "cuda_kernel_fault"), 2, 3),
    _case("the card is in exclusive mode", torchrun(traceback(1, "torch.AcceleratorError: CUDA error: CUDA-capable device(s) is/are busy or unavailable", ("/w/train.py", "setup", "model.to(device)")), (1, 1)),
          ("env_mismatch", "cuda_kernel_fault", "gpu_hardware"), 1),
    _case("Xid 119 and the rank that used the card",
          {"console.log": torchrun(traceback(5, "torch.AcceleratorError: CUDA error: unknown error", OWN), (5, 1), world=8),
           "dmesg.txt": "[Sat Nov 21 10:31:40 2026] NVRM: Xid (PCI:0000:c1:00): 119, pid=5005, name=python, Timeout after 6s of waiting for RPC response from GPU5 GSP!\n"},
          "gpu_hardware", 5),
    _case("row remapping failed", "Nov 21 10:31:40 a17 kernel: NVRM: Xid (PCI:0000:c1:00): 64, pid='<unknown>', name=<unknown>, Row remapper: Failed to remap row, GPU requires reset\n" + table((5, -6)), "gpu_hardware", accusable=(5,)),
    _case("double-bit ECC in the console only", torchrun(traceback(6, "torch.AcceleratorError: CUDA error: uncorrectable ECC error encountered", OWN) + "".join(watchdog(r, 812) for r in (0, 1)), (6, 1), (0, -6), (1, -6), world=8), "gpu_hardware", 6),
    _case("thermal shutdown in the kernel log", "kernel: NVRM: GPU at PCI:0000:5e:00: GPU-3b1f0d2a\nkernel: NVRM: Xid (PCI:0000:5e:00): 79, pid=9021, name=python3, GPU has fallen off the bus.\n", "gpu_hardware", verdicts=OPEN),
)  # fmt: skip

WAITS = (
    _case("one of eight silent until the watchdog fires",
          torchrun("".join(watchdog(r, 3312, "_ALLGATHER_BASE", "2.8") for r in (0, 1, 2, 3, 5, 6, 7)), (0, -6), *((r, -6) for r in (1, 2, 3, 5, 6, 7)), world=8),
          "collective_timeout", 4, phase="collective"),
    _case("heartbeat monitor kills one rank",
          torchrun("[rank2]:[F1121 10:31:44.903881913 ProcessGroupNCCL.cpp:1557] [PG ID 0 PG GUID 0(default_pg) Rank 2] [PG ID 0 PG GUID 0(default_pg) Rank 2] Terminating the process after attempting to dump debug info, due to ProcessGroupNCCL watchdog hang.\n", (2, -6)),
          ("host_freeze", "collective_timeout"), 2, verdicts=EITHER),
    _case("gloo: a peer is gone after its traceback",
          torchrun(mixed(traceback(0, PEER, BACK), traceback(2, PEER, BACK)) + traceback(1, "KeyError: 'input_ids'", OWN, ("/home/u/proj/data.py", "collate", "ids = item['input_ids']")), (1, 1), (0, 1), (2, 1), world=3),
          "user_exception", 1),
    _case("gloo: no traceback of the peer",
          torchrun(mixed(traceback(0, PEER, BACK), traceback(2, PEER, BACK)), (0, 1), (2, 1), (1, -9), world=3), "host_oom_kill", 1),
    _case("store: broken pipe after rank 0 had raised",
          torchrun(traceback(0, "ValueError: Expected input batch_size (32) to match target batch_size (24).", OWN)
                   + "".join(f"[rank{r}]:[W1121 10:31:49.{r}71304215 TCPStore.cpp:106] [c10d] sendBytes failed on SocketImpl(fd=3, addr=[a18]:38122, remote=[a17]:29500): Broken pipe\n" for r in (1, 2, 3)), (0, 1)),
          "user_exception", 0),
    _case("NCCL: net error on EFA",
          "a17:4123:4411 [3] nccl_net_ofi_rdma.c:921 NCCL WARN NET/OFI Request 0x7f1 completed with error. RC: 13. Error: 4126 (Unresponsive receiver (reachable by EFA device but handshake failed))\n"
          + traceback(3, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/ProcessGroupNCCL.cpp:2251, unhandled system error (run with NCCL_DEBUG=INFO for details), NCCL version 2.26.2", BACK) + table((3, 1)),
          ("nccl_setup_or_transport", "peer_lost"), phase="?", verdicts=("failed",), accusable=(3,)),
    _case("NCCL: IB retry exceeded in mid-training",
          STEPS + "a17:4123:4411 [3] NCCL INFO NET/IB: ibv_poll_cq\na17:4123:4411 [3] transport/net_ib.cc:2230 NCCL WARN NET/IB: Got completion from peer 10.1.0.8<44311> with status=IBV_WC_RETRY_EXC_ERR(12) opcode=IBV_WC_RDMA_WRITE(1) vendor err=129 (Send) localGid fe80:: remoteGids fe80:: hca mlx5_2\n"
          + traceback(3, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:110, remote process exited or there was a network error, NCCL version 2.26.2", BACK) + table((3, 1)),
          ("nccl_setup_or_transport", "peer_lost"), phase="?", accusable=(3,)),
    _case("NCCL: the interface is not there", mixed(*(traceback(r, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, internal error - please report this issue to the NCCL developers, NCCL version 2.26.2", INIT) for r in range(2)))
          + "a17:812:812 [0] bootstrap.cc:45 NCCL WARN Bootstrap : no socket interface found\n", "nccl_setup_or_transport", phase="init"),
    _case("NCCL: shared memory too small", "a17:812:901 [1] include/shm.h:28 NCCL WARN Call to posix_fallocate failed : No space left on device\na17:812:901 [1] misc/shmutils.cc:72 NCCL WARN Error: failed to extend /dev/shm/nccl-4TzJqa to 33030532 bytes\n"
          + traceback(1, "torch.distributed.DistBackendError: NCCL error in: /pytorch/torch/csrc/distributed/c10d/NCCLUtils.cpp:77, unhandled system error (run with NCCL_DEBUG=INFO for details), NCCL version 2.26.2", INIT),
          "nccl_setup_or_transport", phase="init", accusable=(1,)),
    _case("rendezvous: agents do not meet", traceback(None, "torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError: Rendezvous timed out.", (f"{SITE}/torch/distributed/elastic/rendezvous/dynamic_rendezvous.py", "next_rendezvous", "self._op_executor.run(join_op, deadline)")),
          "rendezvous_timeout", phase="init"),
    _case("rendezvous: another agent shut it down", "W1121 10:31:50.412 4100 torch/distributed/elastic/rendezvous/dynamic_rendezvous.py:1341] The node 'a18_512_0' has failed to send a keep-alive heartbeat to the rendezvous 'job7' due to an error of type RendezvousConnectionError.\n"
          + traceback(None, "torch.distributed.elastic.rendezvous.api.RendezvousGracefulExitError"), ("rendezvous_timeout", "peer_lost", None), verdicts=OPEN),
    _case("the master's name does not resolve", traceback(None, "torch.distributed.DistNetworkError: The client socket has failed to connect to any network address of (train-0.train-svc, 29500). The IPv6 network addresses of (train-0.train-svc, 29500) cannot be retrieved (gai error: -2 - Name or service not known).", INIT),
          "rendezvous_timeout", phase="init"),
    _case("world size does not fit", mixed(*(traceback(r, "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. 6/8 clients joined.", INIT) for r in range(2))), "rendezvous_timeout", phase="init"),
    _case("port taken by an earlier job", torchrun("[W1121 10:00:04.101 socket.cpp:767] [c10d] The server socket has failed to bind to 0.0.0.0:29500 (errno: 98 - Address already in use).\n" + traceback(None, "torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use", INIT), (0, 1)).replace(STEPS, ""),
          "port_in_use", phase="init", accusable=(0,)),
    _case("the visdom port is taken", torchrun(traceback(0, "OSError: [Errno 98] Address already in use", ("/home/u/proj/vis.py", "serve", "server = HTTPServer(('', 8097), Handler)")), (0, 1)).replace(STEPS, ""), "port_in_use", accusable=(0,)),
    _case("mismatched shapes under DETAIL", torchrun(traceback(1, "RuntimeError: Detected mismatch between collectives on ranks. Rank 1 is running collective: CollectiveFingerPrint(SequenceNumber=44, OpType=ALLREDUCE, TensorShape=[12], TensorDtypes=Float, TensorDeviceTypes=cuda), but Rank 0 is running collective: CollectiveFingerPrint(SequenceNumber=44, OpType=ALLREDUCE, TensorShape=[16], TensorDtypes=Float).Collectives differ in the following aspects: Tensor Tensor shapes: 12vs 16", BACK), (1, 1)),
          "collective_mismatch", 0, 1),
    _case("DDP: shapes of parameters differ", torchrun(mixed(*(traceback(r, "RuntimeError: [1]: params[0] in this process with sizes [32000, 512] appears not to match sizes of the same param in process 0.", (f"{SITE}/torch/nn/parallel/distributed.py", "__init__", "_verify_param_shape_across_processes(self.process_group, parameters)")) for r in (1,))), (1, 1)).replace(STEPS, ""),
          ("user_exception", "collective_mismatch"), 1, phase="init"),
    _case("DDP: unused parameters on all ranks", torchrun(mixed(*(traceback(r, "RuntimeError: Expected to have finished reduction in the prior iteration before starting a new one. This error indicates that your module has parameters that were not used in producing loss.", OWN) for r in range(4))), *((r, 1) for r in range(4))), "ddp_unused_params"),
    _case("pipeline: a stage raised, the next stage waits",
          torchrun("[rank0]: Traceback (most recent call last):\n[rank0]:   File \"/w/pp.py\", line 5, in stage\n[rank0]:     y = f(x)\n[rank0]: RuntimeError: shape '[8, 2048]' is invalid for input of size 16000\n" + watchdog(1, 90, "RECV") + watchdog(2, 91, "RECV"), (0, 1), (1, -6), (2, -6)),
          "user_exception", 0),
)  # fmt: skip

HOST = (
    _case("srun: one task killed for memory", STEPS + "slurmstepd: error: Detected 1 oom_kill event in StepId=88123.0. Some of the step tasks have been OOM Killed.\nsrun: error: a18: task 5: Out Of Memory\nsrun: Terminating StepId=88123.0\nslurmstepd: error: *** STEP 88123.0 ON a17 CANCELLED AT 2026-11-21T10:31:50 ***\n", "host_oom_kill", accusable=(5,)),
    _case("srun: a task exits, the others are cancelled", prefixed("3: ", traceback(None, "IndexError: list index out of range", OWN)) + "srun: error: a18: task 3: Exited with exit code 1\nsrun: Terminating StepId=88123.0\nslurmstepd: error: *** STEP 88123.0 ON a17 CANCELLED AT 2026-11-21T10:31:50 ***\n" + "".join(f"srun: error: a17: task {t}: Terminated\n" for t in (0, 1, 2)),
          "user_exception", 3),
    _case("Slurm: preempted", STEPS + "slurmstepd: error: *** JOB 88123 ON a17 CANCELLED AT 2026-11-21T10:31:50 DUE TO PREEMPTION ***\nsrun: Job step aborted: Waiting up to 32 seconds for job step to finish.\n" + "".join(ELASTIC.format(pid=5000 + r) for r in range(2)), "sched_preempt", verdicts=("interrupted",)),
    _case("Slurm: time limit, workers raise on SIGTERM", STEPS + "slurmstepd: error: *** STEP 88123.0 ON a17 CANCELLED AT 2026-11-21T10:31:50 DUE TO TIME LIMIT ***\nW1121 10:31:50.412000 4100 torch/distributed/elastic/agent/server/api.py:723] Received 15 death signal, shutting down workers\n" + "".join(ELASTIC.format(pid=5000 + r) for r in range(2)) + traceback(None, "torch.distributed.elastic.multiprocessing.api.SignalException: Process 4100 got signal: 15", (f"{SITE}/torch/distributed/elastic/multiprocessing/api.py", "_terminate_process_handler", "raise SignalException(")), "sched_time_limit", verdicts=("interrupted",)),
    _case("Slurm: node failure", STEPS + "slurmstepd: error: *** JOB 88123 ON a17 CANCELLED AT 2026-11-21T10:31:50 DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS ***\n", "host_freeze", verdicts=OPEN),
    _case("kernel kills a worker of the loader", {"console.log": torchrun(traceback(1, "RuntimeError: DataLoader worker (pid 7712) is killed by signal: Killed. ", LOADER), (1, 1)), "dmesg.log": "[Sat Nov 21 10:31:44 2026] Memory cgroup out of memory: Killed process 7712 (pt_data_worker) total-vm:41020332kB, anon-rss:20110020kB\n"}, "dataloader_worker_killed", 1, phase="data_loading"),
    _case("bus error in a loader", torchrun(traceback(0, "RuntimeError: DataLoader worker (pid 7712) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory. Please try to raise your shared memory limit.", LOADER), (0, 1)), "dataloader_worker_killed", 0, phase="data_loading"),
    _case("a loader worker raised", torchrun(traceback(2, "ValueError: Caught ValueError in DataLoader worker process 3.", LOADER) + prefixed("[rank2]: ", "Original Traceback (most recent call last):\n  File \"/w/data.py\", line 24, in __getitem__\n    label = int(row[1])\nValueError: invalid literal for int() with base 10: 'NA'\n"), (2, 1)), "user_exception", 2, phase="data_loading"),
    _case("too many open files in a loader", torchrun(traceback(2, "OSError: [Errno 24] Too many open files", LOADER), (2, 1)), "user_exception", 2, phase="data_loading"),
    _case("ancdata", torchrun(traceback(1, "RuntimeError: received 0 items of ancdata", LOADER), (1, 1)), "user_exception", 1, phase="data_loading"),
    _case("no more threads", torchrun("OpenBLAS blas_thread_init: pthread_create failed for thread 11 of 64: Resource temporarily unavailable\nOpenBLAS blas_thread_init: RLIMIT_NPROC 4096 current, 513046 max\n" + traceback(3, "RuntimeError: can't start new thread", LOADER), (3, 1)), "user_exception", 3),
    _case("fork: cannot allocate memory", torchrun(traceback(0, "OSError: [Errno 12] Cannot allocate memory", LOADER), (0, 1)), "host_oom_kill", 0),
    _case("std::bad_alloc", torchrun("terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n", (1, -6)), "host_oom_kill", 1),
    _case("Python's MemoryError", torchrun(traceback(2, "MemoryError", LOADER), (2, 1)), "host_oom_kill", 2),
    _case("numpy cannot allocate", torchrun(traceback(2, "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 37.3 GiB for an array with shape (10000000, 1000) and data type float32", OWN), (2, 1)), "host_oom_kill", 2),
    _case("segfault in a data library", torchrun('Fatal Python error: Segmentation fault\n\nCurrent thread 0x00007f5 (most recent call first):\n  File "/opt/env/lib/python3.12/site-packages/decord/video_reader.py", line 175 in get_batch\n  File "/w/data.py", line 40 in __getitem__\n', (1, -11)), "segfault", 1),
    _case("illegal instruction of a wheel", torchrun("", (0, -4)).replace(STEPS, ""), ("segfault", "env_mismatch"), 0),
    _case("DeepSpeed: launcher reports -9", STEPS + f"[{DAY} 10:31:50,101] [INFO] [launch.py:319:sigkill_handler] Killing subprocess 5000\n[{DAY} 10:31:50,102] [INFO] [launch.py:319:sigkill_handler] Killing subprocess 5001\n[{DAY} 10:31:52,400] [ERROR] [launch.py:325:sigkill_handler] ['/opt/env/bin/python', '-u', 'train.py', '--local_rank=1'] exits with return code = -9\n", "host_oom_kill", accusable=(1,)),
    _case("DeepSpeed: a traceback, then code 1", prefixed("a18: ", traceback(5, "KeyError: 'labels'", OWN)) + f"a18: [{DAY} 10:31:52,400] [ERROR] [launch.py:325:sigkill_handler] ['/opt/env/bin/python', '-u', 'train.py', '--local_rank=1'] exits with return code = 1\n", "user_exception", 5),
    _case("DeepSpeed: -11", STEPS + f"[{DAY} 10:31:52,400] [ERROR] [launch.py:325:sigkill_handler] ['/opt/env/bin/python', '-u', 'train.py', '--local_rank=1'] exits with return code = -11\n", "segfault", accusable=(1,)),
    _case("DeepSpeed: -7, a bus error", STEPS + f"[{DAY} 10:31:52,400] [ERROR] [launch.py:325:sigkill_handler] ['/opt/env/bin/python', '-u', 'train.py', '--local_rank=0'] exits with return code = -7\n", ("segfault", "dataloader_worker_killed"), accusable=(0,)),
    _case("mpirun: signal 9", STEPS + "--------------------------------------------------------------------------\nmpirun noticed that process rank 3 with PID 5003 on node a18 exited on signal 9 (Killed).\n--------------------------------------------------------------------------\n", "host_oom_kill", 3),
    _case("mpirun: non-zero exit", STEPS + prefixed("[1,2]<stderr>:", traceback(None, "AttributeError: 'NoneType' object has no attribute 'shape'", OWN)) + "--------------------------------------------------------------------------\nPrimary job  terminated normally, but 1 process returned\na non-zero exit code. Per user-direction, the job has been aborted.\n--------------------------------------------------------------------------\n", "user_exception", accusable=(2,)),
    _case("Ray: the actor's process died", "(TrainTrainable pid=812) Started distributed worker processes\n" + traceback(None, "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.", ("/w/ray_train.py", "fit", "result = trainer.fit()")) + "\tclass_name: RayTrainWorker\n\tpid: 5002\nThe actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a connection error code 2. End of file. There are some potential root causes. (1) The process is killed by SIGKILL by OOM killer due to high memory usage. (2) ray stop --force is called. (3) The worker is crashed unexpectedly due to SIGSEGV or other unexpected errors.\n",
          ("host_oom_kill", "peer_lost", "segfault", "user_exception", None), verdicts=OPEN),
    _case("Ray: killed for memory", "(raylet) [2026-11-21 10:31:45,001 E 411 411] (raylet) node_manager.cc:3069: 1 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed due to other reasons at node (ID: 71ab)\n" + traceback(None, "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory."), "host_oom_kill"),
    _case("Ray: the task raised", prefixed("(RayTrainWorker pid=5002) ", step(1) + step(2)) + "ray.exceptions.RayTaskError(ValueError): ray::_RayTrainWorker__execute.get_next() (pid=5002, ip=10.1.0.4, actor_id=ab12, repr=<RayTrainWorker>)\n  File \"/w/loop.py\", line 31, in train_func\n    raise ValueError('no samples left')\nValueError: no samples left\n", "user_exception", verdicts=OPEN),
    _case("Kubernetes: evicted for its disk", STEPS + "Status:   Failed\nReason:   Evicted\nMessage:  The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 8Gi. Container trainer was using 91Gi, request is 0, has larger consumption of ephemeral-storage.\n",
          ("checkpoint_write_failed", "external_signal", "sched_preempt", None), verdicts=("failed", "interrupted", "undecided")),
    _case("Kubernetes: the container was killed", STEPS + "Last State:     Terminated\n  Reason:       OOMKilled\n  Exit Code:    137\n  Started:      Sat, 21 Nov 2026 10:00:00 +0000\n", "host_oom_kill"),
    _case("Kubernetes: spot node goes away", STEPS + "Warning  Preempted  12s  default-scheduler  Preempted by pod 8f2 on node gpu-3\nNormal  Killing  12s  kubelet  Stopping container trainer\n", ("sched_preempt", "external_signal", None), verdicts=("interrupted", "undecided", "failed")),
    _case("LSF: over its memory", STEPS + "User defined signal 2\nTERM_MEMLIMIT: job killed after reaching LSF memory usage limit.\nExited with exit code 137.\n", "host_oom_kill"),
    _case("the terminal closed", STEPS + "W1121 10:31:50.412000 4100 torch/distributed/elastic/agent/server/api.py:723] Received 1 death signal, shutting down workers\n" + "".join(ELASTIC.format(pid=5000 + r).replace("SIGTERM", "SIGHUP") for r in range(2)) + traceback(None, "torch.distributed.elastic.multiprocessing.api.SignalException: Process 4100 got signal: 1"), "external_signal", verdicts=("interrupted",)),
    _case("a storage freeze in the kernel's log", {"console.log": STEPS, "kern.log": "Nov 21 10:31:44 a17 kernel: INFO: task python:5002 blocked for more than 120 seconds.\nNov 21 10:31:44 a17 kernel: nfs: server filer3 not responding, still trying\n"}, ("host_freeze", "dataloader_hang", "checkpoint_stall", None), verdicts=EITHER),
)  # fmt: skip

FILES = (
    _case("disk full while saving", torchrun(traceback(0, "RuntimeError: [enforce fail at inline_container.cc:664] . unexpected pos 1048576 vs 1048464", SAVE) , (0, 1)), "checkpoint_write_failed", 0, phase="checkpoint"),
    _case("quota while saving", torchrun(traceback(0, "OSError: [Errno 122] Disk quota exceeded: '/scratch/u/run7/step_2000/model.safetensors'", SAVE), (0, 1)), "checkpoint_write_failed", 0, phase="checkpoint"),
    _case("safetensors: I/O error while saving", torchrun(traceback(0, "safetensors_rust.SafetensorError: Error while serializing: I/O error: No space left on device (os error 28)", SAVE), (0, 1)), "checkpoint_write_failed", 0, phase="checkpoint"),
    _case("permission denied while saving", torchrun(traceback(0, "PermissionError: [Errno 13] Permission denied: '/data/out/ckpt_100.pt'", SAVE), (0, 1)), ("checkpoint_write_failed", "user_exception"), 0, phase="checkpoint"),
    _case("the parent directory is missing", torchrun(traceback(0, "RuntimeError: Parent directory /data/out does not exist.", SAVE), (0, 1)), ("checkpoint_write_failed", "user_exception"), 0, phase="checkpoint"),
    _case("read-only file system", torchrun(traceback(0, "OSError: [Errno 30] Read-only file system: '/mnt/ckpt/last.pt'", SAVE), (0, 1)), "checkpoint_write_failed", 0, phase="checkpoint"),
    _case("input/output error while saving", torchrun(traceback(0, "OSError: [Errno 5] Input/output error", SAVE), (0, 1)), ("checkpoint_write_failed", "user_exception"), 0, phase="checkpoint"),
    _case("torch.load: weights only", traceback(None, "_pickle.UnpicklingError: Weights only load failed. This file can still be loaded, to do so you have two options", LOAD) , ("user_exception", "checkpoint_corrupt"), phase="checkpoint_load"),
    _case("sizes do not match on resume", torchrun(mixed(*(prefixed(f"[rank{r}]: ", "Traceback (most recent call last):\n  File \"/home/u/proj/ckpt.py\", line 40, in load_checkpoint\n    model.load_state_dict(state['model'])\nRuntimeError: Error(s) in loading state_dict for GPT:\n\tsize mismatch for lm_head.weight: copying a param with shape torch.Size([50257, 768]) from checkpoint, the shape in current model is torch.Size([50304, 768]).\n") for r in range(2))), (0, 1), (1, 1), world=2).replace(STEPS, ""), "user_exception", phase="checkpoint_load"),
    _case("optimizer groups do not match", traceback(0, "ValueError: loaded state dict contains a parameter group that doesn't match the size of optimizer's group", ("/w/t.py", "resume", "opt.load_state_dict(s)")) + table((0, 1)), "user_exception", 0, phase="checkpoint_load"),
    _case("sharded checkpoint lacks a key", torchrun(mixed(*(traceback(r, "RuntimeError: Missing key in checkpoint state_dict: optimizer.state.0.step.", (f"{SITE}/torch/distributed/checkpoint/state_dict_loader.py", "load", "_load_state_dict(")) for r in range(2))), (0, 1), (1, 1), world=2).replace(STEPS, ""), "user_exception", phase="checkpoint_load"),
    _case("a truncated safetensors file", traceback(0, "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer", LOAD) + table((0, 1)), "checkpoint_corrupt", 0, phase="checkpoint_load"),
    _case("a checkpoint that is an HTML page", traceback(0, "_pickle.UnpicklingError: invalid load key, '<'.", LOAD) + table((0, 1)), "checkpoint_corrupt", 0, phase="checkpoint_load"),
    _case("EOF in torch.load", traceback(0, "EOFError: Ran out of input", LOAD) + table((0, 1)), "checkpoint_corrupt", 0, phase="checkpoint_load"),
    _case("stale handle in a loader", torchrun(traceback(2, "OSError: [Errno 116] Stale file handle: '/nfs/data/shard_17.tar'", LOADER), (2, 1)), "user_exception", 2, phase="data_loading"),
    _case("Lustre: cannot send after shutdown", torchrun(traceback(2, "OSError: [Errno 108] Cannot send after transport endpoint shutdown: '/lustre/d/17.tar'", LOADER), (2, 1)), "user_exception", 2, phase="data_loading"),
    _case("webdataset: curl fails", torchrun(traceback(1, "OSError: (('pipe: curl -s -L https://data.example.org/17.tar',), {}): exit 22 (read) {} @ <Pipe>", (f"{SITE}/webdataset/gopen.py", "wait_for_child", 'raise IOError(f"{self.args}: exit {self.status}")')), (1, 1)), "user_exception", 1, phase="data_loading"),
    _case("a shard that is no tar", torchrun(traceback(1, "tarfile.ReadError: unexpected end of data @ /data/17.tar", (f"{SITE}/webdataset/tariterators.py", "tar_file_iterator", "for tarinfo in stream:")), (1, 1)), "user_exception", 1, phase="data_loading"),
    _case("gated model", mixed(*(traceback(r, "OSError: You are trying to access a gated repo.", (f"{SITE}/transformers/utils/hub.py", "cached_files", "raise OSError(")) for r in range(2))) + table((0, 1), (1, 1)), "user_exception"),
    _case("hub cannot be reached on one node", traceback(4, "huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the file on the Hub and we cannot find the requested files in the local cache.", ("/w/train.py", "main", "tok = AutoTokenizer.from_pretrained(name)")) + table((4, 1)), "user_exception", 4),
    _case("wandb without a key", traceback(0, "wandb.errors.errors.UsageError: api_key not configured (no-tty). call wandb.login(key=[your_api_key])", ("/w/train.py", "main", "wandb.init(project='p')")) + table((0, 1)), "user_exception", 0),
    _case("wandb times out at init", traceback(0, "wandb.errors.errors.CommError: Run initialization has timed out after 90.0 sec.", ("/w/train.py", "main", "wandb.init(project='p')")) + table((0, 1)), "user_exception", 0),
    _case("ssl error", traceback(0, "requests.exceptions.SSLError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /m (Caused by SSLError(SSLCertVerificationError(1, 'certificate verify failed')))", ("/w/t.py", "main", "load_dataset('x')")) + table((0, 1)), "user_exception", 0),
)  # fmt: skip

CODE = (
    _case("hydra: a wrong key", "Could not override 'optim.lrr'.\nTo append to your config use +optim.lrr=1\nKey 'lrr' is not in struct\n    full_key: optim.lrr\n    object_type=dict\n\nSet the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.\n" + table((0, 1), (1, 1)), ("user_exception", None)),
    _case("argparse: a wrong option", "usage: train.py [-h] [--lr LR]\ntrain.py: error: unrecognized arguments: --learning_rte 0.1\n" * 2 + table((0, 2), (1, 2)), ("user_exception", None)),
    _case("rich traceback of Lightning", STEPS + "╭───────────────────── Traceback (most recent call last) ──────────────────────╮\n│ /home/u/proj/main.py:51 in <module>                                          │\n│                                                                              │\n│   48                                                                         │\n│ ❱ 51     trainer.fit(model, dm)                                              │\n│                                                                              │\n│ /home/u/proj/module.py:88 in training_step                                   │\n│                                                                              │\n│ ❱ 88         loss = self.loss(out, batch['y'])                               │\n╰──────────────────────────────────────────────────────────────────────────────╯\nRuntimeError: The size of tensor a (10) must match the size of tensor b (12) at non-singleton dimension 1\n", "user_exception", verdicts=OPEN),
    _case("nested exception: the cause stands above", torchrun(traceback(1, "FileNotFoundError: [Errno 2] No such file or directory: '/data/train/0017.npy'", OWN) + "[rank1]: \n[rank1]: The above exception was the direct cause of the following exception:\n[rank1]: \n" + traceback(1, "RuntimeError: could not read sample 17", LOADER), (1, 1)), "user_exception", 1),
    _case("spawn: process 1 terminated", STEPS + "W1121 10:31:50 4100 torch/multiprocessing/spawn.py:169] Terminating process 5000 via signal SIGTERM\n" + traceback(None, "torch.multiprocessing.spawn.ProcessRaisedException: ", (f"{SITE}/torch/multiprocessing/spawn.py", "join", "raise ProcessRaisedException(msg, error_index, failed_process.pid)")) + '\n-- Process 1 terminated with the following error:\nTraceback (most recent call last):\n  File "/opt/env/lib/python3.12/site-packages/torch/multiprocessing/spawn.py", line 90, in _wrap\n    fn(i, *args)\n  File "/w/m.py", line 12, in run\n    x = a / b\nZeroDivisionError: division by zero\n', "user_exception", accusable=(1,)),
    _case("spawn: killed by a signal", STEPS + traceback(None, "torch.multiprocessing.spawn.ProcessExitedException: process 1 terminated with signal SIGKILL", (f"{SITE}/torch/multiprocessing/spawn.py", "join", "raise ProcessExitedException(")), "host_oom_kill", accusable=(1,)),
    _case("accelerate: CalledProcessError behind the cause", torchrun(traceback(0, "TypeError: forward() got an unexpected keyword argument 'num_items_in_batch'", OWN), (0, 1), world=1) + traceback(None, "subprocess.CalledProcessError: Command '['/opt/env/bin/python', 'train.py']' returned non-zero exit status 1.", (f"{SITE}/accelerate/commands/launch.py", "simple_launcher", "raise subprocess.CalledProcessError(")), "user_exception", 0),
    _case("a NaN that the framework refuses", torchrun(traceback(3, "ValueError: The loss returned in `training_step` is nan.", OWN), (3, 1)), "loss_nan_or_spike", 3),
    _case("Megatron: found NaN", torchrun(traceback(6, "RuntimeError: Rank 6, node a17, device 6, iteration 1200: Unexpected result nan (message='found NaN in local forward loss calculation')", OWN), (6, 1), world=8), "loss_nan_or_spike", 6),
    _case("anomaly detection", torchrun(traceback(0, "RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.", BACK), (0, 1)), "loss_nan_or_spike", 0),
    _case("clipping refuses a gradient that is no number", torchrun(traceback(0, "RuntimeError: The total norm of order 2.0 for gradients from `parameters` is non-finite, so it cannot be clipped. To disable this error and scale the gradients by the non-finite norm anyway, set `error_if_nonfinite=False`", (f"{SITE}/torch/nn/utils/clip_grad.py", "clip_grad_norm_", "raise RuntimeError(")), (0, 1)), "loss_nan_or_spike", 0),
    _case("scaler at its floor", STEPS + "".join(f"[deepspeed] [Rank 0] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: {2 ** (20 - at)}, reducing to {2 ** (19 - at)}\n" for at in range(19)) + traceback(0, "Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run.") + table((0, 1)), "loss_scale_collapse"),
    _case("assert in user code on two of four", torchrun(mixed(traceback(1, "AssertionError: batch 7 is empty", OWN), traceback(2, "AssertionError: batch 7 is empty", OWN)), (1, 1), (2, 1)), "user_exception", 1, 2),
    _case("sys.exit without a word", torchrun("", (1, 3)), "user_exception", 1),
    _case("keyboard", STEPS + "^CW1121 10:31:50.412000 4100 torch/distributed/elastic/agent/server/api.py:723] Received 2 death signal, shutting down workers\n" + mixed(*(traceback(r, "KeyboardInterrupt", OWN) for r in range(2))), "external_signal", verdicts=("interrupted",)),
    _case("the tokenizer's fork warning and the death after it", "huggingface/tokenizers: The current process just got forked, after parallelism has already been used. Disabling parallelism to avoid deadlocks...\n" * 4 + torchrun(traceback(1, "IndexError: index out of range in self", OWN), (1, 1)), "user_exception", 1),
    _case("an attempt before had failed otherwise", torchrun(traceback(0, "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.17 GiB.", OWN), (0, 1)) + "I1121 10:32:05.000000 4100 torch/distributed/elastic/agent/server/api.py:525] [default] Rendezvous complete for workers. Result:\n  restart_count=1\n" + "".join(step(at) for at in range(40, 60)) + traceback(1, "KeyError: 'mask'", OWN) + table((1, 1)), ("user_exception", "cuda_oom"), verdicts=("failed",), accusable=(0, 1)),
)  # fmt: skip

MORE = (*CUDA, *WAITS, *HOST, *FILES, *CODE)
SURVIVED = ("an OOM that is handled",)
"""Calm texts in which something did go wrong, and is worth a note."""

_AFTER = "".join(map(step, range(40, 60)))


def _around(text: str) -> str:
    """A training in which something is said, and which goes on."""
    return STEPS + text + _AFTER


CALM = {
    "a library that is not there": _around("WARNING: flash_attn is not installed, using the slow path (ImportError: No module named 'flash_attn')\n"),
    "a download that is tried again": _around("Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) after connection broken by 'ConnectionResetError(104, 'Connection reset by peer')': /simple\nDownload complete\n"),
    "hub retries": _around("'(ReadTimeoutError(\"HTTPSConnectionPool(host='huggingface.co', port=443): Read timed out. (read timeout=10)\"), '(Request ID: 1)')' thrown while requesting HEAD https://huggingface.co/x\nRetrying in 1s [Retry 1/5].\n"),
    "a checkpoint that was skipped": _around("Checkpoint step_100 looks incomplete, skipping it and using step_50\n"),
    "words about killing": _around("Early stopping will kill the run after 10 bad epochs\n[INFO] killed 0 stale jobs, 3 errors ignored, 0 failed\n"),
    "an OOM that is handled": _around("WARNING: ran out of memory with exception: CUDA out of memory. Tried to allocate 1.00 GiB; skipping batch\n"),
    "a spike that recovers": STEPS + "".join(step(40 + at, 40.0) for at in range(2)) + "".join(step(42 + at) for at in range(30)),
    "an inf of the first steps of fp16": "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0\nGradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 16384.0\n" + STEPS,
    "deprecations": _around("FutureWarning: `torch.cuda.amp.GradScaler(args...)` is deprecated. Please use `torch.amp.GradScaler('cuda', args...)` instead.\nUserWarning: The PyTorch API of nested tensors is in prototype stage and will change in the near future.\nUserWarning: Detected call of `lr_scheduler.step()` before `optimizer.step()`.\n"),
    "NCCL says a lot": "a17:1:1 [0] NCCL INFO Bootstrap : Using eth0:10.1.0.4<0>\na17:1:1 [0] NCCL INFO NET/Plugin: Could not find: libnccl-net.so. Using internal network plugin.\na17:1:1 [0] NCCL INFO Failed to open libibverbs.so[.1]\na17:1:1 [0] NCCL INFO NET/IB : No device found.\n" + STEPS + "a17:1:99 [0] NCCL INFO [Service thread] Connection closed by localRank 0\na17:1:1 [0] NCCL INFO comm 0x7f rank 0 nranks 2 cudaDev 0 busId 1000 - Abort COMPLETE\n",
    "c10d cannot connect at first": "[W1121 10:00:01.771304215 socket.cpp:697] [c10d] The client socket has failed to connect to [a17]:29500 (errno: 111 - Connection refused).\n" * 3 + STEPS,
    "IPv6 is not there": "[W1121 10:00:01.771304215 socket.cpp:464] [c10d] The server socket cannot be initialized on [::]:29500 (errno: 97 - Address family not supported by protocol).\n" + STEPS,
    "a loader that warns of its workers": "UserWarning: This DataLoader will create 16 worker processes in total. Our suggested max number of worker in current system is 8, which is smaller than what this DataLoader is going to create. Please be aware that excessive worker creation might get DataLoader running slow or even freeze, lower the worker number to avoid potential slowness/freeze if necessary.\n" + STEPS,
    "ranks left for the launcher at the end": STEPS + "Training completed\n" + "[rank0]:[W1121 10:41:07.500000000 ProcessGroupNCCL.cpp:1538] Warning: WARNING: destroy_process_group() was not called before program exit, which can leak resources.\n" + STORE.format(rank=1),
    "evaluation metrics": _around("eval: word_error_rate 0.12 char_error_rate 0.04 nan_fraction 0.0 inf_count 0 failure_rate 0.01 oom_events 0\nmAP=nan (no boxes of this class)\n"),
    "the sampler of a language model": _around(">>> sample: The process was killed by signal 9 and the GPU ran out of memory, he said. Segmentation fault!\n"),
    "git and make": "fatal: not a git repository (or any of the parent directories): .git\nmake: *** [Makefile:3: ext] Error 1 (ignored)\n" + STEPS,
    "TensorFlow in the same environment": "E0000 00:00:1732186801.101 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempting to register factory for plugin cuDNN when one has already been registered\nE0000 00:00:1732186801.102 cuda_blas.cc:1418] Unable to register cuBLAS factory: Attempting to register factory for plugin cuBLAS when one has already been registered\nW0000 cpu_feature_guard.cc:210] This TensorFlow binary is optimized to use available CPU instructions\n" + STEPS,
    "an exception that was logged and survived": _around(traceback(None, "ValueError: bad image /d/17.jpg") + "WARNING: skipped 1 sample\n"),
    "a loader killed at the very end": STEPS + "Training completed\nException ignored in: <function _MultiProcessingDataLoaderIter.__del__ at 0x7f>\n" + traceback(None, "AssertionError: can only test a child process", (f"{SITE}/torch/utils/data/dataloader.py", "__del__", "self._shutdown_workers()")),
    "environment printed": "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True\nTORCH_NCCL_ASYNC_ERROR_HANDLING=1\nNCCL_DEBUG=WARN\non_error=raise max_failures=3 fail_fast=False timeout=1800s\n" + STEPS,
    "a wall of help": "optional arguments:\n  --kill-after N   kill the job after N failures\n  --on-nan {raise,skip}  what to do when the loss is nan\n" + STEPS,
    "kernel lines of another time": STEPS + "[Thu Nov 12 03:00:00 2026] NVRM: loading NVIDIA UNIX x86_64 Kernel Module  570.86.15\n",
    "wandb offline": "wandb: WARNING `resume` will be ignored since W&B syncing is set to `offline`.\nwandb: ERROR Failed to detect the name of this notebook. You can set it manually.\n" + STEPS,
}  # fmt: skip
"""Texts of healthy runs, by what they sound like."""
