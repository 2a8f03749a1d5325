"""Long texts in lines that are no wider than a terminal."""

from rich.text import Text


def fold(text: Text, width: int, indent: str) -> list[Text]:
    """Wrapped at spaces; lines behind the first are indented."""
    lines: list[Text] = []
    rest = text
    while rest.cell_len > width:
        cut = _cut(rest.plain, width)
        lines.append(rest[:cut])
        rest = Text(indent).append_text(_lstrip(rest[cut:]))
    return [*lines, rest]


def _cut(plain: str, width: int) -> int:
    """Where a line is cut: at its last space, or where it is full."""
    length = len(plain)
    while length > 1 and Text(plain[:length]).cell_len > width:
        length -= 1
    space = plain.rfind(" ", 0, length + 1)
    indent = len(plain) - len(plain.lstrip())
    return space if space > indent else length


def _lstrip(text: Text) -> Text:
    return text[len(text.plain) - len(text.plain.lstrip()) :]
