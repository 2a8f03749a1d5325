"""Failures before the first step: ports, rendezvous, NCCL's set-up, mixed versions."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

PORT_IN_USE = Signature(
    name="port_in_use",
    numbers=(15,),
    hints=(b"EADDRINUSE", b"ddress already in use"),
    pattern=re.compile(rb"\bEADDRINUSE\b|[Aa]ddress already in use"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.PORT_IN_USE,
    phase=DiagnosedPhase.INIT,
    words="a port that {who} needs is taken on that node",
    refute="if nothing listens on that port: ss -ltnp",
    advice=(
        "find who holds the port: ss -ltnp; a process of an earlier attempt may be left over",
        "use torchrun --standalone, --rdzv-endpoint=HOST:0, or another --master-port",
    ),
    samples=(
        (
            "The server socket has failed to listen on any local network address. port: 29500, "
            "useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use"
        ),
        "The server socket has failed to bind to [::]:29500 (errno: 98 - Address already in use).",
        "OSError: [Errno 98] Address already in use",
    ),
    benign=("using address 10.0.0.1 already in the host list",),
)

CLIENTS_MISSING = Signature(
    name="rendezvous_clients",
    numbers=(16,),
    hints=(b"clients joined", b"workers joined"),
    pattern=re.compile(
        rb"Timed out after [\d.]{1,12} ?s\w* waiting for (?:clients|workers)\. "
        rb"(?P<joined>\d{1,7})/(?P<expected>\d{1,7}) (?:clients|workers) joined"
    ),
    standing=Standing.ROOT,
    blame=Blame.ABSENT,
    category=Category.RENDEZVOUS_TIMEOUT,
    phase=DiagnosedPhase.INIT,
    words="the rendezvous timed out: {who} never joined",
    refute="if the missing clients wrote that they had joined",
    advice=(
        "look at the logs of the nodes that did not join: an error at start, or no start at all",
        "check from there that the master's address and port can be reached",
    ),
    samples=(
        (
            "torch.distributed.DistStoreError: Timed out after 1801 seconds waiting for clients. "
            "1/3 clients joined."
        ),
    ),
    benign=("all workers joined: 4/4 clients joined",),
)

RENDEZVOUS = Signature(
    name="rendezvous",
    numbers=(16,),
    hints=(
        b"client socket has timed out",
        b"Rendezvous",
        b"connectFullMesh failed",
        b"DistStoreError",
        b"any network address of",
        b"DistNetworkError",
        b"connect() timed out",
        b"retrieving ncclUniqueId",
    ),
    pattern=re.compile(
        rb"client socket has timed out after \S{1,20} while trying to connect"
        rb"|Rendezvous(?:Timeout|Connection|Closed|State)Error"
        rb"|Gloo connectFullMesh failed with|DistStoreError: (?:Socket Timeout|Timed out)"
        rb"|client socket has failed to connect to any network address of"
        rb"|connect\(\) timed out\. Original timeout was"
        rb"|DistNetworkError: (?:Connection|The client socket|Failed to)"
        rb"|retrieving ncclUniqueId from \[\d+\].{0,200}(?:Timeout|timeout)"
    ),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.RENDEZVOUS_TIMEOUT,
    phase=DiagnosedPhase.INIT,
    words="the ranks could not meet: the rendezvous failed",
    refute="if all ranks say that their process group is up",
    advice=(
        "check that every node was started, with one master address and port, and can reach it",
        "after a restart on one node: TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1",
    ),
    missing=("the logs of all nodes, to see which one did not come",),
    samples=(
        "The client socket has timed out after 900s while trying to connect to (10.0.0.1, 29500).",
        "torch.distributed.elastic.rendezvous.api.RendezvousTimeoutError",
        (
            "RuntimeError: Gloo connectFullMesh failed with [pair.cc:152] timed out connecting: "
            "SO_ERROR: Connection refused, remote=[127.0.0.1]:22451$0"
        ),
        "torch.distributed.DistStoreError: Socket Timeout",
        (
            "RuntimeError: [1] is setting up NCCL communicator and retrieving ncclUniqueId from [0] via"
            " c10d key-value store, but store->get('0') got error: Socket Timeout"
        ),
    ),
    benign=(
        (
            "The client socket has failed to connect to [localhost]:29500 (errno: 99 - Cannot assign "
            "requested address)."
        ),
        "Rendezvous complete for workers.",
    ),
)

DUPLICATE_GPU = Signature(
    name="duplicate_gpu",
    numbers=(27,),
    hints=(b"Duplicate GPU detected",),
    pattern=re.compile(rb"Duplicate GPU detected : rank (?P<ranks>\d{1,7} and rank \d{1,7})"),
    standing=Standing.ROOT,
    blame=Blame.NAMED,
    category=Category.NCCL_SETUP_OR_TRANSPORT,
    phase=DiagnosedPhase.INIT,
    confidence=Confidence.CERTAIN,
    words="{who} use the same GPU",
    refute="if the two ranks run on different nodes",
    advice=("call torch.cuda.set_device(LOCAL_RANK) first, and check CUDA_VISIBLE_DEVICES",),
    samples=("Duplicate GPU detected : rank 1 and rank 0 both on CUDA device 4000",),
)

NCCL_VERSIONS = Signature(
    name="version_mismatch",
    hints=(b"ismatched NCCL version", b"version mismatch"),
    pattern=re.compile(
        rb"[Mm]ismatched NCCL version|NCCL version mismatch|NVML: Driver/library version mismatch"
        rb"|Failed to initialize NVML: Driver/library version mismatch"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.ENV_MISMATCH,
    phase=DiagnosedPhase.INIT,
    words="{who} runs with another version than the others, or than its driver",
    refute="if all nodes print the same versions",
    advice=(
        "compare driver, CUDA, NCCL and torch on all nodes: python -m torch.utils.collect_env",
    ),
    samples=(
        "NCCL WARN Mismatched NCCL version detected : ncclUniqueId version 21803 and expected 22005",
        "Failed to initialize NVML: Driver/library version mismatch",
    ),
)

ENVIRONMENT = Signature(
    name="environment",
    hints=(
        b"CUDA driver version is insufficient",
        b"driver on your system is too old",
        b"no kernel image is available",
        b"undefined symbol",
        b"GLIBC",
        b"cannot open shared object file",
        b"not compiled with CUDA enabled",
        b"no CUDA-capable device",
        b"No CUDA GPUs are available",
        b"cudaGetDeviceCount()",
        b"invalid device ordinal",
        b"is/are busy or unavailable",
        b"No HIP GPUs are available",
        b"Found no NVIDIA driver",
        b"CUDA Setup failed",
        b"incorrectly set up environment",
        b"only supports Ampere",
    ),
    pattern=re.compile(
        rb"CUDA driver version is insufficient for|driver on your system is too old"
        rb"|no kernel image is available for execution|: undefined symbol: "
        rb"|version `GLIBC(?:XX)?_[\d.]+' not found"
        rb"|lib[\w.+-]{1,60}: cannot open shared object file|not compiled with CUDA enabled"
        rb"|no CUDA-capable device is detected|No (?:CUDA|HIP) GPUs are available"
        rb"|Unexpected error from cudaGetDeviceCount\(\)|Found no NVIDIA driver on your system"
        rb"|invalid device ordinal|device\(s\) is/are busy or unavailable"
        rb"|CUDA Setup failed despite|due to an incorrectly set up environment"
        rb"|rror: \w{3,40} only supports \w+ GPUs or newer"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.ENV_MISMATCH,
    phase=DiagnosedPhase.INIT,
    words="the environment of {who} does not fit: driver, CUDA and the installed packages",
    refute="if the same environment works elsewhere on that node",
    advice=("compare driver, CUDA and torch on all nodes: python -m torch.utils.collect_env",),
    samples=(
        "RuntimeError: CUDA error: no kernel image is available for execution on the device",
        "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
        "ImportError: /opt/x.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
        "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
        "RuntimeError: Unexpected error from cudaGetDeviceCount(). Error 804: forward compatibility",
        "torch.AcceleratorError: CUDA error: invalid device ordinal",
    ),
    benign=("cudaGetDeviceCount() returned 8", "this build only supports CPUs or newer"),
)

NCCL_ERROR = Signature(
    name="nccl_error",
    numbers=(27,),
    hints=(
        b"unhandled system error",
        b"unhandled cuda error",
        b"ncclSystemError",
        b"ncclUnhandledCudaError",
        b"ncclInternalError",
        b"ncclInvalidUsage",
        b"with error 12",
        b"with status=12",
        b"with status=IBV_WC_",
        b"NCCL error in",
        b"NCCL WARN",
    ),
    pattern=re.compile(
        rb"NCCL error in: .{1,200}(?:unhandled (?:system|cuda) error|internal error|invalid usage)"
        rb"|nccl(?:System|UnhandledCuda|Internal)Error: |ncclInvalidUsage: "
        rb"|Got completion from peer \S{1,80} with (?:error|status=(?:IBV_WC_\w{1,40}\()?) ?12\b"
        rb"|NCCL WARN.{0,200}(?:No route to host|Connection refused|No space left on device"
        rb"|failed to extend|completed with error|no socket interface found)"
    ),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.NCCL_SETUP_OR_TRANSPORT,
    phase=DiagnosedPhase.INIT,
    words="NCCL could not set up or use the connections between the ranks",
    refute="if the same collective works between the same GPUs: all_reduce_perf of nccl-tests",
    advice=(
        "run with NCCL_DEBUG=INFO: the lines before the error name the interface and the peer",
        "test the network between the nodes, and NCCL_SOCKET_IFNAME, NCCL_IB_HCA, NCCL_P2P_DISABLE",
    ),
    missing=("NCCL's own words: NCCL_DEBUG=INFO",),
    samples=(
        (
            "RuntimeError: NCCL error in: torch/lib/c10d/ProcessGroupNCCL.cpp:825, unhandled system "
            "error, NCCL version 2.7.8"
        ),
        "ncclSystemError: System call (socket, malloc, munmap, etc) failed.",
        "NCCL WARN NET/IB : Got completion from peer 10.0.0.1<1234> with error 12, opcode 0",
    ),
    benign=("NCCL error checking is on", "NCCL INFO Using network Socket"),
)

SIGNATURES = (
    PORT_IN_USE,
    CLIENTS_MISSING,
    RENDEZVOUS,
    DUPLICATE_GPU,
    NCCL_VERSIONS,
    ENVIRONMENT,
    NCCL_ERROR,
)
