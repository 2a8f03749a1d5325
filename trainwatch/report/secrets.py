"""Removes secrets from text that leaves the house: by name, by shape, and by value.

By the name under which they stand (`--api-key X`, `password: X`, a header, a variable); by their
shape (tokens of known services, JSON web tokens, private keys, passwords in URLs); and by value:
what the environment holds under a secret's name is removed wherever else it stands.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trainwatch.report import secretshapes as shapes

REMOVED = shapes.REMOVED
_LEAST = 6
"""Characters of a value that is looked for elsewhere: a shorter one stands there by chance."""

_HARMLESS = frozenset(("PWD", "OLDPWD", "XDG_SESSION_ID", "XDG_SESSION_TYPE", "XDG_SESSION_CLASS"))


class Remover:
    """Removes secrets, those of known environments by their value too."""

    def __init__(self, environments: Iterable[Mapping[str, str]] = ()) -> None:
        found = {
            value.strip()
            for environment in environments
            for name, value in environment.items()
            if is_secret_name(name)
        }
        values = sorted((value for value in found if _telling(value)), key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, values))) if values else None

    def text(self, text: str) -> str:
        """A log, a command line or a table; everything that is no secret is left as it is."""
        return without_secrets(self._values.sub(REMOVED, text) if self._values else text)

    def document(self, text: str) -> str:
        """JSON, or one JSON object a line: keys and options tell there what is a secret."""
        try:
            return json.dumps(self._json(json.loads(text)), indent=1)
        except (ValueError, RecursionError):
            return "".join(map(self._json_line, text.splitlines(keepends=True)))

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """An environment; the names are kept."""
        return {name: self._variable(name, environ[name]) for name in sorted(environ)}

    def holds_secrets(self, data: bytes) -> bool:
        """Whether there is anything to remove from what is no text."""
        text = data.decode("latin-1")
        return self.text(text) != text

    def _variable(self, name: str, value: str) -> str:
        if is_secret_name(name):
            return REMOVED
        text = self.text(value)
        return REMOVED if shapes.is_random(text, commit=shapes.names_commit(name)) else text

    def _json_line(self, line: str) -> str:
        try:
            end = line[len(line.rstrip("\r\n")) :]
            return json.dumps(self._json(json.loads(line))) + end
        except (ValueError, RecursionError):
            return self.text(line)

    def _json(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return self._words(value)
        if isinstance(value, dict):
            return {
                self.text(name): REMOVED
                if is_secret_name(name) and isinstance(held, str)
                else self._json(held)
                for name, held in value.items()
            }
        return value

    def _words(self, values: list[Any]) -> list[Any]:
        """A command line has the secret behind its option."""
        found, secret = [], False
        for value in values:
            word = isinstance(value, str)
            hidden = secret and word and not value.startswith("-")
            found.append(REMOVED if hidden else self._json(value))
            secret = word and shapes.is_secret_option(value)
        return found


def is_secret_name(name: str) -> bool:
    """Whether a variable or a key of this name holds a secret."""
    return name not in _HARMLESS and shapes.NAME.search(name) is not None


def without_secrets(text: str) -> str:
    """Text without what looks like a secret."""
    text = _without_key_ends(shapes.SHAPES.sub(REMOVED, text))
    found, done = [], 0
    for begin, end in _near_hints(text):
        found += [text[done:begin], _without_named(text[begin:end])]
        done = end
    return "".join([*found, text[done:]])


def _without_key_ends(text: str) -> str:
    """Without private keys whose beginning was left out."""
    found, done = [], 0
    for end in shapes.KEY_END.finditer(text):
        begin = end.start()
        while begin > done:
            line = text.rfind("\n", done, begin - 1) + 1 or done
            if not shapes.KEY_LINE.match(text, line, begin):
                break
            begin = line
        found += [text[done:begin], REMOVED]
        done = end.end()
    return "".join([*found, text[done:]])


def _near_hints(text: str) -> Iterator[tuple[int, int]]:
    """Lines that may name a secret, each with the next one; of a log these are few."""
    place = 0
    while hint := shapes.HINT.search(text, place):
        begin = max(text.rfind("\n", 0, hint.start()) + 1, place)
        end = text.find("\n", hint.end())
        after = text.find("\n", end + 1) if end >= 0 else -1
        place = after + 1 if after >= 0 else len(text)
        yield begin, place


def _without_named(text: str) -> str:
    for pattern in shapes.BEHIND:
        text = pattern.sub(rf"\1{REMOVED}", text)
    text = shapes.IN_URL.sub(rf"\1{REMOVED}@", text)
    return shapes.ASSIGNED.sub(shapes.assigned, text)


def safe_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which secrets are replaced, by name and by shape; names are kept."""
    return Remover().environment(environ)


def _telling(value: str) -> bool:
    """Whether a value is rare enough to be looked for: no word, no path, no number."""
    return (
        len(value) >= _LEAST
        and not value.startswith(("/", "~", "."))
        and not value.isalpha()
        and not value.isdecimal()
        and shapes.REMOVED not in value
    )
