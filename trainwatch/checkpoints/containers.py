"""One file: is it whole? Each check gives what is wrong with it, or None."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

_LOCAL_HEADER = b"PK\x03\x04"
_LONGEST_HEADER = 100_000_000
"""Bytes of a safetensors header, at most; the format's own limit."""

_LENGTH = 8


def check_file(path: Path) -> str | None:
    """What is wrong with a file of weights or states; judged by its content, not by its name."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            if path.suffix == ".safetensors":
                return check_safetensors(file, size)
            return check_torch(file, size)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def check_torch(file: BinaryIO, size: int) -> str | None:
    """A file of `torch.save`: a zip archive since torch 1.6, a bare pickle before.

    A zip's directory stands at its end, so that one that was cut off has none. Of each member the
    local header is looked at, which a file that is full of zeros after a power cut lacks. A bare
    pickle cannot be checked without being run.
    """
    if size == 0:
        return "it is empty"
    head = file.read(len(_LOCAL_HEADER))
    if head != _LOCAL_HEADER:
        return None if head[:1] == b"\x80" else "it is neither a zip archive nor a pickle"
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                file.seek(member.header_offset)
                if file.read(len(_LOCAL_HEADER)) != _LOCAL_HEADER:
                    return f"its member {member.filename!r} is not where its directory says"
            return None if archive.infolist() else "its zip archive has no members"
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        return f"its zip archive is truncated or damaged ({error})"


def check_safetensors(file: BinaryIO, size: int) -> str | None:
    """A safetensors file: length of the header, header, tensors; nothing may follow or lack."""
    if size < _LENGTH:
        return "it is too short for a safetensors file"
    (length,) = struct.unpack("<Q", file.read(_LENGTH))
    if length > min(size - _LENGTH, _LONGEST_HEADER):
        return "it is truncated within its header"
    try:
        header = json.loads(file.read(length))
        ends = [
            int(tensor["data_offsets"][1])
            for name, tensor in header.items()
            if name != "__metadata__"
        ]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return "its safetensors header cannot be read"
    expected = _LENGTH + length + max(ends, default=0)
    if size != expected:
        what = "truncated" if size < expected else "longer than its header says"
        return f"it is {what} ({size} of {expected} bytes)"
    return None
