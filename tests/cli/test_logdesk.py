"""Paging through real files, as the screen of logs does."""

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from trainwatch.cli.logdesk import LogDesk
from trainwatch.events import Evidence
from trainwatch.model.logs import Act, LogFilter, LogRequest, LogScreen

DEADLINE = 60.0


class Desk:
    def __init__(self, path: Path) -> None:
        self._screens: queue.SimpleQueue[LogScreen] = queue.SimpleQueue()
        self.desk = LogDesk([str(path)], self._screens.put)

    def ask(self, act: Act, by: int = 0, text: str = "", **more: object) -> LogScreen:
        while not self._screens.empty():
            self._screens.get()
        self.desk.ask(LogRequest(act, 10, by, text, **more))  # type: ignore[arg-type]
        while (screen := self._screens.get(timeout=DEADLINE)).busy is not None:
            pass
        return screen


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.desk.close()


def line(rank: int, step: int) -> str:
    seconds = step * 4 + rank
    clock = f"14:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"2026-11-22 {clock},000 [INFO] [Rank {rank}] Schritt {step} · größer loss=0.5\n"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_log_in_utf_16_is_paged_through_like_any_other(
    tmp_path: Path, desk: Desk, codec: str
) -> None:
    wide = tmp_path / "debug_rank1.log"
    wide.write_bytes(("\ufeff" + "".join(line(1, n) for n in range(200))).encode(codec))
    (tmp_path / "debug_rank0.log").write_text("".join(line(0, n) for n in range(200)), "utf-8")
    end = desk.ask(Act.END)
    assert [one.who.rank for one in end.lines] == [0, 1] * 5
    assert end.lines[-1].text == line(1, 199).rstrip()
    desk.ask(Act.START)
    found = desk.ask(Act.FIND, 1, "Rank 1. Schritt 42 · größer")
    assert found.lines[found.cursor].text == line(1, 42).rstrip()
    offset = 2 + len("".join(line(1, n) for n in range(7)).encode(codec))
    proof = Evidence("debug_rank1.log", 8, offset, line(1, 7).rstrip())
    shown = desk.ask(Act.EVIDENCE, evidence=proof)
    assert shown.lines[shown.cursor].text == line(1, 7).rstrip()
    with wide.open("ab") as file:
        file.write(line(1, 200).encode(codec))
    assert desk.ask(Act.END).lines[-1].text == line(1, 200).rstrip()
    wide.write_text(line(1, 999), "utf-8")
    alone = desk.ask(Act.FILTER, filter=LogFilter(file="debug_rank1.log"))
    assert [one.text for one in alone.lines] == [line(1, 999).rstrip()]


def test_very_many_files_are_merged(tmp_path: Path, desk: Desk) -> None:
    for rank in range(256):
        (tmp_path / f"debug_rank{rank}.log").write_text(
            "".join(f"2026-11-22 14:00:{n:02},{rank:03} [INFO] step {n}\n" for n in range(20))
        )
    end = desk.ask(Act.END)
    assert [one.where.file for one in end.lines] == [f"debug_rank{n}.log" for n in range(246, 256)]
    middle = desk.ask(Act.GO, text="14:00:10")
    assert " 14:00:10,000 " in middle.lines[middle.cursor].text


def test_rotated_parts_are_one_log(tmp_path: Path, desk: Desk) -> None:
    for part, first in ((".2", 0), (".1", 50), ("", 100)):
        text = "".join(line(0, n) for n in range(first, first + 50))
        (tmp_path / f"debug_rank0.log{part}").write_text(text, "utf-8")
    assert desk.ask(Act.START).lines[0].text == line(0, 0).rstrip()
    for step in (51, 99, 100, 120):  # in every part, and at their seams
        found = desk.ask(Act.FIND, 1, f"Schritt {step} ")
        assert found.lines[found.cursor].text == line(0, step).rstrip()
    found = desk.ask(Act.FIND, -1, "Schritt 51 ")
    assert found.lines[found.cursor].text == line(0, 51).rstrip()
    place = desk.desk.where()
    assert place is not None
    assert place[0].endswith("debug_rank0.log.1")
