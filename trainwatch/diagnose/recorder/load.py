"""A dump from the bytes of a file: a pickle or JSON, of any version, gloo's or NCCL's."""

import json
import re
from functools import reduce

from trainwatch.diagnose.recorder.dump import Dump, DumpError, Entry, Form, GroupConfig
from trainwatch.diagnose.recorder.fields import MAX_RANK, Fields, Reader, integer
from trainwatch.diagnose.recorder.unpickle import unpickle

MAX_BYTES = 256 << 20
MAX_JSON_VALUES = 8_000_000

_SUFFIXES = re.compile(r"\.(?:json|pickle|pkl|p|bin|dump|trace|txt)\Z", re.IGNORECASE)
_NAMED_RANK = re.compile(r"(?:rank|dump|trace)[_.\-]?(\d{1,7})(?!\d)", re.IGNORECASE)
_LAST_NUMBER = re.compile(r"(\d{1,7})\Z")
_BOM = b"\xef\xbb\xbf"
_KEYS = ("entries", "pg_config", "pg_status")


def load_dump(file: str, data: bytes) -> Dump:
    """Read one file.

    Args:
        file: Its name, which often tells the rank.
        data: All of its bytes.

    Raises:
        DumpError: It is no dump, or not a whole one. The text is one sentence, beginning with the
            file's name.
    """
    try:
        form, raw = _open(data)
        return _dump(file, form, raw)
    except DumpError as error:
        raise DumpError(f"{file}: {error}") from error


def plain_dump(data: bytes) -> object:
    """The plain values that a dump holds, as they are; raises DumpError as `load_dump` does."""
    return _open(data)[1]


def rank_of_name(file: str) -> int | None:
    """The rank that a file's name states, as in `nccl_trace_rank_3`, `_dump_3` or `x_rank_3.json`."""
    named = _NAMED_RANK.findall(_base(file))
    return int(named[-1]) if named else None


def _open(data: bytes) -> tuple[Form, object]:
    if not data.strip(b"\0 \r\n\t"):
        raise DumpError("it is empty: the rank could not write its dump.")
    if len(data) > MAX_BYTES:
        raise DumpError(f"it has more than {MAX_BYTES >> 20} MiB, too many for a dump.")
    text = data.removeprefix(_BOM).lstrip()
    if text[:1] in {b"{", b"["}:
        return Form.JSON, _parse(text)
    if data[:1] == b"\x80":
        return Form.PICKLE, unpickle(data)
    raise DumpError("it is neither a pickle nor JSON, so it is no flight-recorder dump.")


def _parse(text: bytes) -> object:
    if sum(map(text.count, (b",", b"[", b"{"))) > MAX_JSON_VALUES:
        raise DumpError(f"it has more than {MAX_JSON_VALUES:,} values, too many for a dump.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        if text.rstrip()[-1:] in {b"}", b"]"}:
            raise DumpError("it is damaged: it is not valid JSON.") from error
        raise DumpError("it is cut off: the JSON has no end, so it was half written.") from error


def _dump(file: str, form: Form, raw: object) -> Dump:
    reader = Reader()
    fields: Fields = {"entries": raw} if isinstance(raw, list) else _mapping(raw)
    rows = reader.items(fields.get("entries"))
    entries = tuple(entry for entry in map(reader.entry, rows) if entry is not None)
    if rows and not entries:
        raise DumpError("none of its entries says what was called, so it is no dump.")
    configs = reader.configs(fields.get("pg_config"))
    return Dump(
        file=file,
        form=form,
        version=reader.text(fields.get("version")) or None,
        rank=_rank(file, fields, configs, entries),
        configs=configs,
        status=reader.status(fields.get("pg_status")),
        entries=tuple(sorted(entries, key=lambda entry: entry.record)),
        skipped=len(rows) - len(entries),
    )


def _mapping(raw: object) -> Fields:
    if not isinstance(raw, dict) or not any(isinstance(raw.get(k), list | dict) for k in _KEYS):
        raise DumpError("it has no entries and no process groups, so it is no dump.")
    if "entries" in raw and not isinstance(raw["entries"], list | tuple):
        raise DumpError("its entries are not a list, so it is no dump.")
    return raw


def _rank(
    file: str, fields: Fields, configs: tuple[GroupConfig, ...], entries: tuple[Entry, ...]
) -> int | None:
    """The most explicit statement first; a bare number at the end of the name comes last."""
    last = _LAST_NUMBER.search(_SUFFIXES.sub("", _base(file)))
    statements = (
        rank_of_name(file),
        integer(fields.get("rank")),
        integer(fields.get("global_rank")),
        _rank_of_groups(configs),
        _rank_of_messages(configs, entries),
        int(last[1]) if last else None,
    )
    return next((rank for rank in statements if rank is not None and 0 <= rank < MAX_RANK), None)


def _base(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2]


def _rank_of_groups(configs: tuple[GroupConfig, ...]) -> int | None:
    """NCCL lists only the groups that a rank is in: often just one rank is in all of them."""
    members = [set(config.ranks) for config in configs if config.ranks]
    common = reduce(set.intersection, members) if members else set[int]()
    return min(common) if len(common) == 1 else None


def _rank_of_messages(configs: tuple[GroupConfig, ...], entries: tuple[Entry, ...]) -> int | None:
    """A message names its two ends by their place in the group, and one of them is the writer."""
    members = {config.name: config.ranks for config in configs}
    for entry in entries:
        ranks = members.get(entry.group, ())
        if entry.peers is not None and entry.op in {"send", "recv"}:
            own = entry.peers[0 if entry.op == "send" else 1]
            if own < len(ranks):
                return ranks[own]
    return None
