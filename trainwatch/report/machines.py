"""Samples of machines as rows: one a sampled device, the node itself before its GPUs."""

from collections.abc import Iterator

from trainwatch.events import Evidence
from trainwatch.report.jsonable import Json, iso_moment
from trainwatch.samples import Sample


def sample_rows(sample: Sample, where: Evidence) -> Iterator[Json]:
    """Rows of `trainwatch export --table system`; `device` is `host` or `gpu`."""
    head: Json = {
        "file": where.file,
        "line": where.line,
        "time": iso_moment(sample.time),
        "host": sample.host,
    }
    yield {
        **head,
        "device": "host",
        "index": None,
        "ranks": sorted({rank.rank for rank in sample.ranks}),
        "cpu": sample.cpu,
        "cores": sample.cores,
        "load": sample.load,
        "memory_used": sample.memory_used,
        "memory_total": sample.memory_total,
        "training_cpu": sample.training_cpu,
        "training_memory": sample.training_memory,
        "processes": sample.processes,
        "gpu_silence": sample.gpu_silence,
        "disks": [
            {"path": disk.path, "free": disk.free, "total": disk.total} for disk in sample.disks
        ],
    }
    for gpu in sample.gpus:
        yield {
            **head,
            "device": "gpu",
            "index": gpu.index,
            "ranks": list(gpu.ranks),
            "ranks_assumed": gpu.assumed,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "utilization": gpu.utilization,
            "memory_used": gpu.memory_used,
            "memory_total": gpu.memory_total,
            "temperature": gpu.temperature,
            "power": gpu.power,
            "power_limit": gpu.power_limit,
            "throttled": list(gpu.throttled),
            "errors": dict(gpu.errors),
            "xids": list(gpu.xids),
            "lost": gpu.lost,
            "mig": gpu.mig,
            "processes": len(gpu.processes),
        }
