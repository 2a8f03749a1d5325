"""Whatever the bytes: a dump, an error of one sentence, or evidence; never anything else."""

import contextlib
import json
import pickle  # noqa: TID251 - mutated pickles are made here
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trainwatch.diagnose.recorder import DumpError, Outcome, analyse_dumps, load_dump

from .sketch import Sketch


def hung() -> Sketch:
    sketch = Sketch(3, "nccl")
    sketch.group("1", "TP", [0, 1])
    sketch.loop(2)
    sketch.call(group=("1", "TP"), on=[0, 1])
    sketch.message(0, "send 0->1", ("1", "TP"))
    sketch.call(line=47, on=[0, 2], open=True)
    return sketch


FILES = hung().files()
RAWS = [hung().raw(rank) for rank in range(3)]

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
keys = st.sampled_from(sorted(RAWS[0]["entries"][0]))
tops = st.sampled_from(["version", "pg_config", "pg_status", "entries"])


def check(files: dict[str, bytes]) -> None:
    for name, data in files.items():
        with contextlib.suppress(DumpError):
            load_dump(name, data)
    evidence = analyse_dumps(files)
    assert not any("\n" in text for text in evidence.unreadable)
    assert isinstance(evidence.outcome, Outcome)
    assert not set(evidence.accused) & {*evidence.suspects, *evidence.victims}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\x80\x02", b"\x80\x04", b"{", b"["]))
def test_random_bytes(data: bytes, start: bytes) -> None:
    check({"_dump_0": start + data})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bytes_changed_cut_and_doubled(data: st.DataObject) -> None:
    raw = bytearray(FILES["nccl_trace_rank_0"])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    start, end = data.draw(st.integers(0, 3)), data.draw(st.integers(0, len(raw)))
    cut = bytes(raw[: end if start == 0 else len(raw)])
    check(FILES | {"nccl_trace_rank_0": cut + cut[: start - 1]})


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(keys, anything, max_size=4), st.integers(0, 5), tops, anything)
def test_entries_of_any_kind(changes: dict[str, Any], which: int, top: str, value: Any) -> None:
    for mutant in (_changed(changes, which), RAWS[1] | {top: value}):
        check(FILES | {"nccl_trace_rank_1": _packed(mutant)})
        check({"a_rank_1.json": _text(mutant)})


def _changed(changes: dict[str, Any], which: int) -> dict[str, Any]:
    entries = list(RAWS[1]["entries"])
    entries[which] = entries[which] | changes
    return RAWS[1] | {"entries": entries}


def _packed(value: object) -> bytes:
    return pickle.dumps(value, 2)


def _text(value: object) -> bytes:
    return json.dumps(value).encode()


numbers = st.integers(-3, 9) | st.integers()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "profiling_name": st.sampled_from(
                    ["nccl:all_reduce", "gloo:barrier", "nccl:send 0->1", "nccl:recv 1<-9", "x"]
                ),
                "process_group": st.sampled_from([("0", "default_pg"), ("1", "TP"), ("", "")]),
                "collective_seq_id": numbers,
                "retired": st.booleans(),
            },
            optional={
                "record_id": numbers,
                "pg_id": numbers,
                "p2p_seq_id": numbers,
                "time_created_ns": numbers,
                "state": st.sampled_from(["scheduled", "started", "completed"]),
                "input_sizes": st.lists(st.lists(numbers, max_size=3), max_size=2),
            },
        ),
        max_size=12,
    ),
    st.integers(0, 3),
)
def test_any_history_of_calls(entries: list[dict[str, Any]], rank: int) -> None:
    check(FILES | {f"nccl_trace_rank_{rank}": _packed(RAWS[0] | {"entries": entries})})
