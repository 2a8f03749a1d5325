"""Sketches of jobs: what each rank enqueued, turned into the dumps that torch would write."""

import copy
import json
import pickle  # noqa: TID251 - the tests write the pickles that the package reads
from collections import defaultdict
from typing import Any

Raw = dict[str, Any]
START = 1_795_000_000_000_000_000
STEP = 10_000_000
DEFAULT = ("0", "default_pg")


class Sketch:
    """Builds dumps call by call; a call is finished unless it is said to be open."""

    def __init__(self, ranks: int, library: str = "gloo") -> None:
        self.library = library
        self.ranks = range(ranks)
        self.groups: dict[str, Raw] = {}
        self.entries: dict[int, list[Raw]] = {rank: [] for rank in self.ranks}
        self.numbers: dict[tuple[int, str], int] = defaultdict(int)
        self.clock = START
        if library != "gloo":
            self.group(*DEFAULT, list(self.ranks))

    def group(self, name: str, desc: str, ranks: list[int]) -> None:
        self.groups[name] = {"name": name, "desc": desc, "ranks": str(ranks)}

    def call(self, op: str = "all_reduce", *, on: list[int] | None = None, **changes: Any) -> None:
        """One collective on some ranks; `line` is that of the training, `late` by rank in ns."""
        self.clock += STEP
        late = changes.pop("late", {})
        group = changes.pop("group", DEFAULT)
        line = changes.pop("line", 10)
        for rank in self.ranks if on is None else on:
            self.numbers[rank, group[0]] += 1
            raw = self._raw(rank, op, self.numbers[rank, group[0]], group, line)
            raw["time_created_ns"] += late.get(rank, 0)
            self.entries[rank].append(raw | _opened(changes))

    def message(self, rank: int, text: str, group: tuple[str, str]) -> None:
        """An open `send 0->1` or `recv 1<-0`."""
        raw = self._raw(rank, text, 0, group, 77)
        self.entries[rank].append(raw | {"retired": False, "is_p2p": True, "p2p_seq_id": 5})

    def loop(self, iterations: int, **changes: Any) -> None:
        """Iterations of two calls, after a call that is made once."""
        self.call("broadcast", line=1)
        for _ in range(iterations):
            self.call(line=47, sizes=[[100]], **copy.deepcopy(changes))
            self.call(line=49, sizes=[[1]])

    def _raw(self, rank: int, op: str, seq: int, group: tuple[str, str], line: int) -> Raw:
        frames = [
            {"name": "all_reduce", "filename": "/v/site-packages/torch/d.py", "line": 3},
            {"name": "main", "filename": "/w/train.py", "line": line},
        ]
        return {
            "frames": frames,
            "record_id": len(self.entries[rank]),
            "pg_id": int(group[0]),
            "process_group": group,
            "collective_seq_id": seq,
            "p2p_seq_id": 0,
            "op_id": seq,
            "profiling_name": f"{self.library}:{op}",
            "time_created_ns": self.clock,
            "input_sizes": [[4]],
            "input_dtypes": ["Float"],
            "output_sizes": [[4]],
            "output_dtypes": ["Float"],
            "state": "scheduled",
            "time_discovered_started_ns": None,
            "time_discovered_completed_ns": None,
            "retired": True,
            "timeout_ms": 600000,
            "is_p2p": False,
        }

    def raw(self, rank: int) -> Raw:
        """The plain values of one dump."""
        gloo = {"": {"name": "", "desc": "", "ranks": str(list(self.ranks))}}
        mine = {k: v for k, v in self.groups.items() if rank in json.loads(v["ranks"])}
        return {
            "version": "2.10",
            "pg_config": gloo if self.library == "gloo" else mine,
            "pg_status": self._status(rank),
            "entries": self.entries[rank],
        }

    def _status(self, rank: int) -> Raw:
        status = {}
        for raw in self.entries[rank]:
            seq, done = raw["collective_seq_id"], raw["retired"]
            known = status.setdefault(str(raw["pg_id"]), {"last_completed_collective": -1})
            known |= {"last_enqueued_collective": seq, "last_started_collective": -1}
            known["last_completed_collective"] = seq if done else known["last_completed_collective"]
        return status

    def files(self, *, without: tuple[int, ...] = (), form: str = "pickle") -> dict[str, bytes]:
        """All dumps by file name."""
        ranks = [rank for rank in self.ranks if rank not in without]
        if form == "json":
            return {
                f"nccl_trace_rank_{rank}.json": json.dumps(self.raw(rank)).encode()
                for rank in ranks
            }
        return {f"nccl_trace_rank_{rank}": pickled(self.raw(rank)) for rank in ranks}


def _opened(changes: Raw) -> Raw:
    changes = dict(changes)
    if changes.pop("open", False):
        changes["retired"] = False
    if "sizes" in changes:
        changes["input_sizes"] = changes["output_sizes"] = changes.pop("sizes")
    if "dtype" in changes:
        changes["input_dtypes"] = changes["output_dtypes"] = [changes.pop("dtype")]
    return changes


def pickled(value: object, protocol: int = 2) -> bytes:
    """What torch writes has protocol 2."""
    return pickle.dumps(value, protocol)
