"""Whatever happens to a log, each byte of it is delivered once, in the order of writing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from log_life import Logs, Reader, chunks

from trainwatch.events import FileEnded, LogFile
from trainwatch.sources import Limits, Start

LONG = "".join(f"[DEBUG] [Rank 0] Training step {step}, loss=0.{step:04}\n" for step in range(200))


def test_growth_is_read_once(logs: Logs) -> None:
    reader = Reader(logs.root)
    for number in range(5):
        logs.append("x.log", f"line {number}\n")
        reader.poll()
        assert reader.poll() == []
    assert reader["x.log"] == ["".join(f"line {number}\n" for number in range(5))]
    assert reader.ends() == []


def test_rotation_by_rename(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.append("x.log", "two\n")
    logs.rotate("x.log")
    logs.append("x.log", "three\n")
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n", "three\n"]
    assert reader.ends() == [("x.log", 0, "rotated to x.log.1")]
    assert reader.everything() == "one\ntwo\nthree\n"


def test_a_writer_that_still_holds_the_renamed_file(logs: Logs) -> None:
    with logs.path("x.log").open("ab", buffering=0) as old:
        old.write(b"one\n")
        reader = Reader(logs.root)
        reader.poll()
        logs.rotate("x.log")
        logs.write("x.log", "")  # logrotate's `create`; the writer has not noticed yet
        reader.drain()
        old.write(b"two\n")
        reader.drain()
        old.write(b"three\n")
        logs.append("x.log", "four\n")
        reader.drain()
    assert reader["x.log"] == ["one\ntwo\nthree\n", "four\n"]
    assert reader.everything() == "one\ntwo\nthree\nfour\n"
    kinds = [(type(item).__name__, item.file.generation) for item in reader.items]
    assert kinds[-2:] == [("FileEnded", 0), ("Chunk", 1)]


def test_lines_that_come_to_a_rotated_file_after_its_end(logs: Logs) -> None:
    """Of several writers some may go on with the old file for ever."""
    with logs.path("x.log").open("ab", buffering=0) as old:
        old.write(b"one\n")
        reader = Reader(logs.root)
        reader.poll()
        logs.rotate("x.log")
        logs.append("x.log", "new\n")
        reader.drain()
        old.write(b"late\n")
        reader.drain()
        old.write(b"later\n")
        reader.drain()
    assert reader["x.log"] == ["one\n", "new\n"]
    assert reader["x.log.1"] == ["late\nlater\n"]
    late = chunks(reader.items)[-1].file
    assert (late.start, reader.follower.path_of(late)) == (4, str(logs.path("x.log.1")))


def test_a_file_without_a_new_one_goes_on(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.rename("x.log", "x.log.1")
    reader.drain()
    logs.append("x.log.1", "two\n")
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n"]
    assert reader.ends() == []


def test_several_rotations_between_two_polls(logs: Logs) -> None:
    reader = Reader(logs.root)
    logs.append("x.log", "0\n")
    reader.poll()
    for number in range(1, 4):
        logs.append("x.log", f"{number} old\n")
        logs.rotate("x.log", keep=9)
        logs.append("x.log", f"{number} new\n")
    reader.drain()
    assert reader.everything() == "0\n1 old\n1 new\n2 old\n2 new\n3 old\n3 new\n"


def test_dated_rotation(logs: Logs) -> None:
    reader = Reader(logs.root)
    logs.append("x.log", "one\n")
    reader.poll()
    logs.rename("x.log", "x.log-20231203")
    logs.append("x.log", "two\n")
    reader.drain()
    logs.rename("x.log", "x.log-20231204")
    logs.append("x.log", "three\n")
    reader.drain()
    assert reader["x.log"] == ["one\n", "two\n", "three\n"]


def test_a_rotated_file_is_compressed(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.rotate("x.log")
    logs.append("x.log", "two\n")
    reader.drain()
    logs.write("x.log.1.gz", b"\x1f\x8b\x08")
    logs.delete("x.log.1")
    reader.drain()
    assert reader["x.log"] == ["one\n", "two\n"]
    assert reader.follower.problems == {}


def test_rotated_files_are_read_first_and_oldest_first(logs: Logs) -> None:
    for name in ("x.log", "x.log.1", "x.log.10", "x.log.2", "y.log"):
        logs.append(name, f"{name}\n")
    reader = Reader(logs.root)
    reader.drain()
    of_x = [item.file.name for item in reader.items if item.file.name.startswith("x")]
    order = ["x.log.10", "x.log.10", "x.log.2", "x.log.2", "x.log.1", "x.log.1", "x.log"]
    assert of_x == order  # a chunk and an end of each, but of the log itself


def test_rank_numbers_are_no_rotations(logs: Logs) -> None:
    for name in ("log", "log.0", "log.1", "log.2"):
        logs.append(name, f"{name}\n")
    reader = Reader(logs.root)
    reader.drain()
    logs.append("log.2", "more\n")
    reader.drain()
    assert reader["log.2"] == ["log.2\nmore\n"]
    assert reader.ends() == []


# --- copytruncate ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["one\n", LONG])
def test_copytruncate(logs: Logs, text: str) -> None:
    logs.append("x.log", text)
    reader = Reader(logs.root)
    reader.poll()
    logs.append("x.log", "two\n")  # after the last look, before the copy: it is in the copy
    logs.copytruncate("x.log")
    logs.append("x.log", "three\n")
    reader.drain()
    assert reader["x.log"] == [text + "two\n", "three\n"]
    assert reader["x.log.1"] == []
    assert reader.ends() == [("x.log", 0, "rotated to x.log.1")]


def test_copytruncate_seen_in_steps(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    half = logs.path("x.log").read_bytes()[:5000]
    logs.write("x.log.1", b"")
    reader.drain()
    logs.write("x.log.1", half)  # the copy is half done
    reader.drain()
    logs.copy("x.log", "x.log.1")
    reader.drain()
    logs.append("x.log", "between\n")  # lost to a reader that does not see it in time
    reader.drain()
    logs.truncate("x.log")
    reader.drain()
    logs.append("x.log", "after\n")
    reader.drain()
    assert reader["x.log"] == [LONG + "between\n", "after\n"]
    assert reader["x.log.1"] == []


def test_copytruncate_again_and_again(logs: Logs) -> None:
    reader = Reader(logs.root)
    for number in range(6):
        logs.append("x.log", f"{number} a\n")
        reader.poll()
        logs.append("x.log", f"{number} b\n")
        logs.copytruncate("x.log")
        reader.drain()
    assert reader["x.log"] == [f"{number} a\n{number} b\n" for number in range(6)]
    assert {file.name for file in reader.texts()} == {"x.log"}


def test_copytruncate_over_the_same_copy(logs: Logs) -> None:
    """`cp x.log x.log.1; : > x.log` from a crontab writes into the same copy each time."""
    reader = Reader(logs.root)
    for number in range(5):
        logs.append("x.log", f"{number} a\n")
        reader.poll()
        logs.append("x.log", f"{number} b\n")
        logs.copy("x.log", "x.log.1")
        logs.truncate("x.log")
        reader.drain()
    assert reader["x.log"] == [f"{number} a\n{number} b\n" for number in range(5)]
    assert {file.name for file in reader.texts()} == {"x.log"}


def test_copytruncate_of_a_log_that_is_behind(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.poll(max_bytes=100)
    logs.copytruncate("x.log")
    logs.append("x.log", "after\n")
    reader.drain()
    assert reader["x.log"] == [LONG, "after\n"]


def test_a_copytruncate_of_what_was_never_seen(logs: Logs) -> None:
    reader = Reader(logs.root)
    logs.append("x.log", "")
    reader.drain()
    logs.append("x.log", "one\n")
    logs.copytruncate("x.log")
    logs.append("x.log", "two\n")
    reader.drain()
    assert reader.everything() == "one\ntwo\n"


def test_a_rotated_file_with_the_same_first_lines_is_no_copy(logs: Logs) -> None:
    """Two rotations between two looks: the middle file begins like the first."""
    header = "=" * 300 + "\n"
    reader = Reader(logs.root)
    logs.append("x.log", header + "one\n" * 50)
    reader.drain()
    logs.rotate("x.log")
    logs.append("x.log", header + "two\n")
    logs.rotate("x.log")
    logs.append("x.log", header + "three\n")
    reader.drain()
    assert reader.everything() == header + "one\n" * 50 + header + "two\n" + header + "three\n"


# --- truncation -----------------------------------------------------------------------------------


def test_truncation_to_zero_and_a_new_start(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    logs.write("x.log", "")
    reader.drain()
    assert reader.ends() == [("x.log", 0, "truncated")]
    logs.append("x.log", "again\n")
    reader.drain()
    assert reader["x.log"] == [LONG, "again\n"]


def test_written_anew_and_already_longer(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    logs.write("x.log", "another and longer\n")
    reader.drain()
    assert reader["x.log"] == ["one\n", "another and longer\n"]
    assert reader.ends() == [("x.log", 0, "replaced")]


def test_written_anew_with_the_same_length(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.drain()
    logs.write("x.log", "two\n")
    reader.drain()
    assert reader["x.log"] == ["one\n", "two\n"]


def test_a_rerun_with_the_same_header_is_read_whole(logs: Logs) -> None:
    header = "[INFO] Starting training...\n" * 20
    logs.append("x.log", header + LONG)
    reader = Reader(logs.root)
    reader.drain()
    logs.write("x.log", header + "first run failed\n")
    reader.drain()
    assert reader["x.log"] == [header + LONG, header + "first run failed\n"]


@pytest.mark.parametrize("more", ["", "[DEBUG] new\n", LONG.upper()])
def test_truncation_to_the_middle(logs: Logs, more: str) -> None:
    """What is left of the old lines is not read again, and what is new is read whole."""
    kept = LONG[: LONG.index("step 150")]
    kept = kept[: kept.rindex("\n") + 1]
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    logs.truncate("x.log", len(kept) + 7)  # in the middle of a line
    logs.append("x.log", more)
    reader.drain()
    logs.append("x.log", "end\n")
    reader.drain()
    assert reader["x.log"] == [LONG, logs.path("x.log").read_text()[len(kept) :]]
    assert chunks(reader.items)[-1].file == LogFile("x.log", 1, len(kept))


def test_truncation_to_less_than_half_counts_as_a_new_content(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    logs.truncate("x.log", len(LONG) // 3)
    reader.drain()
    assert reader["x.log"] == [LONG, LONG[: len(LONG) // 3]]


def test_truncation_below_what_is_there_but_above_what_was_read(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.poll(max_bytes=1000)
    logs.truncate("x.log", 5000)
    reader.drain()
    logs.append("x.log", "end\n")
    reader.drain()
    assert reader["x.log"] == [LONG[:5000] + "end\n"]


# --- deletion, replacement ------------------------------------------------------------------------


def test_deletion_and_a_new_file(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.append("x.log", "two\n")  # still read: the file is held open
    logs.delete("x.log")
    reader.drain()
    assert reader.ends() == [("x.log", 0, "deleted")]
    logs.append("x.log", "three\n")
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n", "three\n"]


def test_deleted_and_created_between_two_polls(logs: Logs) -> None:
    reader = Reader(logs.root)
    logs.append("x.log", "one\n")
    reader.poll()
    for number in range(5):
        logs.append("x.log", f"{number} old\n")
        logs.delete("x.log")
        logs.append("x.log", f"{number} new\n")
        reader.drain()
    assert reader.everything() == "one\n" + "".join(f"{n} old\n{n} new\n" for n in range(5))


def test_an_inode_that_is_used_again(logs: Logs) -> None:
    """The log is not held open here, so the file system is free to use its number again."""
    logs.append("a.log", "one one one\n")
    for index in range(9):
        logs.append(f"other{index}.log", "x\n")
    reader = Reader(logs.root, limits=Limits(max_open=2))
    reader.drain()
    before = logs.path("a.log").stat().st_ino
    logs.delete("a.log")
    logs.write("a.log", "two and something more\n")
    after = logs.path("a.log").stat().st_ino
    reader.drain()
    assert reader["a.log"] == ["one one one\n", "two and something more\n"]
    if after != before:
        pytest.skip("this file system did not use the number again: only deletion was tested")


def test_a_deleted_file_that_is_still_written_to(logs: Logs) -> None:
    with logs.path("x.log").open("ab", buffering=0) as old:
        old.write(b"one\n")
        reader = Reader(logs.root)
        reader.poll()
        logs.delete("x.log")
        reader.drain()
        old.write(b"two\n")
        reader.drain()
    assert reader.everything() == "one\ntwo\n"
    reader.poll(step=60)
    assert len(reader.follower._files.descriptors) == 0, "a deleted file was kept open"


def test_a_file_that_is_moved_away(logs: Logs, tmp_path: Path) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.append("x.log", "two\n")
    logs.path("x.log").rename(tmp_path / "elsewhere")
    reader.drain()
    reader.poll(step=60)
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n"]
    assert reader.ends() == [("x.log", 0, "moved away")]


def test_a_file_that_is_moved_to_another_name_is_not_read_again(logs: Logs) -> None:
    logs.append("x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    logs.rename("x.log", "sub/kept.log")
    reader.drain()
    logs.append("sub/kept.log", "two\n")
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n"]


def test_a_directory_that_is_renamed(logs: Logs) -> None:
    logs.append("a/x.log", "one\n")
    reader = Reader(logs.root)
    reader.poll()
    (logs.root / "a").rename(logs.root / "b")
    logs.append("b/x.log", "two\n")
    reader.drain()
    assert reader.everything() == "one\ntwo\n"


def test_rsync_and_editors_replace_the_file(logs: Logs) -> None:
    """The old lines stand in the new file again; only what was added is new."""
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    text = LONG
    for number in range(3):
        text += f"{number}\n"
        logs.write(".x.log.AbCdEf", text)
        logs.rename(".x.log.AbCdEf", "x.log")
        reader.drain()
    assert reader["x.log"] == [text]
    assert reader.ends() == []


def test_a_synchronised_rotation(logs: Logs) -> None:
    """rsync of a rotated log: all files are new, one of them is the log that was read."""
    logs.append("x.log", LONG)
    reader = Reader(logs.root)
    reader.drain()
    logs.write(".1", LONG + "last\n")
    logs.rename(".1", "x.log.1")
    logs.write(".2", "new\n")
    logs.rename(".2", "x.log")
    reader.drain()
    assert reader["x.log"] == [LONG + "last\n", "new\n"]
    assert reader["x.log.1"] == []


def test_links(logs: Logs) -> None:
    logs.append("run1.log", "one\n")
    logs.path("latest.log").symlink_to("run1.log")
    os.link(logs.path("run1.log"), logs.path("hard.log"))
    reader = Reader(logs.root)
    reader.drain()
    assert reader.everything() == "one\n"
    assert "latest.log" not in {file.name for file in reader.texts()}
    logs.append("run2.log", "two\n")
    logs.delete("latest.log")
    logs.path("latest.log").symlink_to("run2.log")
    reader.drain()
    logs.append("run2.log", "three\n")
    reader.drain()
    assert reader.everything() == "one\ntwo\nthree\n"


def test_one_of_two_names_is_deleted(logs: Logs) -> None:
    logs.append("a.log", "one\n")
    os.link(logs.path("a.log"), logs.path("b.log"))
    reader = Reader(logs.root)
    reader.drain()
    logs.append("b.log", "two\n")
    logs.delete("a.log")
    reader.drain()
    logs.append("b.log", "three\n")
    reader.drain()
    (file,) = reader.texts()
    assert reader.texts()[file] == "one\ntwo\nthree\n"
    assert reader.follower.path_of(file) == str(logs.path("b.log"))
    assert reader.follower.path_of(LogFile("unknown")) is None


def test_a_link_that_leads_elsewhere(logs: Logs, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"run{number}").write_text(f"{number}\n")
    logs.path("latest.log").symlink_to(tmp_path / "run1")
    reader = Reader(logs.root)
    reader.drain()
    logs.delete("latest.log")
    logs.path("latest.log").symlink_to(tmp_path / "run2")
    reader.drain()
    with (tmp_path / "run1").open("a") as old:
        old.write("nobody asked for this\n")
    reader.drain()
    assert reader["latest.log"] == ["1\n", "2\n"]
    assert reader.ends() == [("latest.log", 0, "the link leads elsewhere now")]


def test_a_file_named_alone_is_followed_through_rotation(logs: Logs) -> None:
    logs.append("x.log.1", "before\n")
    logs.append("x.log", "one\n")
    logs.append("other.log", "not asked for\n")
    reader = Reader(logs.root / "x.log")
    reader.drain()
    assert reader.everything() == "one\n"
    logs.append("x.log", "two\n")
    logs.rotate("x.log")
    logs.append("x.log", "three\n")
    reader.drain()
    logs.append("x.log", "four\n")
    logs.copytruncate("x.log")
    logs.append("x.log", "five\n")
    reader.drain()
    assert reader["x.log"] == ["one\ntwo\n", "three\nfour\n", "five\n"]
    assert reader.everything() == "one\ntwo\nthree\nfour\nfive\n"


def test_rotation_while_starting_from_the_tail(logs: Logs) -> None:
    logs.append("x.log", LONG)
    reader = Reader(logs.root, start=Start.TAIL, tail_bytes=100)
    reader.drain()
    logs.rotate("x.log")
    logs.append("x.log", "new\n")
    reader.drain()
    first, second = reader["x.log"]
    assert LONG.endswith(first)
    assert second == "new\n"
    assert any(isinstance(item, FileEnded) for item in reader.items)
