"""Finds the records of a line among many formats, of which it tries only a few.

A line's message is looked up by its first bytes, so that a format is tried only where its fixed
beginning stands; formats that begin with a field are tried where a text is there that every record
of theirs holds.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from trainwatch.parsing.compiled import CompiledFormat, next_record
from trainwatch.parsing.prefix import split_prefix

Hit = tuple[CompiledFormat, re.Match[bytes]]

_LEAD = 2048
"""More bytes than a record has before its anchor: a prefix, and a field of free text."""

_KEY = 4
"""First bytes of a message by which formats are looked up."""


class _Index:
    """The formats that may fit a line, in their order; the logs of a run share it.

    Args:
        formats: All of them.

    Attributes:
        anchors: The texts of which a record of theirs holds one.
    """

    def __init__(self, formats: tuple[CompiledFormat, ...]) -> None:
        self._formats = formats
        anchors = sorted({known.anchor for known in formats if known.anchor})
        self.anchors = re.compile(b"|".join(map(re.escape, anchors)) or rb"(?!)")
        self._openings = tuple(_opening(known) for known in formats)
        self._keys = frozenset(text[:_KEY] for text in self._openings)
        self._short = frozenset(text[:1] for text in self._openings)
        self._by_key: dict[bytes, tuple[CompiledFormat, ...]] = {}

    def candidates(self, line: bytes) -> list[CompiledFormat]:
        """Formats whose beginning and fixed text stand in a line."""
        message = split_prefix(line)["message"].lstrip(b" \t")
        key = message[:_KEY]
        if key not in self._keys:  # so that foreign lines do not fill the table
            key = message[:1] if message[:1] in self._short else b""
        known = self._by_key.get(key)
        if known is None:
            known = self._by_key[key] = self._fitting(key)
        return [compiled for compiled in known if compiled.anchor in line]

    def rivals(self, compiled: CompiledFormat) -> tuple[bytes, ...] | None:
        """The texts without which the formats that are tried before one cannot match its lines.

        None where that cannot be told from the format alone.
        """
        place = self._formats.index(compiled)
        key = self._openings[place][:_KEY]
        if compiled.loose or len(key) < _KEY or key[:1].isspace():
            return None
        before = self._fitting(key)
        texts = tuple(one.anchor for one in before[: before.index(compiled)])
        return texts if all(texts) else None

    def _fitting(self, key: bytes) -> tuple[CompiledFormat, ...]:
        return tuple(
            compiled
            for compiled, opening in zip(self._formats, self._openings, strict=True)
            if not opening or (key and opening[: len(key)] == key[: len(opening)])
        )


def _opening(compiled: CompiledFormat) -> bytes:
    """The fixed text with which every message of a format begins; empty where none is sure."""
    first = compiled.format.parsed.opening.encode().lstrip()
    # What could be taken for a prefix is not where the message begins.
    sample = compiled.format.samples[0].text.encode() if compiled.format.samples else b""
    return first if sample and split_prefix(sample)["message"] == sample else b""


@lru_cache(maxsize=8)
def _index(formats: tuple[CompiledFormat, ...]) -> _Index:
    return _Index(formats)


class Recogniser:
    """Finds the records of a line; tries the last step format first, since steps come in runs.

    Attributes:
        hot: The last step format seen, or None.
    """

    def __init__(self, formats: tuple[CompiledFormat, ...]) -> None:
        self._index = _index(formats)
        self.hot: CompiledFormat | None = None

    def rivals(self, compiled: CompiledFormat) -> tuple[bytes, ...] | None:
        """As `_Index.rivals`."""
        return self._index.rivals(compiled)

    def records(self, line: bytes) -> Sequence[Hit]:
        """The records of a line: usually one, more where several writers share it, or none."""
        whole = self._whole(line)
        if whole and not whole[0].loose:
            return (whole,)
        fused = self._fused(line)
        if whole and len(fused) < 2:  # noqa: PLR2004 - one record: nothing was fused
            return (whole,)
        return fused

    def _whole(self, line: bytes) -> Hit | None:
        if self.hot and (found := self.hot.whole.match(line)):
            return self.hot, found
        for compiled in self._index.candidates(line):
            found = compiled.whole.match(line)
            if found:
                if compiled.is_step:
                    self.hot = compiled
                return compiled, found
        return None

    def _fused(self, line: bytes) -> list[Hit]:
        records: list[Hit] = []
        position = 0
        anchor = self._index.anchors.search(line) if next_record.search(line, 1) else None
        while anchor is not None:
            hit = self._within(line, position)
            if hit:
                records.append(hit)
                position = max(hit[1].end(), position + 1)
            else:  # a line of nothing but prefixes must not be tried at each of them
                following = next_record.search(line, max(position + 1, anchor.start() - _LEAD))
                if following is None:
                    break
                position = following.start()
            if anchor.start() < position:
                anchor = self._index.anchors.search(line, position)
        return records

    def _within(self, line: bytes, at: int) -> Hit | None:
        if self.hot and (found := self.hot.within.match(line, at)):
            return self.hot, found
        for compiled in self._index.candidates(line[at : at + 2 * _LEAD]):
            found = compiled.within.match(line, at)
            if found:
                return compiled, found
        return None
