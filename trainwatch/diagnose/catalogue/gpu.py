"""GPUs: out of memory, faulting kernels, broken hardware; also as the kernel log reports them."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, Verdict
from trainwatch.diagnose.signature import Blame, Signature, Standing

# https://docs.nvidia.com/deploy/xid-errors: faults of the application, and those of the device.
_APPLICATION_XID = rb"13|31|43|45|69"
_HARDWARE_XID = (
    rb"48|61|62|63|64|66|68|74|78|79|8[0-9]|9[0-6]|110|11[9]|12[0-9]|13[0-9]|14[0-9]|15[0-9]"
)
_XID = rb"NVRM: Xid \((?:PCI:)?(?P<device>[\da-fA-F:.]{4,20})\): "

CUDA_OOM = Signature(
    name="cuda_oom",
    numbers=(2,),
    hints=(
        b"out of memory",
        b"OutOfMemoryError",
        b"CUBLAS_STATUS_ALLOC_FAILED",
        b"CUDNN_STATUS_ALLOC_FAILED",
    ),
    pattern=re.compile(
        rb"\btorch\.(?:cuda\.)?OutOfMemoryError\b"
        rb"|\b(?:CUDA|HIP|NPU|XPU|MPS)(?:(?: driver)? error:| backend)? out of memory\b"
        rb"|Cuda failure (?:\d+ )?'out of memory'|\bCU(?:BLAS|DNN)_STATUS_ALLOC_FAILED\b"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CUDA_OOM,
    words="{who} ran out of GPU memory{where_raised}",
    refute="if the training caught the error and went on with less",
    advice=(
        "see what else uses that card: nvidia-smi; `Process N has …` in the line is a neighbour",
        (
            "smaller batch, gradient checkpointing; where much is free or reserved, fragmentation:"
            " PYTORCH_ALLOC_CONF=expandable_segments:True"
        ),
    ),
    samples=(
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB.",
        "RuntimeError: CUDA out of memory. Tried to allocate 304.00 MiB (GPU 0; 8.00 GiB total",
        "RuntimeError: CUDA error: out of memory",
        "RuntimeError: CUDA driver error: out of memory",
        "NCCL WARN Cuda failure 'out of memory'",
        "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ),
    benign=(
        "set PYTORCH_ALLOC_CONF to avoid running out of memory",
        "Could not initialize NNPACK! Reason: Out of memory.",
    ),
)

HARDWARE = Signature(
    name="gpu_hardware",
    numbers=(25,),
    hints=(
        b"uncorrectable ECC",
        b"fallen off the bus",
        b"GPU is lost",
        b"NVSwitch",
        b"SXid",
        b"GPU requires reset",
        b"hardware failure",
    ),
    pattern=re.compile(
        rb"uncorrectable ECC error|GPU has fallen off the bus|\bGPU is lost\b"
        rb"|\bSXid \([^)]{1,40}\): \d+|NVSwitch fatal error \d+|GPU requires reset"
        rb"|CUDA error: hardware (?:stack error|failure)"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.GPU_HARDWARE,
    words="a GPU is broken{where_rank}: the driver reports a hardware error",
    refute="if the same GPU passes `dcgmi diag -r 3` on that node",
    advice=(
        "drain the node, and look at it: nvidia-smi -q, dmesg | grep -i xid",
        "start again without that GPU; the code is not the cause",
    ),
    missing=("which node and GPU: dmesg -T of all nodes beside the logs",),
    samples=(
        "CUDA error: uncorrectable ECC error encountered",
        "NVRM: GPU 0000:91:00.0: GPU has fallen off the bus.",
        "nvidia-nvswitch1: SXid (PCI:0000:06:00.0): 20034, Fatal, Link 48 LTSSM Fault Up",
        "detected NVSwitch fatal error 20034 on fid 0 on NVSwitch pci bus id 00000000:86:00.0",
    ),
    benign=("Volatile Uncorr. ECC: 0", "ECC errors: 0 uncorrectable"),
)

NVSWITCH = Signature(
    name="nvswitch",
    numbers=(25,),
    hints=(b"NVSwitch non-fatal",),
    pattern=re.compile(rb"NVSwitch non-fatal error (?P<sxid>\d{1,6})"),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.GPU_HARDWARE,
    verdict=Verdict.UNDECIDED,
    confidence=Confidence.POSSIBLE,
    words="an NVSwitch reported an error that is not fatal by itself",
    refute="if no job on that node fails, and the error does not come again",
    advice=(
        "look at that link: nvidia-smi nvlink -e, dcgmi diag -r 3; drain the node if it recurs",
    ),
    missing=("what the training did at that time: its own logs beside this one",),
    samples=(
        "detected NVSwitch non-fatal error 12028 on fid 0 on NVSwitch pci bus id 00000000:86:00.0",
    ),
)

XID_HARDWARE = Signature(
    name="xid_hardware",
    numbers=(25,),
    hints=(b"NVRM: Xid",),
    pattern=re.compile(_XID + rb"(?P<xid>" + _HARDWARE_XID + rb")\b(?:, pid='?(?P<pid>\d{1,9}))?"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.GPU_HARDWARE,
    words=HARDWARE.words,
    refute=HARDWARE.refute,
    advice=HARDWARE.advice,
    samples=(
        "[6781741.54] NVRM: Xid (PCI:0000:91:00): 79, pid='<unknown>', name=<unknown>, GPU has",
        "NVRM: Xid (PCI:0000:38:00): 94, pid=7194, name=python3, Contained: SM (0x1).",
    ),
    benign=("NVRM: Xid (PCI:0000:38:00): 31, pid=7194, name=python3, Ch 00000008",),
)

XID_APPLICATION = Signature(
    name="xid_application",
    numbers=(24,),
    hints=(b"NVRM: Xid",),
    pattern=re.compile(
        _XID + rb"(?P<xid>" + _APPLICATION_XID + rb")\b(?:, pid='?(?P<pid>\d{1,9}))?"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CUDA_KERNEL_FAULT,
    words="a CUDA kernel{where_rank} read or wrote where it must not",
    refute="if the same batch runs through with CUDA_LAUNCH_BLOCKING=1 or compute-sanitizer",
    advice=(
        "run once with CUDA_LAUNCH_BLOCKING=1: the traceback then shows the kernel's call",
        "look for an index out of range: labels, embeddings, positions",
    ),
    missing=("the traceback with CUDA_LAUNCH_BLOCKING=1",),
    samples=(
        (
            "NVRM: Xid (PCI:0000:38:00): 13, pid='<unknown>', name=<unknown>, Graphics SM Warp "
            "Exception on (GPC 9, TPC 1, SM 1): Out Of Range Address"
        ),
        "NVRM: Xid (PCI:0000:38:00): 43, pid=2924364, name=pt_main_thread, Ch 00000008",
    ),
)

KERNEL_FAULT = Signature(
    name="cuda_kernel_fault",
    numbers=(24,),
    hints=(
        b"device-side assert",
        b"misaligned address",
        b"illegal memory access",
        b"illegal instruction was encountered",
        b"unspecified launch failure",
        b"STATUS_EXECUTION_FAILED",
        b"Assertion",
        b"Memory access fault by GPU",
    ),
    pattern=re.compile(
        rb"device-side assert triggered|misaligned address(?: was encountered)?$"
        rb"|CUDA error: misaligned address|an illegal (?:memory access|instruction) was encountered"
        rb"|CUDA error: unspecified launch failure|\bCU(?:BLAS|DNN)_STATUS_EXECUTION_FAILED\b"
        rb"|thread: \[\d+,\d+,\d+\],? Assertion `.{1,200}[`'] ?failed"
        rb"|Memory access fault by GPU node-\d+|\bHSA_STATUS_ERROR_(?:MEMORY_APERTURE|EXCEPTION)"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CUDA_KERNEL_FAULT,
    words="a CUDA kernel of {who} faulted{where_raised}",
    refute=XID_APPLICATION.refute,
    advice=XID_APPLICATION.advice,
    missing=XID_APPLICATION.missing,
    samples=(
        "RuntimeError: CUDA error: device-side assert triggered",
        "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
        "RuntimeError: CUDA error: misaligned address",
        (
            "../ScatterGatherKernel.cu:145: operator(): block: [0,0,0], thread: [3,0,0], Assertion "
            "`idx_dim >= 0 && idx_dim < index_size` failed."
        ),
        "Memory access fault by GPU node-2 (Agent handle: 0x5f) on address 0x7f. Reason: Unknown.",
    ),
    benign=("compile with TORCH_USE_CUDA_DSA to enable device-side assertions.",),
)

CUDA_ERROR = Signature(
    name="cuda_error",
    numbers=(24,),
    hints=(
        b"CUDA error: ",
        b"cuDNN error: ",
        b"CUBLAS_STATUS_",
        b"CUDA driver error: ",
        b"HIP error: ",
        b"MIOpen Error",
    ),
    pattern=re.compile(
        rb"^(?:[\w.]{1,80}: )?(?:(?:CUDA|HIP)(?: driver)? error: |cuDNN error: |miopenStatus)\w"
        rb"|\bCUBLAS_STATUS_(?:NOT_INITIALIZED|INTERNAL_ERROR)\b"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CUDA_KERNEL_FAULT,
    confidence=Confidence.POSSIBLE,
    words="a CUDA call of {who} failed{where_raised}",
    refute=XID_APPLICATION.refute,
    advice=(
        *XID_APPLICATION.advice,
        "see whether the card itself is sound: nvidia-smi -q, dmesg | grep -i xid",
    ),
    missing=XID_APPLICATION.missing,
    samples=(
        "RuntimeError: CUDA error: unknown error",
        "RuntimeError: cuDNN error: CUDNN_STATUS_INTERNAL_ERROR",
    ),
    benign=("CUDA error checking is enabled",),
)

SIGNATURES = (HARDWARE, NVSWITCH, XID_HARDWARE, XID_APPLICATION, CUDA_OOM, KERNEL_FAULT, CUDA_ERROR)
