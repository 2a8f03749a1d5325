"""A coverage-guided fuzz target: no bytes raise, and both engines read the same.

    pip install atheris
    python fuzz/fuzz_engines.py --seeds corpus   # the samples of all formats, to begin with
    python fuzz/fuzz_engines.py corpus [-runs=100000]

The first byte chooses the name of the log, the second where it is cut.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trainwatch"]):
    from trainwatch.engine import Engine
    from trainwatch.events import Chunk, FileEnded, LogFile, Parsed, RunInfo, StepBlock
    from trainwatch.formats import DIALECTS
    from trainwatch.parsing import native

NAMES = ("console.log", "debug_rank3_1.log", "metrics/epoch_metrics_1.csv", "train.jsonl")
SCAN = native.scan


def records(name: str, pieces: list[bytes]) -> list[str]:
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
    return [text for one in parsed for item in one.items for text in _plain(item)]


def _plain(item: object) -> Iterator[str]:
    """An event, or the rows of a block: how rows are gathered into blocks is the engine's own."""
    if not isinstance(item, StepBlock):
        yield repr(item)
        return
    columns = [item.line, item.offset, item.seconds, item.rank, item.local]
    columns += [item.epoch, item.step, item.batch, *item.metrics.values()]
    for row in zip(*(column.tolist() for column in columns), item.text, strict=True):
        yield repr((item.shape, *row))


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
