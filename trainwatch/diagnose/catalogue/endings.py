"""Ends from outside: the scheduler, a signal, a person; and the launcher's tidying up."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Verdict
from trainwatch.diagnose.signature import Blame, Signature, Standing

_CANCELLED = rb"CANCELLED AT (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)"

TIME_LIMIT = Signature(
    name="sched_time_limit",
    numbers=(11,),
    hints=(b"TIME LIMIT", b"TERM_RUNLIMIT", b"walltime"),
    pattern=re.compile(
        _CANCELLED + rb" DUE TO TIME LIMIT|TERM_RUNLIMIT: job killed"
        rb"|PBS: job killed: walltime \d+ exceeded limit"
    ),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.SCHED_TIME_LIMIT,
    phase=DiagnosedPhase.TEARDOWN,
    verdict=Verdict.INTERRUPTED,
    confidence=Confidence.CERTAIN,
    words="the scheduler ended the job at its time limit",
    refute="if the training had stopped to move long before",
    advice=(
        "resume from the newest checkpoint, with a longer limit or in several jobs",
        "save in time: #SBATCH --signal=B:USR1@300 and a handler",
    ),
    samples=(
        (
            "slurmstepd: error: *** STEP 1.0 ON r6 CANCELLED AT 2021-05-24T09:50:34 DUE TO TIME "
            "LIMIT ***"
        ),
        "=>> PBS: job killed: walltime 3623 exceeded limit 3600",
    ),
    benign=("#SBATCH --time=20:00:00   # the TIME LIMIT of this partition",),
)

PREEMPTED = Signature(
    name="sched_preempt",
    numbers=(12,),
    hints=(b"DUE TO PREEMPTION", b"DUE TO JOB REQUEUE", b"TERM_PREEMPT"),
    pattern=re.compile(
        _CANCELLED + rb" DUE TO (?:PREEMPTION|JOB REQUEUE)|TERM_PREEMPT: job killed"
    ),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.SCHED_PREEMPT,
    phase=DiagnosedPhase.TEARDOWN,
    verdict=Verdict.INTERRUPTED,
    confidence=Confidence.CERTAIN,
    words="the scheduler preempted the job",
    refute="if the training had stopped to move long before",
    advice=("resume from the newest checkpoint; sbatch --requeue does it by itself",),
    samples=(
        (
            "slurmstepd: error: *** JOB 9 ON a17 CANCELLED AT 2023-01-02T03:04:05 DUE TO PREEMPTION "
            "***"
        ),
    ),
)

CANCELLED = Signature(
    name="cancelled",
    numbers=(13,),
    hints=(b"CANCELLED AT",),
    pattern=re.compile(_CANCELLED + rb" \*\*\*"),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.EXTERNAL_SIGNAL,
    verdict=Verdict.INTERRUPTED,
    words="the job was cancelled: by a person, or by srun after a task had died",
    refute="if an earlier line shows a task that died: then that is the cause",
    advice=("ask who ran scancel; look for a task that died before, on every node",),
    missing=("the logs of all nodes and tasks up to that moment; sacct -j JOB",),
    samples=("slurmstepd: error: *** JOB 1809577 ON r6i5n1 CANCELLED AT 2021-05-23T08:46:02 ***",),
)

DEATH_SIGNAL = Signature(
    name="death_signal",
    numbers=(14,),
    hints=(b"death signal", b"got signal: ", b"received SIGTERM"),
    pattern=re.compile(
        rb"Received (?:Signals\.)?(?P<signal>\d{1,2}|SIG\w{2,6}) death signal"
        rb"|SignalException: Process (?P<pid>\d{1,9}) got signal: (?P<number>\d{1,2})"
        rb"|Main process received SIG(?:TERM|INT), exiting"
    ),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.EXTERNAL_SIGNAL,
    verdict=Verdict.INTERRUPTED,
    confidence=Confidence.CERTAIN,
    words="the launcher was told to stop by {signal}",
    refute="if a rank had died before: then that is the cause",
    advice=(
        "SIGHUP: the terminal was closed; start in tmux or with `trainwatch run --detach`",
        "SIGTERM, SIGINT: a person, a script, or the scheduler; resume from the newest checkpoint",
    ),
    samples=(
        "Received 15 death signal, shutting down workers",
        "torch.distributed.elastic.multiprocessing.api.SignalException: Process 16849 got signal: 15",
        "Received Signals.SIGHUP death signal, shutting down workers",
        "Main process received SIGTERM, exiting",
    ),
)

INTERRUPT = Signature(
    name="keyboard_interrupt",
    numbers=(14,),
    hints=(b"KeyboardInterrupt",),
    pattern=re.compile(rb"^KeyboardInterrupt\b"),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.EXTERNAL_SIGNAL,
    verdict=Verdict.INTERRUPTED,
    words="the training was interrupted from the keyboard, or by SIGINT",
    refute="if a rank had died before: then that is the cause",
    advice=("if it was pressed because the job hung: the tracebacks show where each rank stood",),
    samples=("KeyboardInterrupt", "KeyboardInterrupt: "),
    benign=("Press ctrl+c for a KeyboardInterrupt",),
)

CLOSING = Signature(
    name="closing_signal",
    numbers=(8,),
    hints=(b"closing signal SIG",),
    pattern=re.compile(rb"Sending process (?P<pid>\d{1,9}) closing signal (?P<signal>SIG\w{2,6})"),
    standing=Standing.CLEAN_UP,
    blame=Blame.NOBODY,
    words="the launcher ended it after another rank had failed",
    samples=("Sending process 10312 closing signal SIGTERM",),
)

FORCED = Signature(
    name="forced_exit",
    numbers=(8,),
    hints=(b"forcefully exiting via",),
    pattern=re.compile(rb"Unable to shutdown process (?P<pid>\d{1,9}) via .{1,12}forcefully exiti"),
    standing=Standing.CLEAN_UP,
    blame=Blame.NOBODY,
    words="it did not react to SIGTERM, and the launcher killed it",
    samples=("Unable to shutdown process 16916 via 15, forcefully exiting via 9",),
)

SIGTERMED = Signature(
    name="exit_sigterm",
    numbers=(14,),
    hints=(b"exitcode",),
    pattern=re.compile(rb"exitcode\s*: -(?:15|2|1) \(pid: \d"),
    standing=Standing.OUTER,
    blame=Blame.NOBODY,
    category=Category.EXTERNAL_SIGNAL,
    verdict=Verdict.INTERRUPTED,
    words="a worker was ended by a signal from outside, not by the launcher",
    refute="if another rank failed before it",
    advice=("find out who sent it: a person, a script, or the scheduler",),
    samples=("  exitcode  : -15 (pid: 17784)  (SIGTERM)",),
)
"""For exit codes, which are read as such and not searched for."""

SIGNATURES = (TIME_LIMIT, PREEMPTED, CANCELLED, DEATH_SIGNAL, INTERRUPT, CLOSING, FORCED)
EXITS = (SIGTERMED,)
