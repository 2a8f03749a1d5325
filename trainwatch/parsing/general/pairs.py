"""Finds what a message states: names with their values, fractions, averages in parentheses.

The message is cut into numbers and the texts between them. What the texts say of the numbers is
worked out once for each sequence of texts and remembered, so that a file's usual lines are cheap.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from trainwatch.parsing.general.words import MAX_WORDS, Meaning, Role, meaning

_NUMBER = re.compile(
    r"(?<![\w@.\-+])[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+\.?\d*(?:[eE][-+]?\d+)?"
    r"|\.\d+(?:[eE][-+]?\d+)?|(?:nan(?:\.0)?|inf(?:inity)?)(?![\w]))",
    re.IGNORECASE,
)
_EXTENSIONS = r"pt|pth|py|bin|ckpt|tar|json|yaml|yml|safetensors|h5|csv|txt|log|npy|pkl"
_FILE = re.compile(rf"\.(?:{_EXTENSIONS})(?!\w)")
_TENSOR = re.compile(
    r"tensor\(\s{0,4}\[?\s{0,4}([-+\w.]{1,40})[^()]{0,200}(?:\([^()]{0,80}\))?[^()]{0,80}\)"
    r"|(?:np\.)?(?:float\d{0,3}|array)\(\[?\s{0,4}([-+\w.]{1,40})\]?\s{0,4}(?:,[^()]{0,80})?\)"
)
_DURATION = re.compile(
    r"(?<![\w.])(?:\d{1,6} days?,? +)?\d{1,6}:\d\d(?::\d\d)?(?:\.\d{1,9})?(?![\w.])"
)
_PATH = re.compile(r"(?<![\w~/.])(?:[A-Za-z]:\\|\.{0,2}/|~/|https?://)[^\s,;'\"\])]+")
_FILE_NAME = re.compile(
    rf"(?<![\w./\-])[\w\-]{{1,80}}(?:[./][\w\-]{{1,80}}){{0,8}}\.(?:{_EXTENSIONS})(?!\w)"
)
_BAR = re.compile(r"[\u2500-\u257f\u2580-\u259f]{3,}|\[[=>.\-#]{6,}\]|#{4,}")
_RULE = re.compile(r"={3,}|\*{3,}|_{4,}|-{3,}")
_ORDINAL = re.compile(r"\u7b2c\s{0,4}(\d{1,9})(\s{0,4}/\s{0,4}\d{1,9})?\s{0,4}([\u8f6e\u6b65])")
_COUNTED = re.compile(r"(?<!\w)(?:\d{1,9}-)?(\d{1,9})(epoch|batch)(?=:)")
"""ESPnet's `3epoch:train:101-200batch:`."""

_COMMA = re.compile(r"(?<![\d.,\[(])(0|\d{1,9}(?=,\d{4})),(\d{1,18})(?![,.\d])")


def _masked(message: str) -> str:
    """A message without the numbers that are no values: durations, paths, bars.

    Each is looked for only where its mark stands, since this is done for every line.
    """
    if "(" in message and ("tensor" in message or "array" in message or "float" in message):
        message = _TENSOR.sub(r"\1\2", message)
    if "epoch:" in message or "batch:" in message:
        message = _COUNTED.sub(r"\2 \1 ", message)
    if ":" in message:
        message = _DURATION.sub("~", message)
    if "/" in message or "\\" in message:
        message = _PATH.sub("~", message)
    if _FILE.search(message):
        message = _FILE_NAME.sub("~", message)
    if not message.isascii():
        message = _ORDINAL.sub(r"\3 \1\2 ", message)
    if not message.isascii() or "####" in message or "[" in message:
        message = _BAR.sub(" | ", message)
    if "---" in message or "===" in message or "***" in message or "____" in message:
        message = _RULE.sub(" | ", message)
    return _COMMA.sub(r"\1.\2", message) if "," in message else message


_UNIT = re.compile(
    r"^(?:\s?(?:%|(?:tok|toks|tokens?|samples?|imgs?|images?|it|iters?|steps?|examples?|batch)/s(?:ec)?(?:ond)?(?!\s{0,4}[:=\w]))"
    r"|(?:ms|us|s|sec|min|h|hrs?|[kKMGT]i?B?|B|it/s|s/it|ms/step|s/step|ms/batch|x)(?![\w]))"
)
_RATE = re.compile(r"/s(?:ec)?")
_SEPARATORS = re.compile(
    r"[,;|~·•\t]|\s{2,}|\s[-–—]+\s|\)\s*(?=[^\s:=])|\]\s*(?=[^\s:=\]\[(])|->>?|=>|\s=\s?>"
)
_CODE = re.compile(
    r"[\w\]]\((?!(?:train|val|valid|eval|test|[\d.%]))|;\s*$|^\s*(?:def|class|import|from|return|if|for|while|else|elif|print|assert|#include|"
    r"static|const|int|float|double|void|struct|self\.|--|//|/\*|\*\s(?!(?:[Tt]est|[Vv]al|[Ee]val|[Tt]rain)\w*\b)|<\w|@|\$|export|echo|function)\b|"
    r"^\s*[bfru]?[\"'(]|`|[\s\[]--[a-z]|(?<!=)==(?![=>])|!=|&&|\+=|-=|\{\}|\\n|%[sd.]|^\s*(?:#(?!\s*\d)|//|--\w|/\*|<)"
)
_LIST = re.compile(r"(?:[A-Za-z_][\w.]*,)+[A-Za-z_][\w.]*\s+$")
_HALF = re.compile(r"[A-Za-z_]|[.,]\d|\+\w")
_OPENERS = " \t([{<\"'"


@dataclass(frozen=True, slots=True)
class Slot:
    """One value of a plan: which number it is, its name, its average, its unit."""

    meaning: Meaning
    at: int
    average: int | None = None
    unit: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the numbers of a sequence of texts are.

    Attributes:
        places: Position names → number; totals likewise.
        values: The metrics.
        loose: Words that belong to no name.
        words: The text without numbers, for phases and headers.
        percent: Whether a progress fraction is followed by a percent in parentheses.
    """

    places: tuple[tuple[str, int], ...]
    values: tuple[Slot, ...]
    loose: int
    words: str
    percent: bool
    leading: bool
    keys: tuple[tuple[str, str], ...] = ()


def cut(message: str) -> tuple[tuple[str, ...], list[str]]:
    """The texts between the numbers (one more than numbers), and the numbers."""
    message = _masked(message)
    texts: list[str] = []
    numbers: list[str] = []
    end = 0
    for found in _NUMBER.finditer(message):
        texts.append(message[end : found.start()])
        numbers.append(found[0])
        end = found.end()
    texts.append(message[end:])
    return tuple(texts), numbers


def value_of(text: str) -> float:
    """A number as a float; thousands are grouped by commas."""
    lowered = text.lower().replace(",", "")
    return float("nan") if lowered.lstrip("+-").startswith("nan") else float(lowered)


def looks_like_code(message: str) -> bool:
    """Whether a line is a program's text rather than what a program printed."""
    return bool(_CODE.search(message))


@lru_cache(maxsize=2048)
def plan(texts: tuple[str, ...], whole: tuple[bool, ...]) -> Plan:
    """Work out what the numbers between some texts are; `whole` says which are integers."""
    return _Planner(texts, whole).plan()


class _Planner:
    def __init__(self, texts: tuple[str, ...], whole: tuple[bool, ...]) -> None:
        self._whole = whole
        self._before: list[str] = []
        self._units: list[str] = []
        for index, text in enumerate(texts):
            unit = _UNIT.match(text) if index else None
            if index:
                self._units.append(unit[0].strip() if unit else "")
            self._before.append(text[unit.end() :] if unit else text)
        self._used = [False] * len(whole)
        self._places: dict[str, int] = {}
        self._keys: dict[str, str] = {}
        self._values: dict[str, Slot] = {}
        self._loose = 0
        self._percent = False
        self._leading = False
        self._epoch_brackets = False

    def plan(self) -> Plan:
        index = 0
        while index < len(self._whole):
            index = self._slot(index)
        tail = self._before[-1]
        self._loose += len(re.findall(r"[^\W\d_]{2,}", tail))
        words = " ".join(self._before)
        return Plan(
            tuple(self._places.items()), tuple(self._values.values()), self._loose, words,
            self._percent, self._leading, tuple(self._keys.items()),
        )  # fmt: skip

    def _text(self, index: int) -> str:
        return self._before[index] if index < len(self._before) else ""

    def _slot(self, at: int) -> int:  # noqa: C901, PLR0911 - one case after another
        """Read the value at a number; the number to go on with."""
        text = self._text(at)
        names = _LIST.search(text)
        if names:
            return self._list(at, names[0].split(","))
        key, extra = self._key(text)
        following = self._text(at + 1)
        last = at + 1 >= len(self._whole)
        if not last and re.match(r"^\)\s*[:=]", following) and text.endswith("("):
            nested = text[:-1]  # a number within a name: actor/lr(1e-4):0.010
            self._before[at + 1] = nested + following[1:]
            return at + 1
        if (
            not last
            and re.match(r"^\s*\S{1,12}\s*[:=]?\s*$", following)
            and re.search(r"\b(?:of|over|after|for)\s$", text)
        ):
            self._before[at + 1] = re.sub(r"\s+(?:of|over|after|for)\s$", " ", text) + ": "
            return at + 1
        if (
            key
            and not last
            and self._whole[at]
            and following.strip(" ") == ""
            and following
            and self._text(at + 2).lstrip().startswith("(")
        ):  # fmt: skip - a number of the name: Prec@1   0 0.000 (0.000)
            self._before[at + 1] = f"{key} #{at} "
            return at + 1
        total = None
        if not last and re.match(r"^\s*(?:\]\s*)?(?:/|\bof\b)\s*(?:\[\s*)?$", following):
            total = at + 1
        self._loose += extra
        named = meaning(key) if key else None
        end = (total or at) + 1
        if total is not None and self._fraction(at, total, named, text, key):
            return self._skip_percent(end)
        if total is not None:
            self._add(named, key, at, None, self._units[total])
            return end
        if named is None:
            self._unnamed(at, text)
            return end
        if named.role is Role.POSITION:
            self._place(named, at)
            return end
        average = None
        if (
            self._text(end).lstrip() == "("
            and end < len(self._whole)
            and (self._text(end + 1).lstrip().startswith(")"))
            and not self._units[end]
        ):
            average, end = end, end + 1
        self._add(named, key, at, average, self._units[at])
        return end

    def _list(self, at: int, names: list[str]) -> int:
        """Names in a row, then their values in a row."""
        end = at + 1
        while end < len(self._whole) and self._text(end).strip() == "":
            end += 1
        if end - at == len(names):
            for index, name in enumerate(names, start=at):
                self._add(meaning(name), name.strip(), index, None, "")
        return end

    def _skip_percent(self, end: int) -> int:
        if end < len(self._whole) and self._units[end] == "%" and "(" in self._text(end):
            self._percent = True
            return end + 1
        return end

    def _key(self, text: str) -> tuple[str, int]:
        """The name at the end of a text, and how many words before it belong to nothing."""
        trimmed = text.rstrip(_OPENERS)
        pieces = _SEPARATORS.split(trimmed)
        key = pieces[-1].strip() if pieces else ""
        if not key and trimmed.endswith((":", "=")):
            key = pieces[-1]
        bracket = max(key.rfind("["), key.rfind("{"))
        if bracket >= 0:
            key = key[bracket + 1 :]
        if key.count(":") + key.count("=") > 1 or re.search(r"[:=]\s*\S", key):
            key = re.split(r"[:=](?=\s*\S)", key)[-1]
        loose = " ".join(pieces[:-1])
        extra = len(re.findall(r"[^\W\d_]{2,}", loose))
        if not re.search(r"[^\W\d_]", key):
            return "", extra
        if len(key.split()) > MAX_WORDS and not key.rstrip().endswith((":", "=")):
            return "", extra + len(key.split())
        return key.strip().rstrip(":=").strip(), extra

    def _fraction(  # noqa: C901 - one case after another
        self, at: int, total: int, named: Meaning | None, text: str, key: str
    ) -> bool:
        """Take `at/total` as progress, or as a count of what was right."""
        if not (self._whole[at] and self._whole[total]):
            return False
        if named and named.role is Role.POSITION and not named.name.startswith("total"):
            inner = named.name == "step" and "epoch" in self._places
            name = "batch" if inner and "batch" not in self._places else named.name
            if name not in self._places:
                self._keys[key] = name
                self._places[name] = at
                self._places[_TOTALS[name]] = total
            return True
        if named and named.role is Role.OUTCOME:
            end = total + 1
            if end < len(self._whole) and self._units[end] == "%" and "(" in self._text(end):
                self._add(named, key, end, None, "%")
            self._values["correct"] = Slot(_CORRECT, at, key="correct")
            return True
        previous = next(iter(reversed(self._values.values())), None)
        if key == "" and previous and previous.meaning.role is Role.OUTCOME and "(" in text:
            self._values["correct"] = Slot(_CORRECT, at, key="correct")
            return True
        if named is not None and named.role is not Role.POSITION and re.search(r"[:=]\s*$", text):
            return False
        if "epoch" in self._places and "batch" not in self._places and "step" not in self._places:
            self._places["batch"], self._places["total_batches"] = at, total
        elif (
            "[" in text
            and not self._places
            and self._text(total + 1).startswith("]")
            and (
                re.search(r"^\][\s,]*\[?\s*$", self._text(total + 1))
                and total + 2 < len(self._whole)
                and self._whole[total + 1]
            )
        ):
            self._places["epoch"], self._places["total_epochs"] = at, total
        elif not self._places:
            self._leading = True
            self._places["batch"], self._places["total_batches"] = at, total
        return True

    def _unnamed(self, at: int, text: str) -> None:
        rate = self._units[at]
        if _RATE.search(rate) and "throughput" not in self._values:
            self._values["throughput"] = Slot(_RATE_MEANING, at, None, rate, "throughput")
        elif (
            self._whole[at] and text.strip() in ("][", "] [", "], [")
            and "epoch" in self._places and "batch" not in self._places
        ):  # fmt: skip
            self._places["batch"] = at
        elif at == 0 and self._whole[at] and text == "[" and self._text(1).startswith("]"):
            self._places["step"] = at
        elif (
            at == 0
            and text == "["
            and all(self._whole[:2])
            and (re.match(r"^,\s*$", self._text(1)) and self._text(2).startswith("]"))
        ):
            self._places["epoch"], self._places["batch"] = 0, 1

    def _place(self, named: Meaning, at: int) -> None:
        name = named.name
        newest = next(iter(reversed(self._values.values())), None)
        if name in self._places or (newest and newest.meaning.best and "\t" not in self._text(at)):
            return  # `best 0.037 ep 0` is where the best one was
        if self._units[at] and self._units[at] not in ("k", "K", "M"):
            return
        self._keys[named.printed] = name
        self._places[name] = at

    def _add(
        self, named: Meaning | None, key: str, at: int, average: int | None, unit: str
    ) -> None:
        if named is None or named.role is Role.POSITION:
            return
        if _HALF.match(self._text(at + 1)) and not unit:
            return  # a part of something else: 0x10, 1_000, 0.5.5, 1e
        if key in self._values:
            return
        if key.lower() in ("best", "min", "max"):  # of what stands before it
            newest = next(iter(reversed(self._values)), None)
            named = meaning(f"{key} {newest}") if newest else None
            if named is None:
                return
            key = named.printed
        self._values[key] = Slot(named, at, average, unit, key)


_TOTALS = {"epoch": "total_epochs", "step": "total_steps", "batch": "total_batches"}
_CORRECT = Meaning(Role.ASIDE, "correct", None, "correct")
_RATE_MEANING = Meaning(Role.ASIDE, "throughput", None, "throughput")
