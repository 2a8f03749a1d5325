"""GPUs through NVML. Whatever it lacks or loses is None, said once, and never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pynvml

from trainwatch.samples import GpuProcess, GpuSample
from trainwatch.telemetry.notes import Notes
from trainwatch.telemetry.xids import Xids

T = TypeVar("T")
Handle = Any

THROTTLES = {
    0x002: "applications_clocks_setting",
    0x004: "sw_power_cap",
    0x008: "hw_slowdown",
    0x010: "sync_boost",
    0x020: "sw_thermal_slowdown",
    0x040: "hw_thermal_slowdown",
    0x080: "hw_power_brake_slowdown",
    0x100: "display_clock_setting",
}
"""Bits of the driver → names as nvidia-smi writes them; being idle is no throttling."""

_ABSENT = (pynvml.NVML_ERROR_NOT_SUPPORTED, pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
_LOST = (pynvml.NVML_ERROR_GPU_IS_LOST, getattr(pynvml, "NVML_ERROR_RESET_REQUIRED", 16))
_FAILURES = (pynvml.NVMLError, UnicodeError)  # and names that are no text
_UNCORRECTED = pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED
_CORRECTED = pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED
_SINCE_BOOT = pynvml.NVML_VOLATILE_ECC
_MILLI = 1000


class _LostError(Exception):
    """The device does not answer any more."""


class Gpus:
    """All GPUs of this node.

    Args:
        notes: Where is said what could not be sampled.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._devices: list[_Device] = []
        self._xids: Xids | None = None
        try:
            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
        except pynvml.NVMLError as error:
            notes.add(f"no GPU was sampled: {_words(error)}.")
            return
        if count == 0:
            notes.add("no GPU was sampled: the driver knows of none.")
        self._devices = [_Device(index, notes) for index in range(count)]
        handles = [device.handle for device in self._devices if device.handle is not None]
        self._xids = Xids(handles, notes) if handles else None

    def sample(self) -> tuple[GpuSample, ...]:
        """Every GPU as it is now; never raises."""
        xids = self._xids.take() if self._xids else {}
        return tuple(device.sample(xids.get(device.index, ())) for device in self._devices)


class _Device:
    """One GPU and what it does not tell."""

    def __init__(self, index: int, notes: Notes) -> None:
        self.index = index
        self._notes = notes
        self._silent: set[str] = set()
        self.handle: Handle = None
        self._uuid: str | None = None
        self._name: str | None = None
        try:
            self._open()
        except _LostError:
            notes.add(f"GPU {index} was lost before the first sample.")

    def sample(self, xids: tuple[int, ...]) -> GpuSample:
        try:
            if self.handle is None:
                self._open()
            return self._now(xids)
        except _LostError:
            self._notes.add(f"GPU {self.index} no longer answers: the driver says that it is lost.")
            self.handle = None  # of no use any more; a reset gives a new one
            return GpuSample(self.index, self._uuid, self._name, xids=xids, lost=True)

    def _open(self) -> None:
        self.handle = self._ask("handle", pynvml.nvmlDeviceGetHandleByIndex, of=self.index)
        if self.handle is not None:
            self._uuid = self._ask("UUID", pynvml.nvmlDeviceGetUUID) or self._uuid
            self._name = self._ask("name", pynvml.nvmlDeviceGetName) or self._name

    def _now(self, xids: tuple[int, ...]) -> GpuSample:
        if self.handle is None:
            return GpuSample(self.index, self._uuid, self._name, xids=xids)
        memory = self._ask("memory", _memory)
        mig = self._ask("MIG mode", _mig) or False
        return GpuSample(
            index=self.index,
            uuid=self._uuid,
            name=self._name,
            utilization=self._ask("utilisation", _utilization),
            memory_used=memory[0] if memory else None,
            memory_total=memory[1] if memory else None,
            temperature=self._ask("temperature", _temperature),
            power=self._ask("power", _power),
            power_limit=self._ask("power limit", _power_limit),
            throttled=self._ask("clock limits", _throttled) or (),
            errors=self._errors(),
            xids=xids,
            mig=mig,
            instances=(self._ask("MIG instances", _instances) or ()) if mig else (),
            processes=self._ask("processes", _processes) or (),
        )

    def _errors(self) -> dict[str, int]:
        counts = {
            "ecc_uncorrected": self._ask("ECC errors", _ecc_uncorrected),
            "ecc_corrected": self._ask("corrected ECC errors", _ecc_corrected),
            "row_remap_failed": self._ask("remapped rows", _row_remap_failed),
        }
        return {name: count for name, count in counts.items() if count is not None}

    def _ask(self, what: str, question: Callable[[Any], T], of: object = None) -> T | None:
        """The answer, or None where the driver has none.

        Raises:
            _LostError: where the GPU does not answer any more.
        """
        if what in self._silent:
            return None
        try:
            return question(self.handle if of is None else of)
        except _FAILURES as error:
            code = getattr(error, "value", None)
            if code in _LOST:
                raise _LostError from None
            if code in _ABSENT:
                self._silent.add(what)
            # ECC, MIG and row remapping are missing on most GPUs: nobody waits for these.
            if code != pynvml.NVML_ERROR_NOT_SUPPORTED or what not in _RARE:
                self._notes.add(f"the driver does not tell the {what} of a GPU: {_words(error)}.")
            return None


_RARE = frozenset(
    ("ECC errors", "corrected ECC errors", "remapped rows", "MIG mode", "MIG instances")
)


def _words(error: Exception) -> str:
    if getattr(error, "value", None) == pynvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return "there is no NVIDIA driver here (libnvidia-ml.so.1 is not found)"
    return str(error)


def _utilization(handle: Handle) -> float:
    return float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)


def _memory(handle: Handle) -> tuple[int, int]:
    try:  # without what the driver keeps for itself, which the older call counts as used
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
    except pynvml.NVMLError as error:
        if error.value in _LOST:
            raise
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return int(memory.used), int(memory.total)


def _temperature(handle: Handle) -> float:
    return float(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU))


def _power(handle: Handle) -> float:
    return float(pynvml.nvmlDeviceGetPowerUsage(handle)) / _MILLI


def _power_limit(handle: Handle) -> float:
    return float(pynvml.nvmlDeviceGetEnforcedPowerLimit(handle)) / _MILLI


def _throttled(handle: Handle) -> tuple[str, ...]:
    bits = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
    return tuple(name for bit, name in THROTTLES.items() if bits & bit)


def _mig(handle: Handle) -> bool:
    current, _pending = pynvml.nvmlDeviceGetMigMode(handle)
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def _instances(handle: Handle) -> tuple[str, ...]:
    """UUIDs of the instances; a place without one is skipped."""
    found = []
    for place in range(int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))):
        try:
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
        except pynvml.NVMLError as error:
            if error.value in _LOST:
                raise
            continue
        found.append(str(pynvml.nvmlDeviceGetUUID(instance)))
    return tuple(found)


def _ecc_uncorrected(handle: Handle) -> int:
    return int(pynvml.nvmlDeviceGetTotalEccErrors(handle, _UNCORRECTED, _SINCE_BOOT))


def _ecc_corrected(handle: Handle) -> int:
    return int(pynvml.nvmlDeviceGetTotalEccErrors(handle, _CORRECTED, _SINCE_BOOT))


def _row_remap_failed(handle: Handle) -> int:
    return int(pynvml.nvmlDeviceGetRemappedRows(handle)[3])


def _processes(handle: Handle) -> tuple[GpuProcess, ...]:
    try:
        found = pynvml.nvmlDeviceGetComputeRunningProcesses_v3(handle)
    except pynvml.NVMLError as error:
        if error.value != pynvml.NVML_ERROR_FUNCTION_NOT_FOUND:
            raise
        found = pynvml.nvmlDeviceGetComputeRunningProcesses_v2(handle)  # a driver before 510
    return tuple(
        GpuProcess(int(process.pid), None if memory is None else int(memory))
        for process in found
        for memory in [process.usedGpuMemory]
    )
