"""Findings from samples of GPUs and nodes: only what is certainly wrong."""

from collections.abc import Iterator

from trainwatch.events import NOBODY, Finding, RankId, Severity
from trainwatch.health.words import duration, printable
from trainwatch.model.machines import HARD_LIMITS, GpuState, HostState, Machines

THROTTLED_SECONDS = 300.0
"""Clocks held down for so long without a break are a finding; shorter dips are usual."""

SILENT_SECONDS = 30.0
"""A driver that does not answer for so long is a finding."""

_GIB = 1 << 30
_LEAST_FREE = 2 * _GIB
_LEAST_SHARE = 0.05

XIDS = {
    48: "double-bit memory error",
    63: "memory page retired or row remapped",
    64: "a memory page could not be retired",
    74: "NVLink error",
    79: "the GPU has fallen off the bus",
    92: "high rate of single-bit memory errors",
    94: "contained memory error",
    95: "uncontained memory error",
    119: "the GPU's system processor timed out",
    120: "error of the GPU's system processor",
}
"""Xids that tell of the hardware; others mostly come from programs (NVIDIA's Xid catalogue)."""


def machine_findings(machines: Machines, *, over: bool) -> Iterator[Finding]:
    """What is wrong with the machines.

    Args:
        machines: Their state.
        over: Whether the training has ended, so that what is wrong now does not hinder it.
    """
    for host in machines.hosts():
        for gpu in host.gpus.values():
            yield from _gpu_findings(host, gpu, over=over)
        yield from _silence(host, over=over)
        yield from _disk_findings(host, over=over)


def _silence(host: HostState, *, over: bool) -> Iterator[Finding]:
    lasted = host.last.gpu_silence
    if lasted is None or lasted < SILENT_SECONDS or host.silent_at is None:
        return
    yield Finding(
        "gpu_driver_silent",
        Severity.WARNING,
        NOBODY,
        f"the NVIDIA driver of {printable(host.last.host)} has not answered for {duration(lasted)}",
        (host.silent_at,),
        refute="if nvidia-smi answers there",
        active=not over,
    )


def _gpu_findings(host: HostState, gpu: GpuState, *, over: bool) -> Iterator[Finding]:
    name = f"GPU {gpu.last.index} of {printable(host.last.host)}"
    if gpu.lost_at is not None:
        yield Finding(
            "gpu_lost",
            Severity.CRITICAL if gpu.ranks else Severity.WARNING,
            _who(gpu),
            f"{name} no longer answers: the driver says that it is lost",
            (gpu.lost_at,),
            refute="if nvidia-smi lists it with figures",
            active=not over,
        )
    if gpu.ecc_at is not None:
        yield Finding(
            "gpu_ecc",
            Severity.WARNING,
            _who(gpu),
            f"{name} had {gpu.ecc_rise} uncorrectable memory error{'s'[: gpu.ecc_rise - 1]} during the run",
            (gpu.ecc_at,),
            refute="if nvidia-smi -q -d ECC shows none since the driver was loaded",
            active=not over,
        )
    for xid, where in gpu.xids.items():
        if xid in XIDS:
            yield Finding(
                "gpu_xid",
                Severity.WARNING,
                _who(gpu),
                f"{name} reported Xid {xid}: {XIDS[xid]}",
                (where,),
                refute="if the kernel log (dmesg) holds no such Xid",
                active=not over,
            )
    yield from _throttling(host, gpu, name, over=over)


def _throttling(host: HostState, gpu: GpuState, name: str, *, over: bool) -> Iterator[Finding]:
    if gpu.throttled_since is None or gpu.throttled_at is None or not gpu.ranks:
        return
    lasted = host.last.time - gpu.throttled_since
    if lasted >= THROTTLED_SECONDS:
        reasons = sorted(HARD_LIMITS.intersection(gpu.last.throttled))
        yield Finding(
            "gpu_throttled",
            Severity.WARNING,
            _who(gpu),
            f"{name} is held down by its hardware for {duration(lasted)} ({', '.join(reasons)})",
            (gpu.throttled_at,),
            refute="if nvidia-smi -q -d PERFORMANCE shows these reasons as not active",
            active=not over,
        )


def _disk_findings(host: HostState, *, over: bool) -> Iterator[Finding]:
    for disk in host.last.disks:
        if disk.free < min(_LEAST_FREE, _LEAST_SHARE * disk.total):
            yield Finding(
                "disk_nearly_full",
                Severity.WARNING,
                NOBODY,
                f"{printable(disk.path)} on {printable(host.last.host)} has only "
                f"{disk.free / _GIB:.2f} GiB free of {disk.total / _GIB:.0f}",
                (host.where,),
                refute="if df shows more",
                active=not over,
            )


def _who(gpu: GpuState) -> RankId:
    """The rank, where it is certain and one."""
    certain = len(gpu.ranks) == 1 and not gpu.assumed
    return RankId(gpu.ranks[0]) if certain else NOBODY
