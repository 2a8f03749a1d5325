"""The catalogue of known failures, as data: one `Signature` each, with lines that must fit or not.

To add one, append it to the tuple of its module. Order matters: the first that fits names a line,
so the special ones stand before the general. tests/diagnose holds each to its samples.
"""

import re

from trainwatch.diagnose.catalogue import (
    checkpoints,
    code,
    collectives,
    endings,
    gpu,
    host,
    launch,
    loaders,
    peers,
    values,
)
from trainwatch.diagnose.signature import Signature

SIGNATURES: tuple[Signature, ...] = (
    *loaders.SIGNATURES,
    *host.SIGNATURES,
    *checkpoints.SIGNATURES,
    *launch.SIGNATURES,
    *gpu.SIGNATURES,
    *collectives.SIGNATURES,
    *peers.SIGNATURES,
    *endings.SIGNATURES,
    *values.SIGNATURES,
    *code.SIGNATURES,
)
"""What any line of a log is searched for, in this order."""

STATED: tuple[Signature, ...] = (
    *host.EXITS,
    *endings.EXITS,
    *code.EXITS,
    code.UNCAUGHT,
)
"""What only exit codes and the ends of tracebacks give."""

_HINTS = tuple({hint: None for signature in SIGNATURES for hint in signature.hints})
_BY_HINT = {
    hint: tuple(signature for signature in SIGNATURES if hint in signature.hints) for hint in _HINTS
}
# Short needles are found much faster than long ones, and most lines hold none of these.
_STEMS = (
    *(b"rror", b"fail", b"able", b"work", b"signa", b"ed o", b"tive", b"rupt", b"mory", b"ile "),
    *(b"ected", b"TUS_", b"versi", b"roces", b"ress", b"ream", b"peer", b"ille", b"TERM", b"witch"),
    *(b"watc", b"vice", b"kill", b"ined", b"fault", b"UE TO", b"NCCL", b"LIMIT", b"GPU ", b"zvous"),
    *(b"ystem", b"y exi", b"xceed", b"with ", b"wallt", b"verfl", b"ute t", b"urn c", b"tral "),
    *(b"t loc", b"sure", b"ssert", b"roken", b"VRM: ", b"VERFL", b"SXid", b"SIGSE", b"SIGKI"),
    *(b"RINUS", b"ODE F", b"NCELL", b"LIBC", b"yte s", b"ady o", b"nimum", b"n the prior"),
    *(b"turned", b"NaN", b"Loss ", b"locked", b"fallen", b"operat"),
    *(b"bad_alloc", b"NVIDIA driver", b"set up env", b"only supports", b"non-finite", b"override"),
    *(b"0 bytes",),
    *(b"torch_", b"/shm", b"Alloc", b"running low", b"Usage", b"UniqueId"),
)
_ORDER = {signature.name: at for at, signature in enumerate(SIGNATURES)}

# Text about failures is no failure: source code, job scripts, documentation.
_CODE = re.compile(
    rb"^\s*(?:(?:raise|if|elif|def|class|import|from|return|assert|with|for|while|except|try"
    rb"|export|set|echo)\b(?=[ (:])|(?:print|log(?:ger|ging)?\.\w+|warnings\.\w+|self\.[\w.]+)\("
    rb"|[rbufRBUF]{0,2}[\"'](?!message\")|#|//|/\*|\* |>>> |- \[|[\w.]{1,60} = )"
)
_QUOTES = (b"`", b'"', b"'")
_JSON = b'"message": "'
MAX_SEARCHED = 4000
"""Bytes of a line that are searched."""


def recognise(message: bytes) -> tuple[Signature, re.Match[bytes]] | None:
    """The first signature that fits a line without its prefix, and how it fits."""
    message = message[:MAX_SEARCHED]
    if not any(map(message.__contains__, _STEMS)):
        return None
    likely = {
        signature.name: signature
        for hint in _HINTS
        if hint in message
        for signature in _BY_HINT[hint]
    }
    if not likely or _CODE.match(message):
        return None
    for name in sorted(likely, key=_ORDER.__getitem__):
        found = likely[name].pattern.search(message)
        if found and not _is_quoted(message, found.start()):
            return likely[name], found
    return None


def _is_quoted(message: bytes, start: int) -> bool:
    return message[:start].endswith(_QUOTES) and not message[:start].endswith(_JSON)
