"""What one line says: positions, values, the data they are about; from bars, JSON, dicts, pairs."""

import ast
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trainwatch.events import Split
from trainwatch.parsing.general.pairs import Plan, cut, looks_like_code, plan, value_of
from trainwatch.parsing.general.text import Text
from trainwatch.parsing.general.words import Meaning, Role, meaning

MAX_VALUES = 2048
MAX_STRUCTURE = 1 << 16
_BIG = 2**53


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its meaning, itself, its average where the line prints one behind it."""

    meaning: Meaning
    value: float
    average: float | None = None
    unit: str = ""


@dataclass(slots=True)
class Reading:
    """What one line says.

    Attributes:
        shape: `pairs`, `json`, `dict`, `bar` or `table`.
        places: Position names to values.
        values: Metrics, by the name printed.
        split: Which data the line as a whole is about, None where it does not say.
        loose: Words that belong to no name.
        percent: Whether the fraction has its percentage in parentheses.
        leading: Whether the fraction has no name.
        summary: Whether it sums up the whole run.
        units: What a bar counts a second.
        keys: The printed names of the positions.
        before: What stands in front of a bar.
    """

    shape: str
    places: dict[str, float] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    split: Split | None = None
    loose: int = 0
    percent: bool = False
    leading: bool = False
    summary: bool = False
    units: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    before: str = ""

    @property
    def outcome(self) -> bool:
        """Whether it holds a value that makes a record."""
        return any(value.meaning.role is Role.OUTCOME for value in self.values.values())

    @property
    def family(self) -> tuple[object, ...]:
        """What lines of one kind share."""
        return (self.shape, self.split, *sorted(self.places), "|", *sorted(self.values))


_SPLIT_WORDS = {
    "train": Split.TRAIN, "training": Split.TRAIN, "val": Split.VALIDATION, "训练": Split.TRAIN,
    "valid": Split.VALIDATION, "validation": Split.VALIDATION, "eval": Split.VALIDATION,
    "evaluation": Split.VALIDATION, "dev": Split.VALIDATION, "cv": Split.VALIDATION,
    "验证": Split.VALIDATION, "test": Split.TEST, "testing": Split.TEST, "测试": Split.TEST,
    "validating": Split.VALIDATION, "evaluating": Split.VALIDATION, "train_inner": Split.TRAIN,
}  # fmt: skip
_LABEL = re.compile(
    r"^[\W_]*([^\W\d_]+)(?:\s+(?:set|data|results?|metrics?|loader|dataset|phase|step|epoch)\b)?\s*[:\])|>-]*",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[(\[](train|val|valid|validation|test|eval|dev)[)\]]", re.IGNORECASE)
_LOGGER = re.compile(r"[|\s](train_inner|train|valid|dev|test|eval)\s*[|:]?\s*$")
_BAR = re.compile(
    r"^(?P<before>.{0,300}?)(?P<percent>\d{1,3})%\s?\|[^|]{0,200}\|\s*(?P<count>\d+\.?\d*)(?P<scale>[kMG]?)"
    r"/(?P<total>\d+\.?\d*)(?P<of>[kMG]?)\s*\[(?P<times>[^,\]]*(?:\d days?, [^,\]]*)?)(?P<after>.*)$"
)
_EMPTY_BAR = re.compile(r"\|\s*\d+/\?\s*\[")
_RATE = re.compile(
    r"^,\s*(?:[\d.]+(?:e[+-]?\d+)?|\?)\s*[kMG]?(?P<unit>[\w ]{1,14}/s|s/[\w ]{1,14})"
)
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_BARE = re.compile(r"(?<![\w'\"])(nan|NaN|inf|-inf|Infinity|-Infinity)(?![\w'\"])")
_TENSOR = re.compile(r"tensor\(\s*\[?\s*([-+\w.]+)[^()]*\)|(?:np\.)?float\d*\(([-+\w.]+)\)")
_FRACTION = re.compile(r"^\s*(\d+)\s*/\s*(\d+)\s*$")
_VALUE = re.compile(r"\d|nan|NaN|NAN|inf")
_SCALES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}
_TOTALS = {"epoch": "total_epochs", "step": "total_steps", "batch": "total_batches"}
_SUMMARY = re.compile(r"^(?:train_runtime|training_time|total_time|run_?time)$")
_PHASE = re.compile(
    r"^[\W_]*(?:(?:start|starting|begin|beginning|running|run|performing|doing|now|开始|进行)\W*(?:to\s)?)?"
    r"(?:the\s)?(?P<word>validat\w*|evaluat\w*|testing|test|eval|training|train|验证|测试|训练|评估)\b",
    re.IGNORECASE,
)


def split_word(word: str) -> Split | None:
    """Which data a word names."""
    return _SPLIT_WORDS.get(word.lower())


def read_text(text: Text) -> Reading | None:  # noqa: PLR0911 - the structured parts first
    """What a line says; None where it states neither a position nor a value."""
    message = text.message
    bar = _BAR.match(message)
    if bar:
        return _bar(bar)
    if _EMPTY_BAR.search(message):
        return Reading("bar")
    if "{" in message and "}" in message and ":" in message:
        found = _structure(message)
        if found is not None:
            found.split = found.split or _line_split(text, message.split("{", 1)[0])
            return found
    if not _VALUE.search(message):
        return None
    if looks_like_code(message):
        return None
    reading = _pairs(message)
    if reading.places or reading.values:
        reading.split = reading.split or _line_split(text, message)
        return reading
    return None


def phase_of(message: str) -> Split | None:
    """Which data a line without values says that it turns to."""
    found = _PHASE.match(message)
    if not found or len(message.split()) > 6 or looks_like_code(message):  # noqa: PLR2004
        return None
    word = found["word"].lower()
    if word.startswith(("train", "训练")):
        return Split.TRAIN
    return Split.TEST if word.startswith(("test", "测试")) else Split.VALIDATION


def _line_split(text: Text, message: str) -> Split | None:
    bracket = _IN_BRACKETS.search(message[:60])
    if bracket:
        return split_word(bracket[1])
    label = _LABEL.match(message)
    if label and split_word(label[1]):
        return split_word(label[1])
    logger = _LOGGER.search(text.head)
    return split_word(logger[1]) if logger else None


def _pairs(message: str) -> Reading:
    texts, numbers = cut(message)
    whole = tuple(number.lstrip("+").isdigit() for number in numbers)
    if len(numbers) > MAX_VALUES:
        return Reading("pairs")
    return _filled(plan(texts, whole), numbers, "pairs")


def _filled(found: Plan, numbers: list[str], shape: str) -> Reading:
    reading = Reading(shape, loose=found.loose, percent=found.percent, leading=found.leading)
    for name, at in found.places:
        reading.places[name] = value_of(numbers[at])
    reading.keys.update(found.keys)
    for slot in found.values:
        average = None if slot.average is None else value_of(numbers[slot.average])
        key, named = slot.key, slot.meaning
        if "#" in key:
            key = re.sub(r"#(\d+)", lambda found: numbers[int(found[1])], key)
            named = meaning(key) or named
        reading.values[key] = Value(named, value_of(numbers[slot.at]), average, slot.unit)
    return reading


def _bar(bar: re.Match[str]) -> Reading:
    """A progress bar of tqdm: what stands before it, its count, and what follows its times."""
    reading = Reading("bar")
    count = float(bar["count"]) * _SCALES[bar["scale"]]
    total = float(bar["total"]) * _SCALES[bar["of"]]
    rate = _RATE.match(bar["after"])
    after = bar["after"][rate.end() :] if rate else bar["after"]
    unit = rate["unit"] if rate else ""
    place = "epoch" if "epoch" in unit.lower() else "batch"
    before = _pairs(bar["before"]) if bar["before"].strip() else Reading("bar")
    postfix = (
        _pairs(after.strip(" ,[]"))
        if any(c.isdigit() for c in after) or "nan" in after
        else Reading("bar")
    )
    for part in (before, postfix):
        reading.values.update(part.values)
        reading.keys.update(part.keys)
        for name, value in part.places.items():
            if not (
                part.leading and "batch" in name
            ):  # a fraction without a name: the bar's counts
                reading.places.setdefault(name, value)
    reading.values.pop("v_num", None)
    reading.before = bar["before"]
    reading.split = _line_split(Text("", bar["before"], 0, None, headed=False), bar["before"])
    if count == 0:  # no step is done: what is shown is a place holder, or of the bar before
        reading.values.clear()
    if place not in reading.places:
        reading.places[place] = count
        reading.places[_TOTALS[place]] = total
    reading.units = unit
    return reading


def _structure(message: str) -> Reading | None:
    """A JSON object or a Python dict in a line."""
    found = _OBJECT.search(message)
    if not found or len(found[0]) > MAX_STRUCTURE:
        return None
    shape, tree = "json", _parse(found[0])
    if not isinstance(tree, dict):
        return None
    before = message[: found.start()]
    if len(before.split()) > 6 or looks_like_code(before):  # noqa: PLR2004
        return None
    reading = Reading(shape)
    outer = _pairs(before) if any(c.isdigit() for c in before) else None
    if outer:
        reading.places.update(outer.places)
    for path, value in _leaves(tree):
        _leaf(reading, path, value)
        if len(reading.values) > MAX_VALUES:
            break
    return reading if reading.places or reading.values else None


def _parse(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():  # of what only looks like a literal: `1if`
            warnings.simplefilter("ignore")
            return ast.literal_eval(_BARE.sub(r"'\1'", _TENSOR.sub(r"\1\2", text)))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _leaves(
    tree: Mapping[object, object], path: str = "", depth: int = 0
) -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        name = f"{path}/{key}" if path else str(key)
        if isinstance(value, Mapping):
            if depth < 4:  # noqa: PLR2004
                yield from _leaves(value, name, depth + 1)
        elif isinstance(value, list | tuple):
            if value and all(isinstance(item, int | float) for item in value) and "lr" in name:
                yield name, value[0]
        else:
            yield name, value


def _leaf(reading: Reading, path: str, value: object) -> None:  # noqa: C901 - by type
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, str):
        if path.rsplit("/", 1)[-1] in ("_type", "type", "mode", "split", "phase", "stage"):
            reading.split = reading.split or next(
                (split for word in re.split(r"[\W_]+", value) if (split := split_word(word))), None
            )
        fraction = _FRACTION.match(value)
        named = meaning(path)
        if fraction and named and named.name in _TOTALS:
            reading.keys[path] = named.name
            reading.places[named.name] = float(fraction[1])
            reading.places[_TOTALS[named.name]] = float(fraction[2])
            return
        try:
            value = float(value)
        except ValueError:
            return
    if not isinstance(value, int | float):
        return
    if _SUMMARY.match(path):
        reading.summary = True
    named = meaning(path)
    if named is None:
        return
    number = float(value) if not abs(value) >= _BIG else math.copysign(math.inf, value)
    if named.role is Role.POSITION:
        reading.keys[path] = named.name
        if path in ("num_updates", "global_step"):  # fairseq's `update` counts in epochs
            reading.places[named.name] = number
        reading.places.setdefault(named.name, number)
    else:
        reading.values[path] = Value(named, number)
