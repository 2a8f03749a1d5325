"""Why a run is in trouble, in a line or two: what a diagnosis says, before the symptoms."""

from collections.abc import Sequence
from typing import NamedTuple

from trainwatch.events import Evidence
from trainwatch.tui.draw.line import Line, Tone, cells, cut, join, line, wrap
from trainwatch.tui.draw.words import place


class Cause(NamedTuple):
    """What a diagnosis decided.

    Attributes:
        text: In one sentence.
        confidence: `certain`, `likely` or `possible`.
        proof: The line that shows it.
    """

    text: str
    confidence: str
    proof: Evidence | None


def drawn(cause: Cause, width: int, most: int, keys: Line) -> list[Line]:
    """The sentence, and in the last line its proof where there is room.

    Args:
        cause: What was decided.
        width: Cells of a line.
        most: Lines at most.
        keys: Stand behind the sentence; like its confidence they are never cut off.
    """
    proof = [proof_line(cause.proof, width)] if cause.proof is not None and most > 1 else []
    said = line(" ", (cause.text, Tone.BAD))
    tail = line((f" ({cause.confidence})", Tone.BAD), keys)
    return [*_with_tail(said, tail, width, max(most - len(proof), 1)), *proof]


def _with_tail(said: Line, tail: Line, width: int, most: int) -> list[Line]:
    lines = wrap(said, width, most, 1)
    free = width - cells(lines[-1])
    if free < cells(tail) and len(lines) < most:
        return [*lines, tail]
    return [*lines[:-1], (*cut(lines[-1], width - cells(tail)), *tail)]


def proof_line(proof: Evidence, width: int) -> Line:
    """Where it stands and what stands there."""
    shown = line("    proof  ", (place(proof), Tone.NOTE), "  ", (proof.text.strip(), Tone.DIM))
    return cut(shown, width)


def keys_of(parts: Sequence[tuple[str, str]]) -> Line:
    """`[6] why  [K] stop`."""
    return line(
        "  ", join([line((f"[{key}] {does}", Tone.KEY)) for key, does in parts], line("  "))
    )
