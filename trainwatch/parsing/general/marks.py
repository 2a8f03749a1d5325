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


_ENDS = (b"raining", b"RAINING")
_END = re.compile(
    r"(?:[A-Za-z_.]{1,40}: )?\W{0,6}(?:the |model )?training (?:process |run |job |loop )?(?:is |was |has |has been |is now )?"
    r"(?:(?:successfully )?(?:complete|completed|finished|done|ended)|over)(?: successfully)?"
    r"(?:[.!]{0,3}|[,;:]? (?:(?:in|after|took)\s+\d|total time\b).{0,60}| [-=*#]{1,80})\s*",
    re.IGNORECASE,
)
_LONGEST = 240


def says_end(line: bytes) -> bool:
    """Whether a line says that the training is complete, and nothing else: `Training finished in 3h`."""
    if len(line) > _LONGEST or not any(word in line for word in _ENDS):
        return False
    return _END.fullmatch(split_head(clean(line.decode(errors="replace"))).message) is not None


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
