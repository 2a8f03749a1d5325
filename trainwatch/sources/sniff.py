r"""What a file's first bytes say: text that may be a log, compressed, or binary.

Real logs contain stray NULs (a writer without O_APPEND after a copytruncate leaves megabytes of
them), escape sequences, backspaces, GBK and UTF-16. So NULs and high bytes count for nothing;
what gives binary data away is its other control characters, or a known first few bytes. A file that begins with
lines of clean text is a log into which something was spilled.
"""

from __future__ import annotations

from trainwatch.sources.names import Reason

BLOCK = 4096
"""How many bytes from the start are looked at."""

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
_BINARY = (
    b"PK\x03\x04",  # zip, torch.save, npz
    b"\x7fELF",
    b"\x89PNG",
    b"\xff\xd8\xff",  # JPEG
    b"%PDF",
    b"\x89HDF",
    b"\x93NUMPY",
    b"SQLite format 3\x00",
    b"PAR1",
    b"ARROW1",
    b"GGUF",
    *(b"\x80" + bytes([protocol]) for protocol in range(2, 6)),  # pickle
)
_TEXT_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")

# NUL, BEL, BS, TAB, LF, VT, FF, CR, SO, SI, SUB and ESC occur in what programs print.
_PRINTED = bytes([0, *range(7, 16), 0x1A, 0x1B, *range(0x20, 0x7F), *range(0x80, 0x100)])
_MAX_SHARE = 0.03
_MIN_COUNT = 3
_OPENING_BYTES, _OPENING_LINES = 400, 4
"""So much clean text at the beginning is a log, whatever a program spilled into it later."""


def content_reason(head: bytes) -> Reason | None:
    """Why a file that begins with `head` (up to `BLOCK` bytes) is no log; None when it may be one."""
    if head.startswith(_COMPRESSED):
        return Reason.COMPRESSED
    if head.startswith(_TEXT_MARKS):
        return None
    if head.startswith(_BINARY):
        return Reason.BINARY
    return Reason.BINARY if _has_control_characters(head) and not _opens_as_text(head) else None


def _opens_as_text(head: bytes) -> bool:
    strange = head.translate(None, _PRINTED[1:])  # NULs too
    lines = head[: head.index(strange[:1])].rpartition(b"\n")[0]
    if len(lines) < _OPENING_BYTES or lines.count(b"\n") < _OPENING_LINES:
        return False
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has_control_characters(head: bytes) -> bool:
    control = len(head.translate(None, _PRINTED))
    text = len(head) - head.count(0)
    return control >= _MIN_COUNT and control > _MAX_SHARE * text
