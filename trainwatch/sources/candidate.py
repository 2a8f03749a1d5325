"""A file that may be a log, by its name alone."""

from __future__ import annotations

from dataclasses import dataclass

from trainwatch.sources import fs
from trainwatch.sources.names import CURRENT, Age, NaturalKey, Reason, natural_key
from trainwatch.sources.sniff import content_reason


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path at which there may be a log.

    Attributes:
        path: Absolute.
        name: As shown to the user.
        base: Path of the log it belongs to: its own, or that of `x.log` for `x.log.1`.
        age: Its place among the files of that log, the oldest first.
        named: Whether the user named this very file: then neither name nor content matter.
        passive: A rotated file beside a file that was named: read only if data moves there.
    """

    path: str
    name: str
    base: str
    age: Age = CURRENT
    named: bool = False
    passive: bool = False

    @property
    def sort_key(self) -> tuple[NaturalKey, Age, str]:
        """Natural order, rotated files before their log."""
        return natural_key(self.base), self.age, self.path

    @property
    def base_name(self) -> str:
        """The name under which the log is shown that this file belongs to."""
        directory, slash, _ = self.name.rpartition("/")
        return directory + slash + fs.printable(fs.basename(self.base))

    def reason_against(self, head: bytes) -> Reason | None:
        """Why a file that begins with `head` is not read; what was named is, unless compressed."""
        reason = content_reason(head)
        return None if self.named and reason is not Reason.COMPRESSED else reason
