"""Which attempt of a run a log belongs to, where one directory holds the logs of several.

torchrun's log tree states it. Otherwise a training that is started again writes new files whose
names carry a later start, so that the files of one name and rank are ordered by that start; ranks
of one attempt start within seconds of each other, never twice.
"""

import re
from collections.abc import Iterable

from trainwatch.formats.filenames import FileRole

_STARTED = re.compile(r"20\d{6}[_\-T]?\d{6}")


def number_attempts(roles: Iterable[FileRole]) -> dict[str, int]:
    """The attempt, from 0, with which each log begins; keys are `FileRole.base`.

    A log without a start in its name begins with the first attempt: a console or a main log that
    is appended to holds them all.
    """
    numbers = {}
    dated = []
    for role in roles:
        numbers[role.base] = role.attempt or 0
        if role.attempt is None and role.started is not None:
            dated.append(role)
    current = 0
    seen: set[str] = set()
    for role in sorted(dated, key=lambda role: (role.started or 0, role.base)):
        family = _STARTED.sub("*", role.base)
        if family in seen:
            current += 1
            seen = set()
        seen.add(family)
        numbers[role.base] = current
    return numbers
