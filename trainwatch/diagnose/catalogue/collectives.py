"""Collectives that timed out, or did not match."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

_RECORDER = (
    "the flight recorder's dump of every rank: set TORCH_FR_BUFFER_SIZE=2000"
    " (before torch 2.9 TORCH_NCCL_TRACE_BUFFER_SIZE) and TORCH_NCCL_DUMP_ON_TIMEOUT=1"
)
_LAST_LINES = "look at the last lines of the ranks that did not report, not at those that did"
_BRANCH = "look for a collective under `if rank == …`, an early `continue`, or uneven data"

WATCHDOG = Signature(
    name="nccl_watchdog",
    numbers=(3, 4, 5, 7),
    hints=(b"WorkNCCL(",),
    pattern=re.compile(
        rb"(?:\[Rank (?P<group_rank>\d{1,7})\] )?Watchdog caught collective operation timeout: "
        rb"WorkNCCL\((?:SeqNum=(?P<seq>\d{1,18}), )?OpType=(?P<op>\w{1,40})"
        rb"(?:, NumelIn=(?P<numel>\d{1,18}))?[^)]{0,200}Timeout\(ms\)=(?P<timeout>\d{1,12})"
    ),
    standing=Standing.TIMEOUT,
    blame=Blame.ABSENT,
    category=Category.COLLECTIVE_TIMEOUT,
    phase=DiagnosedPhase.COLLECTIVE,
    words="{who} did not take part in a collective that the others waited for until it timed out",
    refute="if the ranks that did not report wrote the same timeout to another log",
    advice=(_LAST_LINES, "compare the collectives of all ranks in the flight recorder's dumps"),
    missing=(_RECORDER,),
    samples=(
        (
            "[Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=71, "
            "OpType=ALLREDUCE, NumelIn=9000, NumelOut=9000, Timeout(ms)=600000) ran for 600061 "
            "milliseconds before timing out."
        ),
        (
            "[Rank 1] Watchdog caught collective operation timeout: WorkNCCL(OpType=BROADCAST, "
            "Timeout(ms)=1800000) ran for 1802330 milliseconds before timing out."
        ),
    ),
    benign=("watchdog timeout is 600000 ms", "WorkNCCL(SeqNum=71, OpType=ALLREDUCE) completed"),
)

WATCHDOG_STATE = Signature(
    name="nccl_watchdog_state",
    numbers=(6,),
    hints=(b"last completed NCCL work", b"last completed work"),
    pattern=re.compile(
        rb"\[PG (?:ID )?(?P<group>\d{1,6})[^\]]{0,80}?(?:Rank (?P<group_rank>\d{1,7}))?\]"
        rb".{0,200}?at (?:NCCL )?work: (?P<work>-?\d{1,18}), last enqueued (?:NCCL )?work: "
        rb"(?P<enqueued>-?\d{1,18}), last completed (?:NCCL )?work: (?P<completed>-?\d{1,18})"
    ),
    standing=Standing.CONTEXT,
    blame=Blame.NOBODY,
    words="the watchdog says how far the collectives came",
    samples=(
        (
            "[PG ID 0 PG GUID 0(default_pg) Rank 1] Exception (either an error or timeout) detected "
            "by watchdog at work: 808, last enqueued NCCL work: 811, last completed NCCL work: 807."
        ),
        (
            "[PG 3 Rank 4] Timeout at NCCL work: 1, last enqueued NCCL work: 1, last completed NCCL "
            "work: -1."
        ),
    ),
)

DESYNC = Signature(
    name="desync_report",
    numbers=(23,),
    hints=(b"join collective", b"finish collective"),
    pattern=re.compile(
        rb"\[(?P<ranks>\d{1,7}(?:, ?\d{1,7})*)\] (?:finished collective #\d+, but didn't join "
        rb"collective|joined but didn't finish collective) #(?P<seq>\d{1,18})"
    ),
    standing=Standing.TIMEOUT,
    blame=Blame.NAMED,
    category=Category.COLLECTIVE_MISMATCH,
    phase=DiagnosedPhase.COLLECTIVE,
    confidence=Confidence.POSSIBLE,
    words="the ranks' collectives do not match: {who} did not join one that others had entered",
    refute="if the other rank was the one that called a collective too many",
    advice=(_BRANCH,),
    missing=(_RECORDER,),
    samples=(
        "     [1] finished collective #2, but didn't join collective #3 (count from 1)",
        "[2, 5] joined but didn't finish collective #11 (count from 1)",
    ),
)

FINGERPRINTS = Signature(
    name="fingerprint_mismatch",
    numbers=(21,),
    hints=(b"mismatch between collectives",),
    pattern=re.compile(
        rb"Detected mismatch between collectives on ranks\. Rank (?P<rank>\d{1,7}) is running "
        rb"(?:inconsistent )?collective: ?(?:CollectiveFingerPrint\()?(?P<first>[^)]{0,200})"
        rb"(?:.{0,600}?but Rank (?P<other>\d{1,7}) is running collective: ?"
        rb"(?:CollectiveFingerPrint\()?(?P<second>[^)]{0,200}))?"
    ),
    standing=Standing.ROOT,
    blame=Blame.NAMED,
    category=Category.COLLECTIVE_MISMATCH,
    phase=DiagnosedPhase.COLLECTIVE,
    confidence=Confidence.CERTAIN,
    words="{who} called different collectives at the same moment",
    refute="if both ranks ran the same line of code with the same shapes",
    advice=("compare the operation and the shape of both ranks in that line", _BRANCH),
    samples=(
        (
            "RuntimeError: Detected mismatch between collectives on ranks. Rank 0 is running "
            "collective: CollectiveFingerPrint(SequenceNumber=8, OpType=ALLREDUCE, TensorShape=[1], "
            "TensorDtypes=Float), but Rank 1 is running collective: "
            "CollectiveFingerPrint(SequenceNumber=8, OpType=BARRIER)."
        ),
    ),
)

GLOO_SIZES = Signature(
    name="gloo_size_mismatch",
    numbers=(21,),
    hints=(b"collective mismatch in your code", b"op.preamble.length"),
    pattern=re.compile(rb"op\.preamble\.length <= op\.nbytes|Is there a distributed collective mi"),
    standing=Standing.ROOT,
    blame=Blame.PEER,
    category=Category.COLLECTIVE_MISMATCH,
    phase=DiagnosedPhase.COLLECTIVE,
    words="{who} called another collective than the others; the rank that aborted received data"
    " of another size than it waited for, which does not show whose call was wrong",
    refute="if all ranks called the same collectives in the same order",
    advice=(
        "compare the ranks' last steps: the one that is ahead or behind left a collective out",
        _BRANCH,
    ),
    missing=(_RECORDER,),
    samples=(
        (
            "  what():  [enforce fail at pair.cc:456] op.preamble.length <= op.nbytes. 900 vs 4. "
            "Received data size doesn't match expected size. Is there a distributed collective "
            "mismatch in your code?"
        ),
    ),
)

MONITORED = Signature(
    name="monitored_barrier",
    numbers=(20,),
    hints=(b"failed to pass monitoredBarrier",),
    pattern=re.compile(
        rb"Ranks? (?P<ranks>\d{1,7}(?:, \d{1,7})*) failed to pass monitoredBarrier in \d+ ms"
    ),
    standing=Standing.TIMEOUT,
    blame=Blame.NAMED,
    category=Category.GLOO_TIMEOUT,
    phase=DiagnosedPhase.COLLECTIVE,
    words="{who} did not reach a monitored barrier",
    refute="if the rank wrote that it had passed that barrier",
    advice=("look at the last lines and the stack of the rank that the barrier names",),
    missing=(
        "monitored_barrier(wait_all_ranks=True) names every missing rank, not only the first",
    ),
    samples=(
        "[Rank 0]: Rank 1 failed to pass monitoredBarrier in 3000 ms",
        "RuntimeError: [Rank 0]: Ranks 1, 2 failed to pass monitoredBarrier in 3000 ms",
    ),
    benign=("[Rank 0]: passed monitoredBarrier in 3 ms",),
)

GLOO_TIMEOUT = Signature(
    name="gloo_timeout",
    numbers=(19,),
    hints=(b"for recv operation", b"for send operation"),
    pattern=re.compile(
        rb"Timed out waiting (?P<timeout>\d{1,12})ms for (?:recv|send) operation to complete"
    ),
    standing=Standing.TIMEOUT,
    blame=Blame.ABSENT,
    category=Category.GLOO_TIMEOUT,
    phase=DiagnosedPhase.COLLECTIVE,
    words="{who} did not take part in a collective that the others waited for until it timed out",
    refute="if the silent rank reported the same timeout in another log",
    advice=(_LAST_LINES, "see where the silent rank is while the job hangs: trainwatch diagnose"),
    missing=(_RECORDER,),
    samples=(
        (
            "RuntimeError: [/build/gloo/transport/tcp/unbound_buffer.cc:78] Timed out waiting 6000ms "
            "for recv operation to complete"
        ),
    ),
)

SIGNATURES = (
    WATCHDOG,
    WATCHDOG_STATE,
    DESYNC,
    FINGERPRINTS,
    GLOO_SIZES,
    MONITORED,
    GLOO_TIMEOUT,
)
