"""Words of complaint in general: what a line says that no signature knows."""

import re

_STEMS = (b"rror", b"ERROR", b"ail", b"atal", b"annot", b"enied", b"efused", b"bort", b"FATAL")
_COMPLAINT = re.compile(
    rb"(?i)(?:^|[\s:*\[(])(?:error|fatal|failed|failure|aborted|aborting|cannot|could not|denied|refused"
    rb"|unable to|killed|terminated)\b(?! *[=:]? *(?:0|none|false)\b)"
)
_SEARCHED = 1000


def complains(message: bytes) -> bool:
    """Whether a line says that something went wrong, in whatever words."""
    head = message[:_SEARCHED]
    return any(map(head.__contains__, _STEMS)) and _COMPLAINT.search(head) is not None
