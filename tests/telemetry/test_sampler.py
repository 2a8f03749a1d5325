"""The sampler as a process, with the real pynvml on a driver made of C."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.telemetry.conftest import Running

Start = Callable[..., Running]


def run_json(directory: Path, **facts: object) -> None:
    document = {"host": socket.gethostname(), "ended": None, "attempts": [], **facts}
    (directory / "run.json").write_text(json.dumps(document))


def test_two_gpus_are_sampled(start: Start, driver: Path) -> None:
    sample = start(LD_LIBRARY_PATH=str(driver)).until(bool)[0]
    first, second = sample["gpus"]
    assert first["name"] == "Stub H100"
    assert (first["uuid"], second["uuid"]) == ("GPU-0000", "GPU-0001")
    assert first["utilization"] == 97
    assert (first["memory_used"], first["memory_total"]) == (61 << 30, 80 << 30)
    assert (first["temperature"], first["power"], first["power_limit"]) == (71, 651.5, 700)
    assert first["throttled"] == ["sw_power_cap", "hw_thermal_slowdown"]
    assert first["errors"] == {"ecc_uncorrected": 3, "ecc_corrected": 3}
    assert second["errors"] == {}
    assert sample["host"] == socket.gethostname()
    assert sample["memory_total"] > sample["memory_used"] > 0
    assert [disk["total"] > 0 for disk in sample["disks"]] == [True]
    assert [note for note in sample["notes"] if "remapped rows" in note] != []


def test_without_a_driver_it_says_so_once(start: Start) -> None:
    samples = start().until(lambda found: len(found) > 2)
    assert [sample["gpus"] for sample in samples] == [[]] * len(samples)
    assert [len(sample["notes"]) for sample in samples[:3]] == [1, 0, 0]
    assert "libnvidia-ml.so.1" in samples[0]["notes"][0]
    assert samples[0]["cores"] == os.cpu_count()


def test_a_driver_that_is_not_loaded(start: Start, driver: Path) -> None:
    sample = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_INIT="9").until(bool)[0]
    assert sample["notes"] == ["no GPU was sampled: Driver Not Loaded."]


def test_a_gpu_that_is_lost_and_found(start: Start, driver: Path, tmp_path: Path) -> None:
    sign = tmp_path / "lost"
    sampler = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_LOST=str(sign))
    sampler.until(bool)
    sign.touch()
    samples = sampler.until(lambda found: len(found) > 3 and found[-3]["gpus"][1]["lost"])
    gone = samples[-1]["gpus"][1]
    assert gone["uuid"] == "GPU-0001"
    assert gone["utilization"] is None
    assert samples[-1]["gpus"][0]["utilization"] == 97
    said = [note for sample in samples for note in sample["notes"] if "lost" in note]
    assert said == ["GPU 1 no longer answers: the driver says that it is lost."]
    sign.unlink()
    sampler.until(lambda found: not found[-1]["gpus"][1]["lost"])


def test_a_split_gpu_has_no_utilisation(start: Start, driver: Path) -> None:
    gpu = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_MIG="1").until(bool)[0]["gpus"][0]
    assert gpu["mig"] is True
    assert gpu["utilization"] is None
    assert gpu["memory_used"] == 61 << 30
    assert gpu["instances"] == ["MIG-0008", "MIG-00010"]


def test_a_driver_that_hangs_does_not_stop_the_samples(
    start: Start, driver: Path, tmp_path: Path
) -> None:
    sign = tmp_path / "hangs"
    sampler = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_BLOCK=str(sign))
    sampler.until(bool)
    sign.touch()
    samples = sampler.until(lambda found: sum(s["gpu_silence"] is not None for s in found) > 2)
    silent = [sample for sample in samples if sample["gpu_silence"] is not None]
    assert [sample["gpus"] for sample in silent] == [[]] * len(silent)
    assert silent[0]["gpu_silence"] < silent[1]["gpu_silence"] < silent[2]["gpu_silence"]
    assert silent[0]["marked"] is True
    assert silent[0]["memory_used"] > 0
    said = [note for sample in samples for note in sample["notes"] if "does not answer" in note]
    assert len(said) == 1
    sign.unlink()
    assert sampler.until(lambda found: len(found[-1]["gpus"]) == 2)[-1]["gpu_silence"] is None


def test_a_sampler_ends_whose_driver_hangs(start: Start, driver: Path, tmp_path: Path) -> None:
    sign = tmp_path / "hangs"
    run_json(tmp_path)
    sampler = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_BLOCK=str(sign))
    sampler.until(bool)
    sign.touch()
    sampler.until(lambda found: found[-1]["gpu_silence"] is not None)
    run_json(tmp_path, ended=1.0, exit_code=0)
    assert sampler.process.wait(60) == 0


def test_missing_functions_are_said_once(start: Start, build_driver: Callable[..., Path]) -> None:
    old = build_driver("-DWITHOUT_POWER")
    samples = start(LD_LIBRARY_PATH=str(old)).until(lambda found: len(found) > 2)
    assert samples[0]["gpus"][0]["power"] is None
    assert samples[0]["gpus"][0]["utilization"] == 97
    said = [note for sample in samples for note in sample["notes"] if "the power of" in note]
    assert said == ["the driver does not tell the power of a GPU: Function Not Found."]


def test_errors_of_the_driver(start: Start, driver: Path, tmp_path: Path) -> None:
    sign = tmp_path / "ecc"
    sampler = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_ECC=str(sign))
    sampler.until(bool)
    sign.touch()
    samples = sampler.until(lambda found: any(s["gpus"][0]["xids"] for s in found))
    (hit,) = [sample for sample in samples if sample["gpus"][0]["xids"]]
    assert hit["gpus"][0]["xids"] == [48]
    assert hit["marked"] is True
    assert samples[-1]["gpus"][0]["errors"]["ecc_uncorrected"] == 5


@pytest.mark.skipif(
    str(Path("/proc/self/ns/pid").readlink()) != "pid:[4026531836]",
    reason="needs the machine's own process numbers; this is a container with its own",
)
def test_ranks_are_found_by_their_processes(start: Start, driver: Path, tmp_path: Path) -> None:
    code = "import time; print(flush=True); time.sleep(600)"
    environment = {**os.environ, "RANK": "5", "LOCAL_RANK": "1"}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE)
    try:
        assert worker.stdout is not None
        worker.stdout.readline()
        run_json(tmp_path, attempts=[{"launcher": {"pid": worker.pid, "start_ticks": 1}}])
        sampler = start(LD_LIBRARY_PATH=str(driver), NVML_STUB_PID=str(worker.pid))
        samples = sampler.until(lambda found: len(found) > 2)
    finally:
        worker.kill()
        worker.communicate()
    first, second = samples[1]["gpus"]
    assert (first["ranks"], first["assumed"]) == ([5], False)
    assert first["processes"] == [{"pid": worker.pid, "memory": 60 << 30, "rank": 5}]
    assert second["ranks"] == []
    (rank,) = samples[1]["ranks"]
    assert (rank["rank"], rank["local_rank"], rank["pid"]) == (5, 1, worker.pid)
    assert rank["memory"] > 0
    assert samples[1]["processes"] == 1


def test_it_ends_with_the_run(start: Start, tmp_path: Path) -> None:
    run_json(tmp_path)
    sampler = start()
    sampler.until(bool)
    run_json(tmp_path, ended=1.0, exit_code=0)
    assert sampler.process.wait(60) == 0


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    sampler = f"{sys.executable} -m trainwatch.telemetry {tmp_path} --interval 0.1"
    shell = subprocess.Popen(["sh", "-c", f"{sampler} & wait"], stdout=subprocess.PIPE)
    deadline_file = tmp_path / "system.jsonl"
    while not deadline_file.exists():
        assert shell.poll() is None
    shell.send_signal(signal.SIGKILL)
    assert shell.stdout is not None
    assert shell.stdout.read() == b""  # returns when the sampler, which holds it too, is gone
    shell.communicate()


def test_another_nodes_file_carries_its_name(start: Start, tmp_path: Path) -> None:
    run_json(tmp_path, host="somewhere-else")
    start().until(bool)
    assert [path.name for path in tmp_path.glob("*.jsonl")] == [
        f"system-{socket.gethostname()}.jsonl"
    ]
