"""One full parse through the engine, in a process of its own: `python -m bench.parse DIR`.

Prints the processor's seconds of the parse and the peak of the memory in MB. Imports and the compilation of
formats, which do not depend on the size of the logs, are left out; the table of start-ups has them.
"""

import resource
import sys
import time

from trainwatch.cli.main import collect_seldom
from trainwatch.cli.reading import BLOCK
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.sources import discover


def main(directory: str) -> None:
    collect_seldom()
    engine = Engine(RunInfo(directory))
    began = time.process_time()
    for log in discover([directory]).files:
        file, offset = LogFile(log.name), 0
        with open(log.path, "rb") as stream:  # noqa: PTH123 - what the readers do
            while data := stream.read(BLOCK):
                engine.feed(Chunk(file, offset, data, began))
                offset += len(data)
        engine.feed(FileEnded(file, "read to its end"))
    engine.tick(time.time())
    view = engine.snapshot()
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, peak, view.tally.lines)


if __name__ == "__main__":
    main(sys.argv[1])
