"""Whose line it is, as people mark it in front of what they print: `[rank=3]`, `(rank 3)`, `RANK 3 |`."""

import re

from trainwatch.parsing.general.text import clean, split_head

_HEAD = 160
"""Bytes of a line in which its head with times, levels and loggers ends."""

_HINT = re.compile(rb"[Rr]ank[ :=_#-]{0,2}\d|RANK[ :=_#-]{0,2}\d")
_MARK = re.compile(
    r"(?:^|[\s\[(<|])(?:[Rr]ank|RANK)[ :=_#-]{0,2}(?P<rank>\d{1,6})(?:/\d{1,6})?(?=[\])>:\s|,-]|$)"
)
_IN_FRONT = re.compile(r"(?:[Rr]ank|RANK)=(?P<rank>\d{1,6})[ ,\t]")


def marked_rank(line: bytes) -> bytes | None:
    """The rank in the head of a line, as digits; None where there is none.

    A rank in the middle of a sentence is what the line is about, and says nothing of who wrote it.
    """
    start = line[:_HEAD]
    if not _HINT.search(start):
        return None
    text = split_head(clean(start.decode(errors="replace")))
    found = _MARK.search(text.head) or _IN_FRONT.match(text.message)
    return found["rank"].encode() if found else None
