"""Opening dumps: all forms and versions, and everything that is none."""

import json
import pickle  # noqa: TID251 - hostile pickles are made here
import re
import struct
from pathlib import Path

import pytest

from trainwatch.diagnose.recorder import DumpError, State, analyse_dumps, load_dump
from trainwatch.diagnose.recorder import fields as fields_module
from trainwatch.diagnose.recorder import load as load_module
from trainwatch.diagnose.recorder import unpickle as unpickle_module

from .sketch import Sketch, pickled


def small() -> Sketch:
    sketch = Sketch(2)
    sketch.loop(3)
    return sketch


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_binary_protocol_opens(protocol: int) -> None:
    dump = load_dump("_dump_1", pickled(small().raw(1), protocol))
    assert dump.rank == 1
    assert len(dump.entries) == 7
    entry = dump.entries[1]
    assert (entry.library, entry.op, entry.seq, entry.group) == ("gloo", "all_reduce", 2, "0")
    assert entry.finished
    assert entry.source is not None
    assert entry.source.place == "train.py:47"


def test_json_says_the_same_but_for_its_own_ways() -> None:
    raw = small().raw(0)
    own = json.loads(json.dumps(raw))
    for status in own["pg_status"].values():
        status.update({key: str(value) for key, value in status.items()})
    for entry in own["entries"]:
        entry.update(time_discovered_started_ns=0, time_discovered_completed_ns=0)
    read = load_dump("rank_0.json", json.dumps(own).encode())
    assert read.entries == load_dump("rank_0", pickled(raw)).entries
    assert read.status == load_dump("rank_0", pickled(raw)).status


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("nccl_trace_rank_3", 3),
        ("_dump_14", 14),
        ("logs/node-2/nccl_trace_rank_12.json", 12),
        ("comm_lib_trace_rank_7.pickle", 7),
        ("trace.rank5", 5),
        ("host4_rank3_1795000000", 3),
        ("9", 9),
    ],
)
def test_the_rank_is_in_the_name(name: str, rank: int) -> None:
    sketch = small()
    assert load_dump(name, json.dumps(sketch.raw(0)).encode()).rank == rank


def test_the_rank_is_in_the_contents() -> None:
    sketch = Sketch(4, "nccl")
    sketch.group("1", "TP", [2, 3])
    sketch.group("2", "DP", [0, 2])
    sketch.call()
    assert load_dump("dump", pickled(sketch.raw(2))).rank == 2
    sketch.groups = {"1": sketch.groups["1"]}
    sketch.message(3, "recv 1<-0", ("1", "TP"))
    assert load_dump("dump", pickled(sketch.raw(3))).rank == 3
    assert load_dump("dump", pickled(small().raw(0) | {"rank": 1})).rank == 1
    assert load_dump("dump", pickled(small().raw(0))).rank is None


def test_missing_and_newer_keys_are_no_reason_to_fail() -> None:
    old = {"entries": [{"profiling_name": "nccl:all_reduce", "seq_id": 4, "state": "completed"}]}
    entry = load_dump("rank_0", pickled(old)).entries[0]
    assert (entry.seq, entry.state, entry.finished) == (4, State.COMPLETED, True)
    assert load_dump("rank_0", pickled(old["entries"])).entries == (entry,)
    new = small().raw(0) | {"nccl_comm_state": {"x": 1}, "more": [1.5]}
    new["entries"][0] |= {"stream": 7, "state": "resting"}
    assert load_dump("rank_0", pickled(new)).entries[0].state is State.UNKNOWN


def test_values_of_the_wrong_kind_are_not_known() -> None:
    raw = small().raw(0)
    raw["entries"][0] |= {
        "frames": 3,
        "process_group": None,
        "input_sizes": [4, "x", [7, None]],
        "collective_seq_id": 1 << 80,
        "time_created_ns": "soon",
        "retired": "yes",
    }
    raw["entries"][1] = "no entry"
    dump = load_dump("rank_0.json", json.dumps(raw).encode())
    entry = dump.entries[0]
    assert dump.skipped == 1
    assert (entry.frames, entry.group, entry.seq, entry.created_ns) == ((), "", None, None)
    assert not entry.finished


def test_text_cannot_leave_its_line() -> None:
    raw = small().raw(0)
    raw["entries"][0]["frames"] = [{"name": "a\x1b[2J\n\ud800", "filename": "b" * 9000, "line": 1}]
    frame = load_dump("rank_0.json", json.dumps(raw).encode()).entries[0].frames[0]
    assert frame.function == "a·[2J··"
    assert len(frame.file) == fields_module.MAX_TEXT


def every_cut(data: bytes) -> list[bytes]:
    return [data[:length] for length in range(0, len(data) - 1, 37)]


@pytest.mark.parametrize("form", ["pickle", "json"])
def test_half_a_dump_says_that_it_is_one(form: str) -> None:
    data = small().files(form=form)["nccl_trace_rank_0" + (".json" if form == "json" else "")]
    for half in every_cut(data):
        with pytest.raises(DumpError, match=r"^rank_0: it is [^.]*\.$"):
            load_dump("rank_0", half)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\0\0\0\n", "empty"),
        (b"Traceback (most recent call last):", "neither a pickle nor JSON"),
        (b"{]", "not valid JSON"),
        (b'{"entries": 3, "pg_config": {}}', "not a list"),
        (b'{"loss": 0.3}', "no entries"),
        (b'[{"a": 1}]', "none of its entries"),
        (b"[" * 200_000, "cut off"),
        (b'{"entries": [' + b"[" * 50_000 + b"]" * 50_000 + b"]}", "damaged|none of its entries"),
        (pickled({"a": 1}), "no entries"),
        (pickled("text"), "no entries"),
        (b"\x80\x02.", "damaged"),
        (b"\x80\x63.", "damaged"),
    ],
)
def test_foreign_files_are_told_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(DumpError, match=words) as caught:
        load_dump("_dump_0", data)
    assert re.fullmatch(r"_dump_0: (it|none of|its) [^\n.]*\.", str(caught.value))


class Evil:
    """Creates a file when an ordinary unpickler opens it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_does_not_run(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "created"
    data = pickled({"entries": [Evil(target)], "version": "2.10"}, protocol)
    with pytest.raises(DumpError):
        load_dump("_dump_0", data)
    assert not target.exists()
    pickle.loads(data)
    assert target.exists(), "the pickle was no threat at all"


@pytest.mark.parametrize(
    "opcodes",
    [
        b"cos\nsystem\n(S'true'\ntR",
        b"(S'true'\nios\nsystem\n",
        b"\x8c\x02os\x8c\x06system\x93",
        b"K\x01Q",
        b"P1\n",
        b"\x82\x01",
        b"}\x97",
    ],
)
def test_no_opcode_that_calls_or_asks_gets_through(opcodes: bytes) -> None:
    with pytest.raises(DumpError):
        load_dump("_dump_0", b"\x80\x04" + opcodes + b".")


@pytest.mark.parametrize("name", ["find_class", "persistent_load"])
def test_the_second_wall_refuses_by_itself(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpickle_module, "_inspect", lambda _data: None)
    data = b"\x80\x04cos\nsystem\n." if name == "find_class" else b"\x80\x04K\x01Q."
    with pytest.raises(DumpError, match="which a dump never does"):
        load_dump("_dump_0", data)


def tuples(depth: int) -> bytes:
    """A key whose hash takes 2^depth steps."""
    start = b"\x80\x02}(K\x01K\x01\x86q\x00"
    for slot in range(depth):
        start += b"h" + bytes([slot]) + b"h" + bytes([slot]) + b"\x86q" + bytes([slot + 1])
    return start + b"K\x01u."


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (tuples(60), "nests tuples"),
        (b"\x80\x02" + b"K\x01\x85" + b"\x85" * 100_000 + b".", "nests tuples"),
        (b"\x80\x02(" + b"K\x01" * 100_000 + b"t.", "longer"),
        (b"\x80\x02]r" + struct.pack("<I", 1 << 31) + b".", "leaps"),
        (b"\x80\x02}(\x8a\xff" + b"\x01" * 255 + b"K\x01u.", "64 bits"),
    ],
)
def test_bombs_are_refused_before_they_are_opened(data: bytes, words: str) -> None:
    with pytest.raises(DumpError, match=words):
        load_dump("_dump_0", data)


def test_deep_lists_are_harmless() -> None:
    with pytest.raises(DumpError, match="none of its entries"):
        load_dump("_dump_0", b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")


def test_a_value_shared_a_thousand_times_is_counted_a_thousand_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fields_module, "MAX_WORK", 50_000)
    shapes = [[1] * 60] * 1000
    entry = {"profiling_name": "nccl:all_reduce", "input_sizes": shapes}
    with pytest.raises(DumpError, match="unfolds"):
        load_dump("_dump_0", pickled({"entries": [entry] * 1000}))


def test_too_many_parts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpickle_module, "MAX_OPCODES", 1000)
    with pytest.raises(DumpError, match="parts"):
        load_dump("_dump_0", pickled([None] * 2000))
    monkeypatch.setattr(load_module, "MAX_JSON_VALUES", 1000)
    with pytest.raises(DumpError, match="values"):
        load_dump("_dump_0.json", json.dumps([[]] * 2000).encode())
    monkeypatch.setattr(load_module, "MAX_BYTES", 10)
    with pytest.raises(DumpError, match="MiB"):
        load_dump("_dump_0.json", b'{"entries": []}')


@pytest.mark.parametrize("version", ["1.0", "2.1", "2.4", "3.0", "99", "", None, 3.5])
def test_dumps_of_any_version_name_the_missing_rank(version: object) -> None:
    """Older ones lack keys or name them otherwise, newer ones have more."""
    job = Sketch(3)
    job.loop(3)
    job.call(on=[0, 2], retired=False)
    files = {}
    for rank in range(3):
        raw = job.raw(rank) | {"version": version, "comm_lib_version": [3]}
        for entry in raw["entries"]:
            entry["new"] = {"deep": [1]}
            if version == "1.0":
                del entry["pg_id"], entry["op_id"], entry["timeout_ms"]
                entry["seq_id"] = entry.pop("collective_seq_id")
        files[f"nccl_trace_rank_{rank}"] = pickled(raw)
    assert analyse_dumps(files).accused == (1,)


@pytest.mark.parametrize("form", ["pickle", "json"])
def test_wherever_a_dump_is_cut_off_nobody_else_is_accused(form: str) -> None:
    job = Sketch(3)
    job.loop(3)
    job.call(on=[0, 2], retired=False)
    files = job.files(form=form)
    for name, data in files.items():
        for cut in range(1, len(data), max(1, len(data) // 40)):
            evidence = analyse_dumps({**files, name: data[:cut]})
            assert set(evidence.accused) <= {1}
            assert evidence.unreadable
