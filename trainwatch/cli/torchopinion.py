"""Asks torch's own flight-recorder analyser for a second opinion, in a process of its own.

Only where torch is installed beside trainwatch; with a deadline, beside the reading of the logs, and
whatever goes wrong is no opinion. Its own reading of pickles, which would run what is in them, is not
used: it gets plain values, which our refusing unpickler let through, written anew.
"""

from __future__ import annotations

import contextlib
import pickle  # noqa: TID251 - to write plain values; none is loaded
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from trainwatch.diagnose import Gathering
from trainwatch.diagnose.recorder.opinion import Opinion, answered, asked

DEADLINE = 12.0
"""Seconds that it may take after all logs were read; torch alone needs some to be imported."""

MAX_BYTES = 64 << 20
_LEAST = 2

_PROGRAM = """
import json, os, pickle, resource, sys
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
import torch
from torch.distributed.flight_recorder.components.builder import build_db
from torch.distributed.flight_recorder.components.config_manager import JobConfig
with open("/proc/self/statm") as file:  # what it takes now, and 2 GB more
    most = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + (2 << 30)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
dumps = pickle.load(sys.stdin.buffer)
details = {"rank%d" % dump["rank"]: dump for dump in dumps}
made = build_db(details, JobConfig().parse_args(["."]), str(dumps[0]["version"]))
named = [sorted(ranks) for one in made.collectives
         for ranks in (one.missing_ranks, getattr(one, "mismatch_collectives", None)) if ranks]
json.dump({"torch": torch.__version__.partition("+")[0], "named": named}, answer)
"""


@contextlib.contextmanager
def asked_meanwhile(gathering: Gathering) -> Iterator[None]:
    """Ask about the dumps that were gathered, while something else is done; take the answer."""
    details = _details(gathering.dumps)
    if not details or not _installed():
        yield
        return
    # Files, not pipes: nobody waits for the other.
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        process = _begun(question, answer) if _written(details, question) else None
        try:
            yield
            if process is not None and (opinion := _answer(process, answer)) is not None:
                gathering.take_opinion(opinion)
        finally:
            if process is not None:
                process.kill()
                process.wait()


def _details(dumps: Mapping[str, bytes]) -> list[dict[str, object]]:
    """What is asked; nothing where one dump is all there is."""
    if len(dumps) < _LEAST or sum(map(len, dumps.values())) > MAX_BYTES:
        return []
    details = asked(dumps)
    return details if len(details) >= _LEAST else []


def _written(details: list[dict[str, object]], question: IO[bytes]) -> bool:
    """Whether the question could be written: values may be nested more deeply than can be."""
    try:
        pickle.dump(details, question)
        question.seek(0)
    except (OSError, RecursionError, MemoryError):
        return False
    return True


def _begun(question: IO[bytes], answer: IO[bytes]) -> subprocess.Popen[bytes] | None:
    with contextlib.suppress(OSError):
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=question,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
    return None


def _answer(process: subprocess.Popen[bytes], answer: IO[bytes]) -> Opinion | None:
    """The opinion; None where there is none in time."""
    with contextlib.suppress(subprocess.TimeoutExpired, OSError):
        if process.wait(DEADLINE) == 0:
            answer.seek(0)
            return answered(answer.read(1 << 20))
    return None


def _installed() -> bool:
    """Whether there is a torch with an analyser; torch itself is not imported for that."""
    try:
        torch = find_spec("torch")
    except (ImportError, ValueError):
        return False
    places = torch.submodule_search_locations if torch else None
    return any(
        Path(place, "distributed/flight_recorder/components/builder.py").is_file()
        for place in places or ()
    )
