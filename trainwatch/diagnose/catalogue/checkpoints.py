"""Checkpoints that could not be written or read."""

import re

from trainwatch.diagnose.diagnosis import Category, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

NO_SPACE = Signature(
    name="no_space",
    numbers=(30,),
    hints=(
        b"No space left on device",
        b"quota exceeded",
        b"PytorchStreamWriter",
        b"unexpected pos",
        b"Read-only file system",
        b"Stale file handle",
        b"while serializing",
        b"file write failed",
    ),
    pattern=re.compile(
        rb"^(?!.{0,200}NCCL WARN).{0,3000}?(?:No space left on device|[Dd]isk quota exceeded|PytorchStreamWriter failed"
        rb"|unexpected pos \d+ vs \d+|\[Errno (?:30|116)\] (?:Read-only file|Stale file)"
        rb"|Error while serializing: |file write failed)"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CHECKPOINT_WRITE_FAILED,
    phase=DiagnosedPhase.CHECKPOINT,
    words="{who} could not write{where_raised}: the disk is full, over its quota, or cannot be written",
    refute="if there is space and quota left there: df -h, df -i, quota -s",
    advice=(
        "free space or quota, also inodes: df -h, df -i, quota -s; keep fewer checkpoints",
        "the newest checkpoint may be half written: verify it before you resume from it",
    ),
    missing=("which file it was: the traceback names the write, not always the path",),
    samples=(
        "OSError: [Errno 28] No space left on device",
        "OSError: [Errno 122] Disk quota exceeded: '/scratch/checkpoint-2000'",
        "RuntimeError: PytorchStreamWriter failed writing file data/12: file write failed",
        "RuntimeError: [enforce fail at inline_container.cc:659] . unexpected pos 2048 vs 1942",
    ),
    benign=("shm.h:28 NCCL WARN Call to posix_fallocate failed : No space left on device",),
)

CORRUPT = Signature(
    name="corrupt",
    numbers=(31,),
    hints=(
        b"central directory",
        b"PytorchStreamReader",
        b"while deserializing",
        b"might be corrupted",
        b"corrupt file?",
        b"archive is corrupted",
        b"wrong byte size",
        b"unexpected EOF, expected",
    ),
    pattern=re.compile(
        rb"failed finding central directory|PytorchStreamReader failed|Error while deserializing "
        rb"|unexpected EOF, expected \d+ more bytes|invalid magic number; corrupt file\?"
        rb"|invalid header or archive is corrupted|storage has wrong byte size"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.CHECKPOINT_CORRUPT,
    phase=DiagnosedPhase.CHECKPOINT_LOAD,
    words="{who} could not read a checkpoint{where_raised}: the file is damaged or incomplete",
    refute="if the file named in the traceback loads: python -c 'import torch; torch.load(…)'",
    advice=(
        "resume from the next older checkpoint; move the damaged one away",
        "write to a temporary file and rename it, so that a killed save leaves no half file",
    ),
    samples=(
        (
            "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central "
            "directory"
        ),
        (
            "safetensors._safetensors_rust.SafetensorError: Error while deserializing header: "
            "incomplete metadata, file not fully covered"
        ),
        "RuntimeError: unexpected EOF, expected 4096 more bytes. The file might be corrupted.",
    ),
)

SIGNATURES = (NO_SPACE, CORRUPT)
