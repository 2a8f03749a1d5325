"""The files of samplers: bytes → samples with their places. Sans-IO, cut anywhere."""

from collections.abc import Iterator

from trainwatch.events import Evidence, LogFile
from trainwatch.samples import Sample, decode

_LONGEST = 1 << 20
_QUOTED = 400


class SampleParser:
    """Reads one file; a torn last line waits for its end.

    Args:
        file: The file.
    """

    def __init__(self, file: LogFile) -> None:
        self.file = file
        self._torn = b""
        self._line = 1
        self._offset = file.start

    def feed(self, data: bytes) -> Iterator[tuple[Sample, Evidence]]:
        """The samples that these bytes complete; lines that hold none are passed over."""
        *lines, self._torn = (self._torn + data).split(b"\n")
        for line in lines:
            sample = decode(line) if len(line) <= _LONGEST else None
            if sample is not None:
                number = self._line if self.file.start == 0 else None
                text = line[:_QUOTED].decode("utf-8", "replace")
                yield sample, Evidence(self.file.name, number, self._offset, text)
            self._line += 1
            self._offset += len(line) + 1
