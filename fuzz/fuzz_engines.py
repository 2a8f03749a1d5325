"""A coverage-guided fuzz target: no bytes raise, and both engines read the same.

    pip install atheris
    python fuzz/fuzz_engines.py --seeds corpus   # the samples of all formats, to begin with
    python fuzz/fuzz_engines.py corpus [-runs=100000]

The first byte chooses the name of the log, the second where it is cut.
"""

import sys
from dataclasses import fields
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trainwatch"]):
    from trainwatch.engine import Engine
    from trainwatch.events import Chunk, FileEnded, LogFile, Parsed, RunInfo, StepBlock
    from trainwatch.formats import DIALECTS
    from trainwatch.parsing import native

NAMES = ("console.log", "debug_rank3_1.log", "metrics/epoch_metrics_1.csv", "train.jsonl")
SCAN = native.scan


def records(name: str, pieces: list[bytes]) -> list[object]:
    """What an engine makes of some pieces."""
    parsed: list[Parsed] = []
    engine = Engine(RunInfo("fuzz"), listener=parsed.append)
    file, offset = LogFile(name), 0
    for data in pieces:
        engine.feed(Chunk(file, offset, data, 1.0))
        offset += len(data)
    engine.feed(FileEnded(file, "read to its end"))
    engine.tick(2.0)
    engine.snapshot()
    return [_plain(item) for one in parsed for item in one.items]


def _plain(item: object) -> object:
    if not isinstance(item, StepBlock):
        return repr(item)
    columns = [getattr(item, field.name) for field in fields(item)]
    return repr([list(c.values()) if isinstance(c, dict) else c for c in columns[:-3]])


def one_input(data: bytes) -> None:
    """Called by the fuzzer with ever other bytes."""
    chosen, log = data[:1] or b"\0", data[2:]
    name = NAMES[chosen[0] % len(NAMES)]
    place = len(log) * sum(data[1:2]) // 256
    pieces = [log[:place], log[place:]]
    native.scan = SCAN
    fast = records(name, pieces)
    native.scan = None
    if fast != records(name, pieces):
        raise AssertionError("the engines differ")


def write_seeds(directory: Path) -> None:
    """One file a sample line of every format, behind a usual prefix and without one."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = [sample.text for d in DIALECTS for line in d.formats for sample in line.samples]
    for number, text in enumerate(texts):
        for prefix in ("", "2023-12-03 14:30:25,123 [DEBUG] "):
            line = f"{prefix}{text}\n".encode()
            (directory / f"{number}{'p' if prefix else ''}").write_bytes(b"\0\x80" + line * 3)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--seeds"]:
        write_seeds(Path(sys.argv[2]))
        sys.exit()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
