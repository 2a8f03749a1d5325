"""Whether the calls that ranks made under one number fit together."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

from trainwatch.diagnose.recorder.dump import Shape
from trainwatch.diagnose.recorder.evidence import Kind
from trainwatch.diagnose.recorder.groups import Call

_BOTH = frozenset(
    {
        "all_reduce",
        "allreduce_coalesced",
        "all_reduce_barrier",
        "reduce",
        "_reduce_oop",
        "broadcast",
        "_broadcast_oop",
        "_all_gather_base",
        "all_gather_single",
        "all_gather_into_tensor_coalesced",
        "allgather_into_tensor_coalesced",
        "_reduce_scatter_base",
        "reduce_scatter_single",
        "reduce_scatter_tensor_coalesced",
    }
)
"""Collectives to which every rank brings, and from which it takes, as much as the others."""
_INPUT = _BOTH | {"reduce_scatter"}
_OUTPUT = _BOTH | {"all_gather"}

_ROOTED = frozenset({"reduce", "_reduce_oop", "broadcast", "_broadcast_oop"})
_FULL = (_BOTH - _ROOTED) | {
    "barrier",
    "all_gather",
    "reduce_scatter",
    "ALLGATHER_coalesced",
    "REDUCE_SCATTER_coalesced",
}
_MARKER = "coalesced"
"""Ends what was coalesced and does nothing itself."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Ranks that made different calls under one number, by what they called.

    Attributes:
        parties: Ranks that called alike, the largest party first.
    """

    kind: Kind
    parties: tuple[tuple[int, ...], ...]


def mismatch_of(calls: Mapping[int, Call]) -> Mismatch | None:
    """How the calls differ; None when they fit together.

    A difference of names hides the others: sizes are compared between calls of one name alone, and
    types between calls of one size. Collectives in which ranks may differ are left alone.
    """
    for kind in _TRAITS:
        parties = parties_of(kind, calls)
        if len(parties) > 1:
            return Mismatch(kind, tuple(sorted(parties.values(), key=len, reverse=True)))
    return None


def parties_of(kind: Kind, calls: Mapping[int, Call]) -> dict[str, tuple[int, ...]]:
    """The ranks that called alike, under the words that tell their calls apart.

    Ranks of which it is not recorded are left out.
    """
    parties: dict[str, tuple[int, ...]] = defaultdict(tuple)
    for rank, call in calls.items():
        trait = _TRAITS[kind](call)
        if trait is not None:
            parties[trait] += (rank,)
    return dict(parties)


def needs_all(call: Call) -> bool:
    """Whether no rank can finish it before every rank has entered it."""
    return all(entry.op in _FULL or entry.op == _MARKER for entry in call.entries)


def exchanges(call: Call) -> bool:
    """Whether a rank that has not finished it, while another has, has itself to blame.

    Not so in a broadcast: its root is through when the others may not have begun. What one rank
    sends to another in an `all_to_all` may be nothing, but all in it have to do it.
    """
    return needs_all(call) or call.op == "all_to_all"


def _op(call: Call) -> str | None:
    return call.op


def _sizes(call: Call) -> str | None:
    """Numbers of elements, for the library does not care for the shape."""
    brought = [_elements(entry.input_sizes) for entry in call.entries if entry.op in _INPUT]
    taken = [_elements(entry.output_sizes) for entry in call.entries if entry.op in _OUTPUT]
    return _both_ways(brought, taken, " elements")


def _elements(sizes: tuple[Shape, ...]) -> str:
    return str(sum(prod(shape) for shape in sizes)) if sizes else ""


def _dtypes(call: Call) -> str | None:
    brought = [_listed(entry.input_dtypes) for entry in call.entries if entry.op in _INPUT]
    taken = [_listed(entry.output_dtypes) for entry in call.entries if entry.op in _OUTPUT]
    return _both_ways(brought, taken, "")


def _listed(dtypes: tuple[str, ...]) -> str:
    return "/".join(dict.fromkeys(dtypes))


def _both_ways(brought: list[str], taken: list[str], unit: str) -> str | None:
    """What goes in and out; None when a part of it is not recorded, or nothing is compared."""
    if not all(brought) or not all(taken) or not (brought or taken):
        return None
    into, out = "+".join(brought), "+".join(taken)
    if into == out or not (into and out):
        return f"{into or out}{unit}"
    return f"{into}{unit} in, {out} out"


_TRAITS: dict[Kind, Callable[[Call], str | None]] = {
    Kind.MISMATCH_OP: _op,
    Kind.MISMATCH_SIZES: _sizes,
    Kind.MISMATCH_DTYPE: _dtypes,
}
