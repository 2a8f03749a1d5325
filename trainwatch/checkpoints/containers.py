"""One file: is it whole? Each check gives what is wrong with it, or None.

Headers, directories and lengths are looked at, never the tensors: a file of 100 GB takes as long as
a small one. So a file that was cut off at any byte is found, and one of which a part was never
written where a header should be; flipped bits in the middle of a tensor are not.
"""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from trainwatch.checkpoints import pickles
from trainwatch.checkpoints.pickles import DAMAGED, Limited, Place, TooLongError

_LOCAL_HEADER = b"PK\x03\x04"
_LONGEST_HEADER = 100_000_000
"""Bytes of a safetensors header, at most; the format's own limit."""

_LENGTH = 8
_MEMBERS = 4096
"""Members of an archive whose headers are looked at, from its end."""

_MAGIC = 0x1950A86A20F9469CFC6C
"""With which torch began its files before 1.6."""

_STOP = b"."
_CUT_OFF = "it is cut off within its pickle"


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


def is_state(path: Path) -> bool:
    """Whether a file begins as a state does; one without a byte may become one."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return False
    if path.suffix == ".safetensors":
        return True
    return not head or head == _LOCAL_HEADER or head[:1] == b"\x80" or not any(head)


def check_torch(file: BinaryIO, size: int) -> str | None:
    """A file of `torch.save`: a zip archive since torch 1.6, several pickles before."""
    if size == 0:
        return "it is empty"
    head = file.read(len(_LOCAL_HEADER))
    file.seek(0)
    if head == _LOCAL_HEADER:
        return _check_zip(file)
    return _check_pickle(file, size) if head[:1] == b"\x80" else "it is neither a zip nor a pickle"


def _check_zip(file: BinaryIO) -> str | None:
    """A zip's directory stands at its end, so that one that was cut off has none.

    Of each member the local header is looked at, which a file that is full of zeros after a power
    cut lacks. An archive within a tensor is not taken for the file's own: that begins with byte 0.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = sorted(archive.infolist(), key=lambda member: member.header_offset)
            if not members:
                return "its zip archive has no members"
            last = members[-1]
            if members[0].header_offset or last.header_offset + last.file_size > archive.start_dir:
                return "its zip archive is truncated or damaged"
            for member in members[-_MEMBERS:]:
                file.seek(member.header_offset)
                if file.read(len(_LOCAL_HEADER)) != _LOCAL_HEADER:
                    return f"its member {member.filename!r} is not where its directory says"
    except (zipfile.BadZipFile, NotImplementedError, *DAMAGED) as error:
        return f"its zip archive is truncated or damaged ({error})"
    return None


def _check_pickle(file: BinaryIO, size: int) -> str | None:
    """Pickles one after another; torch's own are followed by the storages that they name."""
    try:
        if _MAGIC not in list(pickles.atoms(Limited(file))):
            return None if file.tell() == size else "it goes on after its pickle"
        for _ in range(2):  # the version, and what the machine was like
            list(pickles.atoms(Limited(file)))
        named = pickles.storages(Limited(file))
        keys = {key for key in pickles.atoms(Limited(file)) if isinstance(key, str)}
    except TooLongError:
        file.seek(-1, 2)
        return None if file.read(1) == _STOP else _CUT_OFF
    except DAMAGED:
        return _CUT_OFF
    sizes = [named.get(key) for key in keys]
    expected = file.tell() + sum(_LENGTH + (count or 0) for count in sizes)
    known = None not in sizes
    if size < expected or (known and size != expected):
        return f"it is truncated ({size} of {expected} bytes)" if size < expected else _TOO_LONG
    return None


_TOO_LONG = "it is longer than its pickle says"


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


def place_of(path: Path) -> Place:
    """The step and the epoch that a sound file of torch says it is of; what it does not say is None."""
    try:
        with path.open("rb") as file:
            if file.read(len(_LOCAL_HEADER)) == _LOCAL_HEADER:
                with zipfile.ZipFile(file) as archive:
                    name = next(n for n in archive.namelist() if n.endswith("data.pkl"))
                    with archive.open(name) as member:
                        return pickles.place(Limited(member))
            file.seek(0)
            if _MAGIC in list(pickles.atoms(Limited(file))):
                for _ in range(2):
                    list(pickles.atoms(Limited(file)))
                return pickles.place(Limited(file))
    except (OSError, StopIteration, zipfile.BadZipFile, TooLongError, RuntimeError, *DAMAGED):
        pass
    return Place()
