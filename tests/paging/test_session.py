"""Reading logs as a person does: scrolling, searching, filtering, going somewhere."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paging.memory import MemoryFiles, stamped
from trainwatch.events import Evidence
from trainwatch.model.logs import Act, Level, LogFilter, LogRequest, LogScreen
from trainwatch.paging.session import Session

ROWS = 10


def logs() -> MemoryFiles:
    files: dict[str, bytes] = {}
    for rank in range(3):
        lines = [stamped(3 * n + rank, f"[Rank {rank}] step {n}") for n in range(400)]
        lines[200] = stamped(600 + rank, f"[Rank {rank}] step 200").replace(b"INFO", b"WARNING")
        if rank == 1:
            lines[300] += b"Traceback (most recent call last):\n  File x\nValueError: boom\n"
        files[f"debug_rank{rank}.log"] = b"".join(lines)
    return MemoryFiles(**files)


def ask(session: Session, act: Act, by: int = 0, text: str = "", **more: object) -> LogScreen:
    return session.answer(LogRequest(act, ROWS, by, text, **more))  # type: ignore[arg-type]


def texts(screen: LogScreen) -> list[str]:
    return [line.message.strip() or line.text for line in screen.lines]


def here(screen: LogScreen) -> str:
    return screen.lines[screen.cursor].text


def test_the_end_of_all_files_by_time() -> None:
    screen = ask(Session(logs()), Act.REFRESH)
    assert screen.follow
    assert texts(screen)[-4:] == ["[Rank 2] step 398"] + [f"[Rank {r}] step 399" for r in range(3)]
    assert screen.share == 1.0
    assert screen.unmerged == ()


def test_scrolling_up_and_down_comes_back() -> None:
    session = Session(logs())
    end = ask(session, Act.END)
    up = ask(session, Act.SCROLL, -25)
    assert not up.follow
    assert set(texts(up)).isdisjoint(texts(end))
    assert texts(ask(session, Act.SCROLL, -1))[0] == texts(up)[0]  # the cursor moves first
    back = ask(session, Act.SCROLL, 25)
    assert texts(back) == texts(end)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-60, 60), max_size=6))
def test_any_scrolling_shows_neighbours_in_order(moves: list[int]) -> None:
    files = logs()
    every = texts(Session(files).answer(LogRequest(Act.START, 5000)))
    session = Session(files)
    ask(session, Act.START)
    for by in moves:
        shown = texts(ask(session, Act.SCROLL, by))
        place = next(at for at in range(len(every)) if every[at : at + len(shown)] == shown)
        assert place + len(shown) <= len(every)
        assert len(shown) == ROWS


def test_search_goes_on_and_back() -> None:
    session = Session(logs())
    ask(session, Act.START)
    assert here(ask(session, Act.FIND, 1, r"step 20\b")).endswith("[Rank 0] step 20")
    assert here(ask(session, Act.AGAIN, 1)).endswith("[Rank 1] step 20")
    assert here(ask(session, Act.AGAIN, -1)).endswith("[Rank 0] step 20")
    assert "no step" in ask(session, Act.AGAIN, -1).note


def test_a_new_search_from_the_end_finds_what_came_before() -> None:
    session = Session(logs())
    ask(session, Act.END)
    found = ask(session, Act.FIND, 1, r"step 20\b")
    assert here(found).endswith("[Rank 2] step 20")
    assert "behind this line, but here" in found.note
    assert "no nowhere in these logs" in ask(session, Act.FIND, 1, "nowhere").note


def test_the_line_that_keys_act_on_stays_when_there_is_less_room() -> None:
    session = Session(logs())
    ask(session, Act.START)
    for _ in range(ROWS - 1):
        before = ask(session, Act.SCROLL, 1)
    assert before.cursor == ROWS - 1
    after = session.answer(LogRequest(Act.REFRESH, ROWS - 3))
    assert here(after) == here(before)
    assert len(after.lines) == ROWS - 3


def test_errors_and_warnings() -> None:
    session = Session(logs())
    ask(session, Act.START)
    assert here(ask(session, Act.WARNING, 1)).endswith("[Rank 0] step 200")
    error = ask(session, Act.ERROR, 1)
    assert here(error).startswith("Traceback")
    assert "ValueError: boom" in texts(error)
    assert here(ask(session, Act.WARNING, -1)).endswith("[Rank 2] step 200")


def test_a_filter_leaves_what_it_says() -> None:
    session = Session(logs())
    of = LogFilter(include="step 3", exclude=r"step 3\d\d", ranks=frozenset({1, 2}))
    shown = texts(ask(session, Act.FILTER, filter=of))
    assert shown[-1] == "[Rank 2] step 39"
    assert all("Rank 0" not in text for text in shown)
    grave = ask(session, Act.FILTER, filter=LogFilter(level=Level.ERROR))
    assert texts(grave) == ["Traceback (most recent call last):", "ValueError: boom"]


def test_a_wrong_pattern_is_told() -> None:
    session = Session(logs())
    before = ask(session, Act.REFRESH)
    screen = ask(session, Act.FIND, 1, "(")
    assert "no regular expression" in screen.note
    assert screen.lines == before.lines


def test_going_to_a_time_a_share_and_a_line() -> None:
    session = Session(logs())
    assert "step 100" in here(ask(session, Act.GO, text="00:05:00"))
    assert "step 100" in here(ask(session, Act.GO, text="2026-11-25 00:05:00"))
    half = here(ask(session, Act.GO, text="50%"))
    assert abs(int(half.rsplit(" ", 1)[1]) - 200) < 8
    assert "F chooses" in ask(session, Act.GO, text=":12").note
    ask(session, Act.FILTER, filter=LogFilter(file="debug_rank1.log"))
    screen = ask(session, Act.GO, text=":12")
    assert here(screen).endswith("step 11")
    assert screen.number == 12
    assert "write a time" in ask(session, Act.GO, text="soon").note


def test_a_proof_is_found_though_a_filter_hides_it() -> None:
    files = logs()
    session = Session(files)
    ask(session, Act.FILTER, filter=LogFilter(level=Level.ERROR))
    offset = files.files["debug_rank2.log"].index(b"2026-11-25 00:10:02")
    proof = Evidence("debug_rank2.log", 201, offset, "step 200")
    assert here(ask(session, Act.EVIDENCE, evidence=proof)).endswith("[Rank 2] step 200")
    gone = Evidence("other.log", 1, 0, "x")
    assert "not there" in ask(session, Act.EVIDENCE, evidence=gone).note


def test_files_without_times_are_not_placed_among_others() -> None:
    files = logs()
    files.files["console.log"] = b"loss 0.5\n" * 40
    screen = ask(Session(files), Act.REFRESH)
    assert screen.unmerged == ("console.log",)
    assert all(line.where.file != "console.log" for line in screen.lines)


def test_a_log_without_times_is_shown_alone() -> None:
    screen = ask(Session(MemoryFiles(a=b"one\n", b=b"two\nthree\n")), Act.REFRESH)
    assert screen.filter.file == "b"
    assert texts(screen) == ["two", "three"]


def test_what_is_appended_is_followed() -> None:
    files = logs()
    session = Session(files)
    ask(session, Act.REFRESH)
    files.files["debug_rank0.log"] += stamped(5000, "[Rank 0] step 400")
    assert here(ask(session, Act.REFRESH)).endswith("step 400")
    ask(session, Act.SCROLL, -30)
    held = ask(session, Act.REFRESH)
    files.files["debug_rank0.log"] += stamped(5001, "[Rank 0] step 401")
    assert ask(session, Act.REFRESH).lines == held.lines


def test_a_huge_file_is_not_read_whole() -> None:
    line = b"".join(stamped(n, f"step {n}") for n in range(3000))
    files = MemoryFiles(big=line * 100)
    session = Session(files)
    ask(session, Act.REFRESH)
    ask(session, Act.GO, text="50%")
    ask(session, Act.SCROLL, -300)
    assert files.read_bytes < len(files.files["big"]) / 2


def test_line_numbers_come_after_counting() -> None:
    files = MemoryFiles(big=b"".join(stamped(n % 80_000, f"step {n}") for n in range(60_000)))
    session = Session(files)
    assert ask(session, Act.END).number is None
    while session.count():
        pass
    assert session.screen().number == 60_000


def test_no_log_at_all() -> None:
    session = Session(MemoryFiles())
    for act in Act:
        assert ask(session, act, 1, "x").lines == ()
