"""Logs in memory, for those who page through them."""

from collections.abc import Mapping

from trainwatch.events import Evidence


class MemoryFiles:
    def __init__(self, **files: bytes) -> None:
        self.files = dict(files)
        self.read_bytes = 0

    def sizes(self) -> Mapping[str, int]:
        return {name: len(data) for name, data in self.files.items()}

    def read(self, name: str, offset: int, size: int) -> bytes:
        data = self.files[name][offset : offset + size]
        self.read_bytes += len(data)
        return data

    def locate(self, evidence: Evidence) -> tuple[str, int] | None:
        return (evidence.file, evidence.offset) if evidence.file in self.files else None


def stamped(second: int, text: str) -> bytes:
    at = f"2026-11-25 {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{at},000 - INFO - {text}\n".encode()
