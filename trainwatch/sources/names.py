"""What a file's name says: whether it is a log, and which log a rotated file belongs to.

The rule is a list of what is certainly no log rather than of what is one: logs have too many
names (`slurm-123.out`, `job.o1234`, `console`, `log.rank3`), and what is wrong with a file that
was read in vain is only a few unrecognised lines. Content is judged by `sniff`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache

NaturalKey = tuple[tuple[str | int, ...], ...]
"""Sort key of a path: per component its runs of other characters and of digits, as numbers."""

Age = tuple[int, int, str]
"""Sort key of a log's rotated files: the oldest first, the log itself last."""

CURRENT: Age = (3, 0, "")
"""The age of the file that is written now."""


class Reason(StrEnum):
    """Why a file is not read; the text stands after a count ("3 compressed")."""

    HIDDEN = "hidden"
    COMPRESSED = "compressed"
    ARCHIVE = "archives"
    WEIGHTS = "weights or data"
    MEDIA = "images or media"
    TENSORBOARD = "TensorBoard events"
    CODE = "source code"
    DOCUMENT = "configuration or documents"
    TEMPORARY = "temporary files or backups"
    OWN = "records of a run"
    UNKNOWN = "not named like a log"
    BINARY = "binary"
    SPECIAL = "not regular files"
    UNREADABLE = "unreadable"
    MISSING = "not there yet"


_SUFFIXES = {
    Reason.COMPRESSED: "gz bz2 xz zst lz4 lzma z br",
    Reason.ARCHIVE: "tar tgz zip 7z rar whl egg jar deb rpm iso",
    Reason.WEIGHTS: (
        "pt pth ckpt safetensors bin onnx gguf ggml h5 hdf5 npz npy pkl pickle joblib parquet arrow"
        " feather tfrecord tfrecords lmdb mdb model msgpack mat pb tflite engine plan trt dat data"
        " idx index db sqlite sqlite3 avro orc zarr rec spm bpe prof nsys-rep qdrep ncu-rep pcap"
        " core dump"
    ),
    Reason.MEDIA: (
        "png jpg jpeg gif bmp svg webp tif tiff ico pdf eps ps mp3 mp4 wav flac ogg avi mkv mov"
        " webm ttf woff woff2 nii dcm"
    ),
    Reason.CODE: (
        "py pyc pyo pyi pyx pxd ipynb sh bash zsh fish csh bat ps1 c cc cpp cxx h hpp cu cuh rs go"
        " java kt scala js jsx ts tsx mjs vue rb pl pm php lua r jl m sql so o a dll dylib exe cmake"
        " mk patch diff sbatch slurm pbs lsf proto tf hcl nix"
    ),
    Reason.DOCUMENT: (
        "yaml yml toml ini cfg conf config env properties json json5 xml html htm css md rst tex"
        " bib doc docx xls xlsx ppt pptx odt lock gin hocon jinja j2 service desktop md5 sha1"
        " sha256 pem key crt pub"
    ),
    Reason.TEMPORARY: "tmp temp swp swo part partial crdownload bak backup orig rej save pid lck",
    Reason.OWN: "healthy done failed",  # signal files: trainwatch's and those of job scripts
}
_BY_SUFFIX = {suffix: reason for reason, text in _SUFFIXES.items() for suffix in text.split()}
_LOG_SUFFIXES = frozenset(
    ("log", "out", "err", "txt", "csv", "tsv", "jsonl", "ndjson", "stdout", "stderr")
)

# JSON documents are configuration; these names are JSON Lines (detectron2, mmengine, mmdetection),
# and the history that Hugging Face's Trainer keeps with each checkpoint.
_JSON_LOG = re.compile(r"(?:^|[._-])(?:log|metrics|scalars|trainer_state)\.json$", re.IGNORECASE)

# Slurm and the shells choose `.out`; PBS and SGE write job.o123, job.e123.4 and job.po123.
_BATCH_SUFFIX = re.compile(r"^p?[oe][0-9]+$", re.IGNORECASE)

_LOG_WORD = re.compile(
    r"log|std(?:out|err)|console|nohup|slurm|screen|trace|debug|train|"
    r"(?<![a-z])(?:out(?:put)?|err(?:or)?s?|rank|worker|node|gpu|proc)(?![a-z])",
    re.IGNORECASE,
)
_NO_LOG = re.compile(
    r"(?:readme|licen[cs]e|copying|notice|authors|changelog|changes|contributors|contributing|"
    r"codeowners|version|makefile|dockerfile|containerfile|jenkinsfile|procfile|pipfile|"
    r"cmakelists|requirements[^.]*|hostfile|hosts|machinefile|vocab|merges|classes|labels|"
    r"class_names|environment|pip[-_]freeze|top_level|entry_points|robots|checkpoint|"
    r"last_checkpoint|latest_checkpoint[a-z_]*)(?:\.txt)?",
    re.IGNORECASE,
)

_DATE = r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}"
_ROTATED = re.compile(
    rf"^(?P<base>.*[^.\-])(?:\.(?P<number>[0-9]{{1,3}})"
    rf"|[.-](?P<date>{_DATE}(?:[-_.T]?[0-9]{{1,2}}(?:[-_:.]?[0-9]{{2}}){{0,2}}|[-_.][0-9]{{1,10}})?)"
    r"|\.(?P<old>old))$"
)

SKIPPED_DIRECTORIES = frozenset(
    ("__pycache__", "node_modules", "site-packages", "venv", "wheels", "__MACOSX")
)
HIDDEN_LOG_DIRECTORIES = frozenset((".submitit",))
"""Hydra's and submitit's launcher keep the only copy of a job's output in a hidden directory."""


@lru_cache(maxsize=1 << 16)
def reason_to_skip(name: str) -> Reason | None:
    """Why a file of this base name is no log; None when it may be one."""
    if (reason := _by_pattern(name)) is not None:
        return reason
    _, dot, suffix = name.rpartition(".")
    suffix = suffix.lower() if dot else ""
    if suffix in _LOG_SUFFIXES:
        return Reason.DOCUMENT if _NO_LOG.fullmatch(name) else None
    if (reason := _BY_SUFFIX.get(suffix)) is not None:
        return None if _JSON_LOG.search(name) else reason
    if (rotated := rotated_from(name)) is not None:
        return reason_to_skip(rotated[0])
    return None if _BATCH_SUFFIX.match(suffix) else _by_words(name)


def _by_pattern(name: str) -> Reason | None:
    if name.startswith("."):
        return Reason.HIDDEN
    if "tfevents" in name:
        return Reason.TENSORBOARD
    return Reason.TEMPORARY if name.endswith(("~", "#")) else None


def _by_words(name: str) -> Reason | None:
    stem, dot, _ = name.rpartition(".")
    if _NO_LOG.fullmatch(stem if dot else name):
        return Reason.DOCUMENT
    # Without a suffix anything may be a log (`console`, `job_a`); with a strange one, few are.
    return Reason.UNKNOWN if dot and not _LOG_WORD.search(name) else None


@lru_cache(maxsize=1 << 16)
def rotated_from(name: str) -> tuple[str, Age] | None:
    """The name and age of which `name` may be a rotated file: `x.log.1`, `x.log-20231203`.

    Only the name is looked at; whether it is one is for `families` to say.
    """
    match = _ROTATED.match(name)
    if match is None:
        return None
    if (number := match["number"]) is not None:
        return match["base"], (2, -int(number), "")
    if (date := match["date"]) is not None:
        return match["base"], (0, 0, re.sub(r"[^0-9]", "", date))
    return match["base"], (1, 0, "")


def families(
    names: Collection[str], earlier: Collection[str] = frozenset()
) -> dict[str, tuple[str, Age]]:
    """Map each of one directory's names to the name of its log and its age in that family.

    A name is a rotated file only when the log stands beside it, or did `earlier`, and a numbered
    one only when there is no number 0: `log.0` to `log.7` beside a `log` are ranks.
    """
    known = frozenset(names).union(earlier)
    result: dict[str, tuple[str, Age]] = {}
    for name in names:
        rotated = rotated_from(name)
        if rotated is None or rotated[0] not in known or _is_rank(rotated, known):
            result[name] = (name, CURRENT)
        else:
            result[name] = rotated
    return result


def _is_rank(rotated: tuple[str, Age], known: Collection[str]) -> bool:
    base, age = rotated
    return age[0] == CURRENT[0] - 1 and f"{base}.0" in known


_DIGITS = re.compile(r"([0-9]+)")


def natural_key(path: str) -> NaturalKey:
    """Order paths as people do: `rank9` before `rank10`, the files of one directory together."""
    directory, _, name = path.rpartition("/")
    return (*_directory_key(directory), _component_key(name))


@lru_cache(maxsize=1 << 12)
def _directory_key(directory: str) -> NaturalKey:
    return tuple(_component_key(part) for part in directory.split("/"))


@lru_cache(maxsize=1 << 16)
def _component_key(part: str) -> tuple[str | int, ...]:
    # Splitting at digits alternates: texts stand at even places only, so they meet their like.
    pieces = _DIGITS.split(part)
    return tuple(int(piece) if at % 2 else piece.casefold() for at, piece in enumerate(pieces))
