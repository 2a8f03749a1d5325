"""Signatures of failures: how a line says that something went wrong.

Order matters: the first signature that fits names the fault. Lines that merely contain the word
error (metrics, warnings, help texts) must not fit; each signature's `benign` samples hold it to that.
"""

import re
from dataclasses import dataclass

from trainwatch.events import FaultKind


@dataclass(frozen=True, slots=True)
class Signature:
    """How one sort of failure looks.

    Attributes:
        kind: The failure.
        pattern: Searched in the line without its prefix.
        fatal: Whether such a line ends the process that wrote it.
        samples: Lines that must fit.
        benign: Look-alikes that must not.
    """

    kind: FaultKind
    pattern: re.Pattern[bytes]
    fatal: bool
    samples: tuple[str, ...]
    benign: tuple[str, ...] = ()


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        FaultKind.OUT_OF_MEMORY,
        re.compile(rb"(?:\bOutOfMemoryError\b|\b(?:CUDA|HIP|NPU) out of memory\b)"),
        fatal=True,
        samples=(
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            "RuntimeError: CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 7.80 GiB total)",
            "torch.cuda.OutOfMemoryError: CUDA out of memory.",
        ),
        benign=("set PYTORCH_ALLOC_CONF to avoid running out of memory",),
    ),
    Signature(
        FaultKind.CUDA_ERROR,
        re.compile(
            rb"(?:^|\W)(?:CUDA error: |CUDA driver error: |device-side assert triggered"
            rb"|an illegal memory access was encountered|cuDNN error: |CUBLAS_STATUS_\w+_ERROR"
            rb"|CUBLAS_STATUS_(?:NOT_INITIALIZED|ALLOC_FAILED|EXECUTION_FAILED|INTERNAL_ERROR))"
        ),
        fatal=True,
        samples=(
            "RuntimeError: CUDA error: device-side assert triggered",
            "torch.AcceleratorError: CUDA error: an illegal memory access was encountered",
            "RuntimeError: cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        ),
        benign=("CUDA error checking is enabled",),
    ),
    Signature(
        FaultKind.SHARD_ERROR,
        re.compile(rb"(?i)shard"),
        fatal=False,
        samples=("Error reading shard shard_0412.tar: unexpected end of data",),
        benign=("Cannot read the data: Errno 5",),
    ),
)
"""A shard error counts only on a line of level ERROR; the others wherever they stand."""
