"""One line for reading: cleaned of what acts on terminals, its head of times and loggers taken off."""

import re
from dataclasses import dataclass

_ACTS = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]|[\x00-\x07\x0b-\x1f\x7f\ufeff]"
)
_WIDE = str.maketrans("：，；（）【】％｜＝、。／", ":,;()[]%|=,./")
_LEVELS = "DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|NOTICE|TRACE"
_DATE = (
    r"(?P<date>\d{4}[-/.]\d\d[-/.]\d\d)[T _-](?P<clock>\d\d:\d\d:\d\d)(?:[.,:](?P<fraction>\d{1,9}))?"
    r"(?P<zone>Z|\s?[+-]\d\d:?\d\d)?(?:\sUTC|\sGMT)?"
    r"|\d\d[-/]\d\d(?:[-/]\d\d(?:\d\d)?)?[ T]\d\d:\d\d(?::\d\d(?:[.,]\d{1,6})?)?(?:\s[AP]M)?"
    r"|(?:[A-Z][a-z]{2},?\s)?[A-Z][a-z]{2}\s{1,2}\d{1,2}\s\d\d:\d\d:\d\d(?:\s[A-Z]{3,4})?(?:\s\d{4})?"
    r"|[IWEF]\d{4}\s\d\d:\d\d:\d\d\.\d+(?:\s+\d+)?"
    r"|\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?=[\s\]|-])"
)
_HEAD = re.compile(
    rf"[\s|]*(?:[-:|>]\s+)?(?:[\[(<]?\s?(?:{_DATE})(?:\s[\w.-]{{1,40}}(?=\]))?\s?[\])>]?:?"
    r"|\([\w./]{1,60}\.py[ :]\d{1,6}\):?|(?<=\] )\(\d{1,4}/\d{1,4}\)(?=\s)"
    rf"|[\[(]?(?P<level>{_LEVELS})\s?[\])]?(?::[\w.]+:|:)?(?=\s|\||-|$|\w|\{{)"
    r"|[\[(]?(?:[Rr]ank|RANK)[ :=_#-]{0,2}\d+(?:/\d+)?(?:[\])]:?|:|(?=\s[|-]\s))"
    r"|\[[a-z]+\d+\]:"
    r"|\[(?!\d)[\w./<>-]{1,80}+:\d{1,6}(?::\w{1,60})?\]"
    r"|[\w.<>]{1,60}:[\w.<>]{1,60}:\d{1,6} -(?=\s)"  # loguru
    r"|\[[A-Za-z][\w.-]{0,60}\](?=\s\d{4}-\d\d-\d\d\s)|\([\w.]{1,60}:\d{1,6}\)(?=\s[A-Z]+:)"  # ESPnet
    r"|(?P<logger>[A-Za-z_][\w.-]{0,80}+(?::\d{1,6})?)"
    rf"(?=\s+[-|]\s|\s+(?:{_LEVELS})\b|\t))"
)


@dataclass(frozen=True, slots=True)
class Text:
    """A cleaned line.

    Attributes:
        head: The times, levels and loggers before the message.
        message: What the line says.
        indent: Blanks before the line.
        time: Date, clock, fraction and zone of the head, where it states a full date.
        headed: Whether there is a time or a level.
    """

    head: str
    message: str
    indent: int
    time: tuple[str, str, str | None, str | None] | None
    headed: bool


def clean(line: str) -> str:
    """A line without escape sequences, controls and full-width punctuation."""
    if "\x08" in line:
        line = next((part for part in reversed(line.split("\x08")) if part.strip()), "")
    if not line.isprintable():
        line = _ACTS.sub("", line)
    return line if line.isascii() else line.translate(_WIDE)


def split_head(line: str) -> Text:
    """Take the head off a cleaned line."""
    position, headed = 0, False
    time = None
    while found := _HEAD.match(line, position):
        if found["logger"] and (not headed or found["logger"].lower() in ("train", "val", "test")):
            break
        if found["date"]:
            time = (found["date"], found["clock"], found["fraction"], found["zone"])
        headed = headed or not found["logger"]
        position = found.end()
    message = line[position:]
    body = message.lstrip(" \t")
    indent = len(message) - len(body) if not position else 0
    if headed:
        body = re.sub(r"^(?:[-|:>]\s+|\|\s*)+", "", body)
    return Text(line[:position], body.rstrip(), indent, time, headed)
