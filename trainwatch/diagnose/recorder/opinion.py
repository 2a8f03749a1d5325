"""A second opinion on flight-recorder dumps: what torch's own analyser makes of them.

It looks at each collective by itself and does not follow who waits for whom from group to group, so
that it names victims too; see decision 31. It confirms or contradicts a finding, and makes none.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainwatch.diagnose.recorder.dump import DumpError
from trainwatch.diagnose.recorder.fields import MAX_RANK
from trainwatch.diagnose.recorder.load import load_dump, plain_dump
from trainwatch.diagnose.recorder.words import named

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Opinion:
    """What torch's analyser says.

    Attributes:
        torch: The version that said it.
        named: How many collectives each rank is missing from or at odds with.
    """

    torch: str
    named: Mapping[int, int]

    @property
    def foremost(self) -> tuple[int, ...]:
        """Those named at least half as often as the one that is named most."""
        most = max(self.named.values(), default=0)
        return tuple(sorted(rank for rank, count in self.named.items() if 2 * count > most))


def asked(files: Mapping[str, bytes]) -> list[dict[str, object]]:
    """The dumps as torch's analyser wants them: plain values, which our own reader let through."""
    found: dict[int, dict[str, object]] = {}
    for name, data in files.items():
        try:
            rank = load_dump(name, data).rank  # it also counts how much there is in it
            raw = plain_dump(data)
        except DumpError:
            continue
        if rank is None or not isinstance(raw, dict) or not isinstance(raw.get("entries"), list):
            continue
        groups = raw.get("pg_config")
        config = groups if isinstance(groups, dict) else {}
        # gloo's default group has the name "0" in its entries, and none here.
        config = {("0" if key == "" else key): value for key, value in config.items()}
        one = {"rank": rank, "entries": raw["entries"], "version": raw.get("version")}
        found.setdefault(rank, {**one, "pg_config": config, "host_name": f"rank{rank}"})
    return [found[rank] for rank in sorted(found)]


def answered(data: bytes) -> Opinion | None:
    """What the analyser's process wrote; None where it is no answer."""
    try:
        found = json.loads(data)
        accused: Sequence[Sequence[int]] = found["named"][:_MOST]
        ranks = Counter(int(rank) for some in accused for rank in some)
        version = str(found["torch"])[:40]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return Opinion(version, {rank: n for rank, n in ranks.items() if 0 <= rank < MAX_RANK})


def compared(opinion: Opinion, accused: Sequence[int]) -> tuple[str, str]:
    """What it says, and how that fits what was found here."""
    foremost = opinion.foremost
    said = f"torch {opinion.torch}'s own analyser names {named(foremost)}"
    others = sorted(set(opinion.named) - set(foremost))
    if others:
        said += f", less often {named(others)}"
    if set(foremost) == set(accused):
        return said, "a second opinion: the same"
    if set(foremost) <= set(accused):
        return said, "a second opinion: of these"
    return said, "a second opinion: another; it looks at each group by itself, so it names victims"
