"""What follows from sketched jobs of every shape, and what must not follow."""

import pytest

from trainwatch.diagnose.recorder import (
    Confidence,
    Finding,
    Kind,
    Outcome,
    RecorderEvidence,
    Where,
    analyse_dumps,
)

from .sketch import DEFAULT, START, Sketch, pickled

HOUR = 3600 * 10**9
MS = 10**6


def analysed(sketch: Sketch, **options: object) -> RecorderEvidence:
    return analyse_dumps(sketch.files(**options))  # type: ignore[arg-type]


def only(evidence: RecorderEvidence) -> Finding:
    roots = [finding for finding in evidence.findings if finding.root]
    assert len(roots) == 1, roots
    return roots[0]


def trained(ranks: int, library: str = "gloo", iterations: int = 6) -> Sketch:
    sketch = Sketch(ranks, library)
    sketch.loop(iterations)
    return sketch


# --- who is missing ---------------------------------------------------------------------------


def test_the_one_that_did_not_come_is_certain_with_gloo() -> None:
    sketch = trained(4)
    sketch.call(line=47, on=[0, 1, 3], open=True)
    finding = only(analysed(sketch))
    assert (finding.kind, finding.ranks, finding.waiting) == (Kind.MISSING, (2,), (0, 1, 3))
    assert finding.confidence is Confidence.CERTAIN
    assert finding.sentence == (
        "rank 2 has not called all_reduce #14 of the default group, in which ranks 0, 1 and 3 "
        "wait at train.py:47; the last call there was all_reduce #13 at train.py:49, finished."
    )
    assert finding.seq == 14
    assert finding.since_ns == sketch.clock
    assert [stand.where for stand in finding.stands] == [
        Where.WAITS,
        Where.WAITS,
        Where.ABSENT,
        Where.WAITS,
    ]


def test_nccl_is_likely_and_asks_for_stacks_of_devices() -> None:
    sketch = trained(4, "nccl")
    sketch.call(line=47, on=[0, 1, 3], open=True)
    evidence = analysed(sketch)
    assert only(evidence).confidence is Confidence.LIKELY
    assert any("TORCH_NCCL_ENABLE_TIMING" in text for text in evidence.missing)


def test_of_two_ranks_the_one_that_left_the_pattern_is_likely() -> None:
    sketch = trained(2)
    sketch.call(line=47, on=[0], open=True)
    evidence = analysed(sketch)
    assert evidence.accused == (1,)
    assert only(evidence).confidence is Confidence.LIKELY


def test_of_two_ranks_at_a_new_line_both_are_suspects() -> None:
    sketch = trained(2)
    sketch.call("barrier", line=60, on=[0], open=True)
    evidence = analysed(sketch)
    assert evidence.outcome is Outcome.UNDECIDED
    assert evidence.accused == ()
    assert evidence.suspects == (0, 1)


def test_one_rank_alone_in_a_new_call_is_the_suspect_itself() -> None:
    sketch = trained(4)
    sketch.call("barrier", line=60, on=[0], open=True)
    evidence = analysed(sketch)
    assert (only(evidence).kind, evidence.suspects) == (Kind.EXTRA, (0,))
    assert evidence.outcome is Outcome.UNDECIDED


def test_three_of_four_that_do_not_come_to_a_known_call_are_likely() -> None:
    sketch = trained(4)
    sketch.call(line=47, on=[2], open=True)
    assert analysed(sketch).accused == (0, 1, 3)


def test_a_rank_that_never_called_anything() -> None:
    sketch = Sketch(3)
    sketch.call("barrier", on=[0, 2], open=True)
    finding = only(analysed(sketch))
    assert (finding.kind, finding.ranks) == (Kind.MISSING, (1,))
    assert finding.confidence is Confidence.LIKELY


def test_dumps_of_different_moments_accuse_nobody() -> None:
    sketch = trained(3)
    for _ in range(4):
        sketch.call(line=47, on=[1, 2])
    sketch.call(line=49, on=[1, 2], open=True)
    evidence = analysed(sketch)
    assert evidence.outcome is Outcome.UNDECIDED
    assert evidence.accused == ()
    assert "not of one moment" in only(evidence).sentence


# --- calls that do not fit ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "kind", "text"),
    [
        ({"op": "barrier"}, Kind.MISMATCH_OP, "called barrier at"),
        ({"sizes": [[7, 3]]}, Kind.MISMATCH_SIZES, "(21 elements)"),
        ({"dtype": "Half"}, Kind.MISMATCH_DTYPE, "(Half)"),
    ],
)
def test_the_minority_of_a_mismatch(other: dict[str, object], kind: Kind, text: str) -> None:
    sketch = trained(4)
    sketch.call(line=47)
    sketch.call(line=49, on=[0, 1, 3], open=True)
    sketch.call(line=52, on=[2], open=True, **other)
    evidence = analysed(sketch)
    finding = only(evidence)
    assert (finding.kind, finding.ranks) == (kind, (2,))
    assert finding.confidence is Confidence.CERTAIN
    assert finding.category == "collective_mismatch"
    assert text in finding.sentence
    assert evidence.victims == (0, 1, 3)


def test_of_two_ranks_what_followed_once_at_the_start_clears_neither() -> None:
    sketch = Sketch(2)
    sketch.call(line=49)
    sketch.call("broadcast", line=2)  # as DDP does once, after its first backward
    for _ in range(6):
        sketch.call(line=47)
        sketch.call(line=49)
    sketch.call(line=60, on=[0], open=True)
    sketch.call("broadcast", line=2, on=[1], open=True)
    evidence = analysed(sketch)
    assert (evidence.accused, evidence.suspects) == ((), (0, 1))
    assert only(evidence).confidence is Confidence.POSSIBLE


def test_of_two_ranks_the_one_that_left_the_habit_is_likely() -> None:
    sketch = trained(2)
    sketch.call(line=47)
    sketch.call(line=49, on=[0], open=True)
    sketch.call("all_gather", line=60, on=[1], open=True)
    assert analysed(sketch).accused == (1,)


def test_shapes_of_as_many_elements_fit() -> None:
    sketch = trained(2)
    sketch.call(on=[0], sizes=[[6]], open=True)
    sketch.call(on=[1], sizes=[[2, 3]], open=True)
    assert analysed(sketch).outcome is Outcome.PENDING


def test_unequal_parts_fit_where_ranks_may_differ() -> None:
    sketch = trained(2)
    sketch.call("all_to_all", on=[0], sizes=[[6]], open=True)
    sketch.call("all_to_all", on=[1], sizes=[[9]], open=True)
    assert analysed(sketch).outcome is Outcome.PENDING


def test_a_mismatch_that_all_have_finished_is_past() -> None:
    sketch = trained(3)
    sketch.call(on=[0, 1], sizes=[[6]])
    sketch.call(on=[2], sizes=[[9]])
    sketch.call()
    assert analysed(sketch).outcome is Outcome.QUIET


def test_of_two_ranks_the_one_in_an_unknown_call_is_likely() -> None:
    sketch = trained(2)
    sketch.call(line=47)
    sketch.call(line=49, on=[0], open=True)
    sketch.call("barrier", line=52, on=[1], open=True)
    evidence = analysed(sketch)
    assert evidence.accused == (1,)
    assert only(evidence).confidence is Confidence.LIKELY


def test_of_two_ranks_with_uneven_batches_both_are_suspects() -> None:
    sketch = trained(2)
    sketch.call(line=47, on=[0], open=True)
    sketch.call("barrier", line=52, on=[1], open=True)
    evidence = analysed(sketch)
    assert only(evidence).kind is Kind.UNEVEN
    assert (evidence.accused, evidence.suspects) == ((), (0, 1))


@pytest.mark.parametrize("longer", [[0, 1, 3], [2]])
def test_fewer_or_more_batches_are_uneven_also_in_a_later_epoch(longer: list[int]) -> None:
    sketch = Sketch(4)
    for _ in range(2):
        sketch.loop(4)
        sketch.call("barrier", line=52)
    sketch.loop(3)
    others = [rank for rank in range(4) if rank not in longer]
    sketch.call(line=47, on=longer, open=True)
    sketch.call("barrier", line=52, on=others, open=True)
    finding = only(analysed(sketch))
    assert (finding.kind, finding.ranks) == (Kind.UNEVEN, (2,))
    assert finding.category == "uneven_inputs"


def test_without_a_dump_a_minority_is_no_minority() -> None:
    sketch = trained(3)
    sketch.call(line=47)
    sketch.call(line=49, on=[0, 2], open=True)
    sketch.call("reduce", line=49, on=[1], open=True)
    evidence = analysed(sketch, without=(2,))
    assert evidence.absent == (2,)
    assert only(evidence).confidence is not Confidence.CERTAIN


# --- dumps that are not there ------------------------------------------------------------------


def test_when_all_others_wait_the_missing_dump_forbids_a_verdict() -> None:
    sketch = trained(4)
    sketch.call(line=47, on=[0, 1, 3], open=True)
    evidence = analysed(sketch, without=(2,))
    assert evidence.outcome is Outcome.UNDECIDED
    assert (evidence.accused, evidence.suspects, evidence.absent) == ((), (2,), (2,))
    assert "no dump tells whether rank 2 came to it" in only(evidence).sentence
    assert "dump of rank 2" in evidence.missing[0]


def test_a_missing_dump_weakens_what_others_show() -> None:
    sketch = trained(4)
    sketch.call(line=47, on=[0, 1, 3], open=True)
    evidence = analysed(sketch, without=(3,))
    assert evidence.accused == (2,)
    assert only(evidence).confidence is Confidence.LIKELY


def test_nothing_open_is_no_proof_while_dumps_are_missing() -> None:
    sketch = trained(3)
    assert analysed(sketch).outcome is Outcome.QUIET
    assert analysed(sketch, without=(1,)).outcome is Outcome.UNDECIDED


def test_no_files_and_unreadable_files() -> None:
    assert analyse_dumps({}).outcome is Outcome.UNDECIDED
    files = trained(2).files()
    files["nccl_trace_rank_1"] = files["nccl_trace_rank_1"][:500]
    evidence = analyse_dumps(files)
    assert (evidence.ranks, evidence.absent) == ((0,), (1,))
    assert evidence.unreadable[0].startswith("nccl_trace_rank_1: it is cut off")


def test_a_dump_without_a_rank_is_said() -> None:
    data = pickled(trained(2).raw(0))
    assert "rank" in analyse_dumps({"dump": data}).unreadable[0]


def test_dumps_of_two_jobs_are_told() -> None:
    one, two = trained(2, "nccl"), trained(4, "nccl")
    two.call(on=[0, 1, 2], open=True)
    evidence = analyse_dumps(two.files() | {"nccl_trace_rank_1": pickled(one.raw(1))})
    assert evidence.outcome is Outcome.UNDECIDED
    assert "of 2 and 4 ranks" in evidence.missing[0]


def test_clocks_hours_apart_weaken_everything() -> None:
    sketch = trained(3)
    sketch.call(line=47, on=[0, 2], open=True)
    for raw in sketch.entries[2]:
        raw["time_created_ns"] += 5 * HOUR
    evidence = analysed(sketch)
    assert only(evidence).confidence is Confidence.LIKELY
    assert any("clocks disagree" in text for text in evidence.missing)


def test_the_newest_dump_of_a_rank_counts() -> None:
    sketch = trained(3)
    old = {f"old/{name}": data for name, data in sketch.files().items()}
    sketch.call(line=47, on=[0, 2], open=True)
    evidence = analyse_dumps(old | sketch.files(form="json"))
    assert evidence.accused == (1,)
    assert next(file.file for file in evidence.files if file.used) == "nccl_trace_rank_0.json"


# --- several groups ------------------------------------------------------------------------------

TP = [("1", "TP"), ("2", "TP")]
DP = [("3", "DP"), ("4", "DP")]


def meshed(library: str) -> Sketch:
    """Tensor groups 0,1 and 2,3; data groups 0,2 and 1,3."""
    sketch = Sketch(4, library)
    if library != "gloo":
        for group, ranks in zip([*TP, *DP], [[0, 1], [2, 3], [0, 2], [1, 3]], strict=True):
            sketch.group(*group, ranks)
    for _ in range(5):
        step(sketch)
    return sketch


def step(sketch: Sketch, *, without: int | None = None) -> None:
    for group, ranks in zip([*TP, *DP], [[0, 1], [2, 3], [0, 2], [1, 3]], strict=True):
        on = [rank for rank in ranks if rank != without]
        sketch.call(group=group, on=on, line=int(group[0]), open=without is not None)


@pytest.mark.parametrize("library", ["gloo", "nccl"])
def test_ranks_of_a_group_are_global_and_victims_are_no_culprits(library: str) -> None:
    sketch = meshed(library)
    sketch.call(group=TP[0], on=[0, 1], line=1)
    sketch.call(group=TP[1], on=[3], line=2, open=True)
    sketch.call(group=DP[0], on=[0], line=3, open=True)
    sketch.call(group=DP[1], on=[1], line=4, open=True)
    evidence = analysed(sketch)
    assert evidence.accused == (2,)
    assert evidence.victims == (0, 1, 3)
    assert {finding.ranks for finding in evidence.findings if not finding.root} == {(3,)}


def test_ranks_that_wait_for_each_other_are_told() -> None:
    sketch = meshed("nccl")
    sketch.call(group=TP[0], on=[0], line=1, open=True)
    sketch.call(group=DEFAULT, on=[1, 2, 3], line=9, open=True)
    evidence = analysed(sketch)
    finding = only(evidence)
    assert (finding.kind, finding.ranks) == (Kind.CROSSED, (0, 1))
    assert evidence.accused == (0, 1)
    assert evidence.victims == (2, 3)


def test_a_message_nobody_answers() -> None:
    sketch = meshed("nccl")
    sketch.message(0, "recv 0<-1", DP[0])
    evidence = analysed(sketch)
    finding = only(evidence)
    assert (finding.ranks, finding.waiting, evidence.suspects) == ((2,), (0,), (0, 2))
    assert "for a message of rank 2 at train.py:77" in finding.sentence


def test_a_message_that_both_ends_have_open_is_pending() -> None:
    sketch = meshed("nccl")
    sketch.message(0, "recv 0<-1", DP[0])
    sketch.message(2, "send 1->0", DP[0])
    assert analysed(sketch).outcome is Outcome.PENDING


def test_groups_of_one_name_and_different_ranks_stay_apart() -> None:
    sketch = Sketch(4, "nccl")
    for rank in range(4):
        ranks = [0, 1] if rank < 2 else [2, 3]
        sketch.call(group=("7", "split"), on=[rank])
        sketch.groups["7"] = {"name": "7", "desc": "split", "ranks": str(ranks)}
    files = {}
    for rank in range(4):
        sketch.group("7", "split", [0, 1] if rank < 2 else [2, 3])
        files[f"rank_{rank}"] = pickled(sketch.raw(rank))
    sketch.group("7", "split", [2, 3])
    sketch.call(group=("7", "split"), on=[3], open=True)
    files["rank_3"] = pickled(sketch.raw(3))
    evidence = analyse_dumps(files)
    assert {*evidence.accused, *evidence.suspects} <= {2, 3}


def test_only_open_calls_and_counters_name_the_missing_rank() -> None:
    sketch = meshed("nccl")
    sketch.call()
    sketch.call(on=[0, 1, 3], open=True, line=9)
    status = {rank: sketch.raw(rank)["pg_status"] for rank in range(4)}
    files = {}
    for rank in range(4):
        kept = [raw for raw in sketch.entries[rank] if not raw["retired"]]
        raw = sketch.raw(rank) | {"entries": kept, "pg_status": status[rank]}
        files[f"_dump_{rank}"] = pickled(raw)
    finding = only(analyse_dumps(files))
    assert (finding.kind, finding.ranks) == (Kind.MISSING, (2,))
    assert any("counters" in text for text in finding.missing)


def test_a_group_made_anew_counts_from_one_again() -> None:
    sketch = trained(3)
    for rank in range(3):
        sketch.numbers[rank, "0"] = 0
    sketch.call(pg_id=4, line=5)
    sketch.call(pg_id=4, line=6, on=[0, 1], open=True)
    evidence = analysed(sketch)
    assert evidence.accused == (2,)
    assert only(evidence).seq == 2


def test_without_places_in_the_buffer_nothing_is_taken_for_the_start() -> None:
    sketch = meshed("nccl")
    sketch.call(on=[0, 1, 3], open=True)
    for raws in sketch.entries.values():
        for raw in raws:
            del raw["record_id"]
    evidence = analyse_dumps(
        {f"rank_{rank}": pickled(sketch.raw(rank) | {"pg_status": {"9": {}}}) for rank in range(4)}
    )
    assert evidence.accused == ()
    assert evidence.suspects == (2,)


# --- inside a call -------------------------------------------------------------------------------


def test_the_one_that_does_not_get_out_of_a_finished_call() -> None:
    sketch = trained(4, "nccl")
    sketch.call(line=47, on=[0, 1, 3])
    sketch.call(line=47, on=[2], open=True)
    finding = only(analysed(sketch))
    assert (finding.kind, finding.ranks) == (Kind.STUCK, (2,))
    assert finding.confidence is Confidence.LIKELY


def test_the_root_of_a_broadcast_is_through_before_the_others() -> None:
    sketch = trained(3, "nccl")
    sketch.call("broadcast", line=5, on=[0])
    sketch.call("broadcast", line=5, on=[1, 2], open=True)
    assert analysed(sketch).outcome is Outcome.PENDING


def test_devices_that_have_not_begun_where_that_is_recorded() -> None:
    sketch = Sketch(4, "nccl")
    sketch.call(time_discovered_started_ns=START, state="completed")
    sketch.call(on=[0, 1, 2], state="started", time_discovered_started_ns=START, open=True)
    sketch.call(on=[3], state="scheduled", open=True)
    finding = only(analysed(sketch))
    assert (finding.kind, finding.ranks) == (Kind.STUCK, (3,))
    assert "has not begun" in finding.sentence


def test_all_inside_is_nobodys_fault() -> None:
    sketch = trained(3)
    sketch.call(line=47, open=True)
    evidence = analysed(sketch)
    finding = only(evidence)
    assert evidence.outcome is Outcome.PENDING
    assert (finding.kind, finding.ranks, finding.waiting) == (Kind.PENDING, (), (0, 1, 2))
    assert (evidence.accused, evidence.suspects) == ((), ())


def test_batches_of_messages_shift_numbers_and_nobody_is_named() -> None:
    sketch = Sketch(2, "nccl")
    sketch.call(on=[0], p2p_seq_id=2, open=True)
    sketch.numbers[1, "0"] = 4
    sketch.call(on=[1], p2p_seq_id=2, open=True)
    evidence = analysed(sketch)
    assert evidence.outcome is Outcome.UNDECIDED
    assert (evidence.accused, evidence.suspects) == ((), ())
    assert "do not number" in only(evidence).sentence


# --- being late ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [0, HOUR // 2])
def test_the_late_one_is_found_though_a_clock_is_off(ahead: int) -> None:
    sketch = Sketch(3)
    sketch.loop(20, late={1: 8 * MS, 2: MS})
    for raw in sketch.entries[0]:
        raw["time_created_ns"] += ahead
    evidence = analysed(sketch)
    finding = only(evidence)
    assert evidence.outcome is Outcome.LATE
    assert (finding.kind, finding.ranks) == (Kind.LATE, (1,))
    assert "train.py:47" in finding.sentence
    assert finding.confidence is (Confidence.POSSIBLE if ahead else Confidence.LIKELY)
    assert evidence.lateness[0].offset == pytest.approx(ahead * 1e-9, abs=0.01)


def test_one_that_is_always_as_late_may_only_have_another_clock() -> None:
    sketch = Sketch(3)
    for _ in range(20):
        sketch.call(line=47, late={2: 4 * MS})
        sketch.clock += 20 * MS
    for raw in sketch.entries[2]:
        raw["time_created_ns"] += 20 * MS
    finding = only(analysed(sketch))
    assert finding.confidence is Confidence.POSSIBLE
    assert "clocks" in finding.missing[0]


@pytest.mark.parametrize("late", [{}, {1: MS}, {0: 3 * MS, 1: 3 * MS, 2: 3 * MS}])
def test_usual_differences_are_no_news(late: dict[int, int]) -> None:
    sketch = Sketch(4)
    sketch.loop(20, late=late)
    evidence = analysed(sketch)
    assert evidence.outcome is Outcome.QUIET
    assert len(evidence.lateness) == 4


def test_a_hang_counts_more_than_being_late() -> None:
    sketch = Sketch(3)
    sketch.loop(20, late={1: 6 * MS})
    sketch.call(line=47, on=[0, 2], open=True)
    evidence = analysed(sketch)
    assert evidence.outcome is Outcome.FAULT
    assert [(finding.kind, finding.root) for finding in evidence.findings] == [
        (Kind.MISSING, True),
        (Kind.LATE, False),
    ]
