"""A user's own formats, made from what a configuration file holds; wrong ones are refused.

One table is one dialect. Its own keys describe one line format; more stand in its list `lines`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from trainwatch.errors import UsageError
from trainwatch.events import Granularity, Split
from trainwatch.formats import expression, template
from trainwatch.formats.dialect import Dialect, Kind, LineFormat, Sample, Value
from trainwatch.formats.expression import Expression
from trainwatch.formats.names import INTEGERS, POSITIONS, canonical
from trainwatch.formats.template import NUMERIC, FieldType, Template

Table = Mapping[str, Any]
Place = tuple[str | int, ...]
"""Keys and indices on the way to a value of the document."""

Fits = Callable[[LineFormat, str], bool]
"""Whether a line of a log fits a format; parsing knows."""

Choice = TypeVar("Choice", bound=StrEnum)

NONE: Mapping[str, Value] = MappingProxyType({})


class Sort(StrEnum):
    """What the lines of an own format mean; the key `kind`."""

    STEP = "step"
    EVALUATION = "evaluation"
    EPOCH_START = "epoch_start"
    EPOCH_END = "epoch_end"
    CHECKPOINT = "checkpoint"
    ENDED = "ended"
    MESSAGE = "message"


_MEANINGS: Mapping[Sort, tuple[Kind, Mapping[str, Value]]] = {
    Sort.STEP: (Kind.STEP, NONE),
    Sort.EVALUATION: (Kind.EVALUATION, NONE),
    Sort.EPOCH_START: (Kind.EPOCH_MARKER, {"start": 1}),
    Sort.EPOCH_END: (Kind.EPOCH_MARKER, {"start": 0}),
    Sort.CHECKPOINT: (Kind.CHECKPOINT, {"stage": "saved"}),
    Sort.ENDED: (Kind.TRAINING_ENDED, NONE),
    Sort.MESSAGE: (Kind.MESSAGE, NONE),
}
_VALUED = (Kind.STEP, Kind.EVALUATION)
_OF_DIALECT = ("title", "epoch_base", "batch_unit", "granularity")
_OF_LINE = ("template", "pattern", "samples", "kind", "split")
_SHOWN = 80
"""Characters of a sample that a sentence quotes."""

_FREE = (FieldType.TEXT, FieldType.REST)
_MAX_FREE = 2
"""Free texts of one template: each one more multiplies the time that a line that does not fit takes."""


class RefusedError(UsageError):
    """What is wrong with a format, and the way to it in the document; the reader adds file and line."""

    def __init__(self, place: Place, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


def own_dialects(tables: Any, taken: Collection[str], fits: Fits) -> tuple[Dialect, ...]:  # noqa: ANN401 - TOML
    """The dialects of the table `formats`.

    Args:
        tables: What stands in the document under `formats`.
        taken: Names of the dialects that trainwatch knows.
        fits: Holds a format to its samples.

    Raises:
        RefusedError: for anything that is wrong.
    """
    if not isinstance(tables, dict):
        raise RefusedError(
            ("formats",), "formats must hold tables; write [formats.NAME] above the keys"
        )
    return tuple(_dialect(name, table, taken, fits) for name, table in tables.items())


def _dialect(name: str, table: Any, taken: Collection[str], fits: Fits) -> Dialect:  # noqa: ANN401 - TOML
    at: Place = ("formats", name)
    if not isinstance(table, dict):
        raise RefusedError(at, f"{_path(at)} must be a table; write [{_path(at)}] above its keys")
    if name in taken:
        raise RefusedError(at, f"trainwatch has a dialect {name!r} already; choose another name")
    if not name or not name.replace("-", "_").isidentifier() or not name.isascii():
        raise RefusedError(at, f"{name!r} is no name for a format; write letters, digits, - and _")
    _known(table, at, (*_OF_DIALECT, *_OF_LINE, "lines"))
    return Dialect(
        name=name,
        title=_text(table, at, "title", "a format of your own"),
        formats=tuple(
            _line(line, place, f"{name}.{number}", fits)
            for number, (line, place) in enumerate(_lines(table, at), start=1)
        ),
        epoch_base=_one_of(table, at, "epoch_base", (0, 1)),
        batch_unit=_one_of(table, at, "batch_unit", ("batches", "samples")),
        granularity=_choice(table, at, "granularity", Granularity, Granularity.STEP),
    )


def _lines(table: Table, at: Place) -> Iterator[tuple[Table, Place]]:
    more = table.get("lines", [])
    if not isinstance(more, list) or not all(isinstance(line, dict) for line in more):
        path = _path((*at, "lines"))
        raise RefusedError((*at, "lines"), f"{path} must be tables; write [[{path}]] above each")
    if not more or any(key in table for key in _OF_LINE):
        yield {key: table[key] for key in _OF_LINE if key in table}, at
    for index, line in enumerate(more):
        place = (*at, "lines", index)
        _known(line, place, _OF_LINE)
        yield line, place


def _line(table: Table, at: Place, name: str, fits: Fits) -> LineFormat:
    sort = _choice(table, at, "kind", Sort, Sort.STEP)
    kind, fixed = _MEANINGS[sort]
    line = LineFormat(
        name=name,
        kind=kind,
        template=_text(table, at, "template", ""),
        pattern=_text(table, at, "pattern", "") or None,
        split=_choice(table, at, "split", Split, Split.TRAIN),
        samples=tuple(Sample(text) for text in _samples(table, at)),
        fixed=fixed,
    )
    if bool(line.template) == (line.pattern is not None):
        raise RefusedError(
            at,
            f"{_path(at)} needs either a template, such as 'it {{step:int}} loss {{loss:float}}', "
            "or a pattern, a regular expression with named groups",
        )
    key = "template" if line.template else "pattern"
    line = _in_canonical_names(line, (*at, key))
    _check_fields(line, sort, (*at, key))
    for number, sample in enumerate(line.samples, start=1):
        if not fits(line, sample.text):
            raise RefusedError(
                (*at, "samples"),
                f"sample {number}, {sample.text[:_SHOWN]!r}, does not fit the {key} "
                f"{table[key]!r}; change one of them (time, level and rank prefixes are "
                "understood without it)",
            )
    return line


def _in_canonical_names(line: LineFormat, at: Place) -> LineFormat:
    parsed = _refusing(at, lambda: line.parsed)
    printed = [field.name for field in parsed.fields]
    names = {name: canonical(name) for name in printed}
    if len(set(names.values())) < len(printed):  # two fields of one meaning keep their own names
        return line
    return LineFormat(
        name=line.name,
        kind=line.kind,
        template=template.renamed(line.template, names),
        pattern=None if line.pattern is None else expression.renamed(line.pattern, names),
        samples=line.samples,
        split=line.split,
        fixed=line.fixed,
    )


def _check_fields(line: LineFormat, sort: Sort, at: Place) -> None:
    parsed = _refusing(at, lambda: line.parsed)
    for field in parsed.fields:
        if field.name in INTEGERS and field.type not in (FieldType.INT, FieldType.RANK):
            raise RefusedError(at, f"field {field.name!r} is a whole number: {{{field.name}:int}}")
        if line.kind in _VALUED and field.type not in NUMERIC:
            raise RefusedError(
                at,
                f"field {field.name!r} of a {sort} must be a number; where its text does not matter, "
                f"begin its name with an underscore: {{_{field.name}:{field.type}}}",
            )
    names = {field.name for field in parsed.fields}
    if line.kind in _VALUED and not names - POSITIONS:
        raise RefusedError(
            at,
            f"a line of kind {sort} needs a value besides its position, such as {{loss:float}}; or a kind: "
            + _sorts(),
        )
    if line.kind is Kind.EPOCH_MARKER and not _has_whole_epoch(parsed):
        raise RefusedError(at, "a line that begins or ends an epoch needs a field {epoch:int}")
    if isinstance(parsed, Template):
        _check_cost(parsed, at)


def _has_whole_epoch(parsed: Template | Expression) -> bool:
    typed = {field.name: field.type for field in parsed.fields}
    return "epoch" in typed and (
        isinstance(parsed, Expression) or typed["epoch"] in (FieldType.INT, FieldType.RANK)
    )


def _check_cost(parsed: Template, at: Place) -> None:
    if sum(not isinstance(part, str) and part.type in _FREE for part in parsed.parts) > _MAX_FREE:
        raise RefusedError(
            at,
            f"more than {_MAX_FREE} fields of type text or rest take too long on lines that do not "
            "fit; use {_x:word}, or a pattern",
        )
    if not any(text.strip() for text in parsed.literals):
        raise RefusedError(at, "without any fixed text it would fit nearly every line; add some")


def _refusing(at: Place, act: Callable[[], Template | Expression]) -> Template | Expression:
    try:
        return act()
    except UsageError as error:
        raise RefusedError(at, str(error)) from None


# --- values of the document -------------------------------------------------------------------


def _known(table: Table, at: Place, names: Sequence[str]) -> None:
    for key in table:
        if key not in names:
            known = ", ".join(names)
            raise RefusedError((*at, key), f"unknown key {_path((*at, key))}; known are {known}")


def _samples(table: Table, at: Place) -> list[str]:
    given = table.get("samples")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise RefusedError(
            (*at, "samples") if "samples" in table else at,
            f'{_path(at)} needs samples, lines of a log that must fit: samples = ["it 1 loss 0.5"]',
        )
    return texts


def _text(table: Table, at: Place, key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise RefusedError((*at, key), f"{_path((*at, key))} = {value!r} must be a text in quotes")
    return value


def _one_of(table: Table, at: Place, key: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - TOML
    value = table.get(key)
    if value is not None and (value not in values or isinstance(value, bool | float)):
        known = " or ".join(repr(known) for known in values)
        raise RefusedError((*at, key), f"{_path((*at, key))} = {value!r} must be {known}")
    return value


def _choice(table: Table, at: Place, key: str, kind: type[Choice], default: Choice) -> Choice:
    value = table.get(key, default)
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(kind)
        raise RefusedError(
            (*at, key), f"{_path((*at, key))} = {value!r} must be one of {known}"
        ) from None


def _sorts() -> str:
    return ", ".join(sort for sort in Sort if sort is not Sort.STEP)


def _path(place: Place) -> str:
    return ".".join(str(part) for part in place if isinstance(part, str))
