"""Samples: through their line and back, into the state, thinned, and what is found in them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.cli.main import main
from trainwatch.engine import Engine
from trainwatch.events import Chunk, Finding, LogFile, RunInfo
from trainwatch.health.machines import machine_findings
from trainwatch.model.machines import CAPACITY, Machines
from trainwatch.parsing.samples import SampleParser
from trainwatch.samples import (
    DiskSample,
    GpuProcess,
    GpuSample,
    RankProcess,
    Sample,
    decode,
    encode,
    quoted,
    thinned,
)
from trainwatch.sources.samples import SampleFiles
from trainwatch.telemetry.journal import SampleFile
from trainwatch.telemetry.ranks import Worker, assign

GIB = 1 << 30
GPU = GpuSample(
    index=3,
    uuid="GPU-abc",
    name="H100",
    utilization=97.0,
    memory_used=61 * GIB,
    memory_total=80 * GIB,
    ranks=(11,),
    errors={"ecc_uncorrected": 2},
)
SAMPLE = Sample(
    time=1000.0,
    host="a17",
    cpu=12.5,
    disks=(DiskSample("/data", 900 * GIB, 1000 * GIB),),
    ranks=(RankProcess(11, 4711, 3, 99.0, 5 * GIB),),
    gpus=(GPU,),
)

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
wholes = st.none() | st.integers(0, 2**62)
texts = st.none() | st.text(max_size=20)
gpus = st.builds(
    GpuSample,
    index=st.integers(0, 1000),
    uuid=texts,
    name=texts,
    utilization=numbers,
    memory_used=wholes,
    throttled=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    errors=st.dictionaries(st.text(max_size=9), st.integers(0, 2**62), max_size=3),
    xids=st.lists(st.integers(0, 200), max_size=3).map(tuple),
    lost=st.booleans(),
    mig=st.booleans(),
    ranks=st.lists(st.integers(0, 10**6), max_size=3).map(tuple),
    processes=st.lists(
        st.builds(GpuProcess, pid=st.integers(0, 10**7), memory=wholes, rank=wholes), max_size=2
    ).map(tuple),
)
samples = st.builds(
    Sample,
    time=st.floats(0, 1e12),
    host=st.text(min_size=1, max_size=20),
    marked=st.booleans(),
    cpu=numbers,
    memory_used=wholes,
    gpus=st.lists(gpus, max_size=3).map(tuple),
    notes=st.lists(st.text(max_size=30), max_size=2).map(tuple),
)


@given(samples)
def test_a_line_holds_the_whole_sample(sample: Sample) -> None:
    line = encode(sample)
    assert "\n" not in line
    assert decode(line.encode()) == sample
    for gpu in sample.gpus:
        assert quoted(gpu) in line


@given(
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["time", "host", "gpus", "index", "disks", "notes", "errors", "ranks"]
                ),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_a_hostile_line_is_no_sample_or_a_sound_one(line: bytes) -> None:
    sample = decode(line)
    if sample is not None:
        assert decode(encode(sample).encode()) == sample


@given(st.lists(samples, max_size=4), st.integers(1, 300))
def test_any_chunking_gives_the_same(some: list[Sample], size: int) -> None:
    data = b"".join(encode(sample).encode() + b"\n" for sample in some)
    whole = list(SampleParser(LogFile("system.jsonl")).feed(data))
    parser = SampleParser(LogFile("system.jsonl"))
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    assert [found for part in parts for found in parser.feed(part)] == whole
    assert [where.line for _, where in whole] == list(range(1, len(some) + 1))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200).map(sorted), st.integers(2, 100))
def test_thinning_keeps_order_ends_and_bounds(times: list[float], keep: int) -> None:
    kept = thinned(times, keep)
    assert kept == sorted(set(kept))
    assert len(kept) <= max(keep, 1)
    assert kept[-1] == len(times) - 1


def test_thinning_is_even_over_the_whole_run() -> None:
    times = list(np.arange(0.0, 1e6, 2.0))
    kept = np.array(times)[thinned(times, 1000)]
    older = kept[:500]
    assert kept[0] == 0.0
    assert np.diff(older).max() < 2 * np.diff(older).min()
    assert list(kept[500:]) == times[-500:]


def test_the_file_stays_bounded_and_keeps_what_happened(tmp_path: Path) -> None:
    file = SampleFile(tmp_path / "system.jsonl", limit=20_000)
    for second in range(500):
        happened = ("the driver is gone.",) if second == 7 else ()
        sample = replace(SAMPLE, time=float(second), notes=happened, marked=bool(happened))
        file.append(encode(sample))
    path = tmp_path / "system.jsonl"
    assert path.stat().st_size < 25_000
    read = [decode(line) for line in path.read_bytes().splitlines()]
    times = [sample.time for sample in read if sample]
    assert len(times) == len(read)
    assert times == sorted(set(times))
    assert (times[0], times[-1]) == (0.0, 499.0)
    assert 7.0 in times
    assert [entry.name for entry in tmp_path.iterdir()] == ["system.jsonl"]


def test_a_torn_line_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "system.jsonl"
    line = encode(SAMPLE)
    path.write_text(line + "\n" + line[:40])
    SampleFile(path).append(line)
    assert [decode(text) is not None for text in path.read_bytes().splitlines()] == [
        True,
        False,
        True,
    ]


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "system.jsonl"
    engine = Engine(RunInfo(str(tmp_path)))
    files = SampleFiles([str(tmp_path)])

    def sampled() -> list[float]:
        for chunk in files.poll():
            engine.feed_samples(chunk)
        view = engine.machines.view()
        return [] if view is None else list(view.hosts[0].times)

    assert sampled() == []
    lines = [encode(replace(SAMPLE, time=float(second))) + "\n" for second in range(4)]
    path.write_text("".join(lines[:2]))
    assert sampled() == [0.0, 1.0]
    with path.open("a") as stream:
        stream.write(lines[2])
    assert sampled() == [0.0, 1.0, 2.0]
    other = tmp_path / "other"
    other.write_text(lines[0] + lines[3])
    other.replace(path)
    assert sampled() == [0.0, 3.0]


def machines(*given_samples: Sample) -> Machines:
    state = Machines()
    data = b"".join(encode(sample).encode() + b"\n" for sample in given_samples)
    for sample, where in SampleParser(LogFile("system.jsonl")).feed(data):
        state.add(sample, where)
    return state


def findings(*given_samples: Sample, over: bool = False) -> list[Finding]:
    return list(machine_findings(machines(*given_samples), over=over))


def test_the_view_tells_what_the_samples_tell() -> None:
    view = machines(SAMPLE, replace(SAMPLE, time=1002.0, cpu=None)).view()
    assert view is not None
    assert view.sampled == 1002.0
    (gpu,), (host,) = view.gpus, view.hosts
    assert (gpu.host, gpu.index, gpu.ranks, gpu.lost) == ("a17", 3, (11,), False)
    assert list(gpu.times) == [1000.0, 1002.0]
    assert list(gpu.history["utilization"]) == [97.0, 97.0]
    assert np.isnan(gpu.history["power"]).all()
    assert host.cpu is None
    assert host.history["cpu"][0] == 12.5
    assert np.isnan(host.history["cpu"][1])


def test_histories_are_bounded() -> None:
    many = [replace(SAMPLE, time=2.0 * n) for n in range(3 * CAPACITY)]
    view = machines(*many).view()
    assert view is not None
    times = view.gpus[0].times
    assert len(times) <= CAPACITY
    assert (times[0], times[-1]) == (0.0, many[-1].time)


def test_healthy_machines_raise_no_alarm() -> None:
    capped = replace(GPU, throttled=("sw_power_cap", "applications_clocks_setting"))
    hours = [replace(SAMPLE, time=1000.0 + 2 * n, gpus=(capped,)) for n in range(3600)]
    assert findings(*hours) == []


def test_a_lost_gpu_is_critical_for_its_rank() -> None:
    lost = replace(SAMPLE, time=1002.0, gpus=(GpuSample(3, lost=True),))
    (found,) = findings(SAMPLE, lost)
    assert (found.rule, found.severity.name, found.who.rank) == ("gpu_lost", "CRITICAL", 11)
    assert found.active
    assert found.evidence[0].line == 2
    assert '"lost": true' in encode(lost)
    assert found.evidence[0].text[:60] in encode(lost)
    (afterwards,) = findings(SAMPLE, lost, over=True)
    assert not afterwards.active
    assert findings(SAMPLE, lost, replace(SAMPLE, time=1004.0)) == []


def test_old_memory_errors_are_no_finding_but_new_ones_are() -> None:
    assert findings(SAMPLE, replace(SAMPLE, time=1002.0)) == []
    worse = replace(GPU, errors={"ecc_uncorrected": 3}, xids=(13, 48))
    found = findings(SAMPLE, replace(SAMPLE, time=1002.0, gpus=(worse,)))
    assert [finding.rule for finding in found] == ["gpu_ecc", "gpu_xid"]
    assert found[0].message.startswith("GPU 3 of a17 had 1 uncorrectable memory error during")


@pytest.mark.parametrize(("seconds", "expected"), [(200, []), (400, ["gpu_throttled"])])
def test_throttling_is_a_finding_when_it_lasts(seconds: int, expected: list[str]) -> None:
    hot = replace(GPU, throttled=("hw_thermal_slowdown",))
    hours = [replace(SAMPLE, time=1000.0 + n, gpus=(hot,)) for n in range(seconds)]
    assert [found.rule for found in findings(SAMPLE, *hours)] == expected


@pytest.mark.parametrize(
    ("free", "total", "expected"),
    [(1, 1000, 1), (3, 1000, 0), (1, 10, 0), (0, 10, 1)],
)
def test_a_disk_that_is_nearly_full(free: int, total: int, expected: int) -> None:
    disks = (DiskSample("/data", free * GIB, total * GIB),)
    assert len(findings(replace(SAMPLE, disks=disks))) == expected


def gpu_pair() -> list[GpuSample]:
    return [GpuSample(0, uuid="GPU-aa"), GpuSample(1, uuid="GPU-bb")]


def test_foreign_process_numbers_are_not_matched() -> None:
    seen = [replace(GpuSample(0), processes=(GpuProcess(77),)), GpuSample(1)]
    worker = Worker(pid=77, rank=5, local_rank=1, uses_gpu=True)
    certain = assign(seen, [worker], same_numbers=True)
    assert [(gpu.ranks, gpu.assumed) for gpu in certain] == [((5,), False), ((), False)]
    assumed = assign(seen, [worker], same_numbers=False)
    assert [(gpu.ranks, gpu.assumed) for gpu in assumed] == [((), False), ((5,), True)]


@pytest.mark.parametrize(
    ("visible", "local", "expected"),
    [
        (None, 1, 1),
        (None, 7, None),
        ("1", 0, 1),
        ("1,0", 0, 1),
        ("1,0", None, None),
        ("GPU-bb", 0, 1),
        ("GPU-", 0, None),
        ("", 0, None),
        ("-1", 0, None),
        ("9", 0, None),
    ],
)
def test_the_usual_device(visible: str | None, local: int | None, expected: int | None) -> None:
    worker = Worker(pid=1, rank=4, local_rank=local, visible=visible, uses_gpu=True)
    found = assign(gpu_pair(), [worker], same_numbers=False)
    assert [gpu.index for gpu in found if gpu.ranks] == ([] if expected is None else [expected])
    idle = replace(worker, uses_gpu=False)
    assert all(not gpu.ranks for gpu in assign(gpu_pair(), [idle], same_numbers=False))


@pytest.mark.parametrize(
    "visible", ["MIG-2222", "MIG-2222-more", "MIG-GPU-bbbb-2/1/0", "GPU-bbbb", "1"]
)
def test_an_instance_belongs_to_its_gpu(visible: str) -> None:
    gpus = [
        GpuSample(0, "GPU-aaaa-1", mig=True, instances=("MIG-1111-x",)),
        GpuSample(1, "GPU-bbbb-2", mig=True, instances=("MIG-2222-x", "MIG-2222-more-y")),
    ]
    worker = Worker(7, 3, 0, visible, uses_gpu=True)
    found = assign(gpus, [worker], same_numbers=False)
    assert [gpu.ranks for gpu in found] == [(), (3,)]


def test_a_driver_that_falls_silent_is_told_with_the_age_of_its_figures() -> None:
    told = Sample(10.0, "a17", gpus=(GpuSample(0, "GPU-a", utilization=97.0),))
    silent = Sample(52.0, "a17", gpu_silence=42.0)
    view = machines(told, silent).view()
    assert view
    assert (view.gpus[0].utilization, view.gpus[0].silence) == (97.0, 42.0)
    assert view.gpus[0].times.tolist() == [10.0]
    assert view.notes[0] == "GPU figures are 42 s old: the driver does not answer."
    assert [finding.rule for finding in findings(told, silent)] == ["gpu_driver_silent"]
    assert findings(told, silent, replace(told, time=54.0)) == []


def test_chunks_of_another_file_are_another_node() -> None:
    engine = Engine(RunInfo("runs/a"))
    for name, host in (("system.jsonl", "a17"), ("system-b2.jsonl", "b2")):
        line = encode(replace(SAMPLE, host=host, notes=("no driver.",))) + "\n"
        engine.feed_samples(Chunk(LogFile(name), 0, line.encode(), 0.0))
    view = engine.machines.view()
    assert view is not None
    assert [host.host for host in view.hosts] == ["a17", "b2"]
    assert view.notes == ("a17: no driver.", "b2: no driver.")


def test_a_lost_gpu_is_an_alert_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "train.log").write_text("[DEBUG] [Rank 11] Training step 0, loss=0.1234\n")
    lost = replace(SAMPLE, time=1002.0, gpus=(GpuSample(3, lost=True),))
    (tmp_path / "system.jsonl").write_text(f"{encode(SAMPLE)}\n{encode(lost)}\n")
    with pytest.raises(SystemExit):
        main(["status", str(tmp_path), "--json"])
    document = json.loads(capsys.readouterr().out)
    (alert,) = [alert for alert in document["alerts"] if alert["rule"] == "gpu_lost"]
    assert (alert["severity"], alert["rank"]) == ("critical", 11)
    assert (alert["evidence"][0]["file"], alert["evidence"][0]["line"]) == ("system.jsonl", 2)
    assert document["health"] == "critical"
    with pytest.raises(SystemExit):
        main(["export", str(tmp_path), "--table", "system"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["device"], row["index"], row.get("lost")) for row in rows] == [
        ("host", None, None),
        ("gpu", 3, False),
        ("host", None, None),
        ("gpu", 3, True),
    ]
