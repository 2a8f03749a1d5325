"""The host: its memory, segmentation faults, frozen nodes; and exit codes that tell of them."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence
from trainwatch.diagnose.signature import Blame, Signature, Standing

DMESG = "the kernel's log of that node and time: dmesg -T | grep -iE 'oom|killed process|xid'"
_MEMORY_ADVICE = (
    "look for the OOM killer: dmesg -T | grep -i 'killed process', and the cgroup's memory.events",
    "ask for more host memory, or use less: fewer loader workers, no data held in lists, pin_memory",
)

HOST_MEMORY = Signature(
    name="host_memory",
    numbers=(8,),
    hints=(
        b"DefaultCPUAllocator",
        b"Cannot allocate memory",
        b"running low on memory",
        b"MemoryError",
        b"std::bad_alloc",
        b"memory pressure (OOM)",
    ),
    pattern=re.compile(
        rb"DefaultCPUAllocator: can't allocate memory|\[Errno 12\] Cannot allocate memory"
        rb"|node running low on memory|killed due to memory pressure \(OOM\)"
        rb"|^(?:[\w.]{1,60}\.)?_?(?:Array)?MemoryError\b|what\(\): +std::bad_alloc"
        rb"|instance of 'std::bad_alloc'"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.HOST_OOM_KILL,
    confidence=Confidence.POSSIBLE,
    words="{who} got no more host memory",
    refute="if free and the cgroup's limit show that there was memory left",
    advice=_MEMORY_ADVICE,
    samples=(
        (
            "RuntimeError: [enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate"
            " memory: you tried to allocate 8589934592 bytes."
        ),
        "OSError: [Errno 12] Cannot allocate memory",
        "MemoryError",
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 37.3 GiB for an array",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.",
    ),
)

OOM_KILL = Signature(
    name="oom_kill",
    numbers=(8, 10),
    hints=(b"oom-kill", b"oom_kill", b"ut of memory", b"Out Of Memory", b"OOMKilled", b"MEMLIMIT"),
    pattern=re.compile(
        rb"(?:Detected|Exceeded|Some) .{0,40}oom[-_]kill|oom[-_]kill event\(?s?\)? in (?:StepId|step)"
        rb"|[Oo]ut of memory: Kill(?:ed)? process (?P<pid>\d{1,9}) \((?P<program>[^)]{1,40})\)"
        rb"|oom-kill:constraint=.{0,300}?task=(?P<task>[^,]{1,40}),pid=(?P<victim>\d{1,9})"
        rb"|srun: error: .{1,80}: tasks? [\d,-]{1,80}: Out Of Memory|\bOOMKilled\b"
        rb"|TERM_MEMLIMIT: job killed"
    ),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.HOST_OOM_KILL,
    confidence=Confidence.CERTAIN,
    words="the host ran out of memory, and the kernel killed a process of the job",
    refute="if the process that the kernel killed belongs to another job",
    advice=_MEMORY_ADVICE,
    samples=(
        (
            "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=1234.0. Some of your processes "
            "may have been killed by the cgroup out-of-memory handler."
        ),
        "slurmstepd: error: Detected 2 oom_kill events in StepId=7.13. Some of the step tasks",
        "srun: error: node107: task 0: Out Of Memory",
        "[ 71.5] Memory cgroup out of memory: Killed process 2345 (python3) total-vm:1kB",
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,task=python,pid=2345,uid=0",
    ),
    benign=("Detected 0 events", "oom-kill protection is enabled"),
)

SEGFAULT = Signature(
    name="segfault",
    numbers=(26,),
    hints=(
        b"egmentation fault",
        b" segfault at ",
        b"Bus error",
        b"SIGSEGV",
        b"signal 11",
        b"return code = -",
    ),
    pattern=re.compile(
        rb"Fatal Python error: (?:Segmentation fault|Bus error)|Segmentation fault +\(core dumped\)"
        rb"|\[(?P<pid>\d{1,9})\]: segfault at .{0,120}(?: in (?P<library>\S{1,80}))?"
        rb"|Caught signal 11 \(Segmentation fault|task[s]? [\d,-]{1,80}: Segmentation fault"
        rb"|Signal: Segmentation fault \(11\)|^Segmentation fault$|(?:process (?P<local>\d{1,7}) )?terminated with signal SIGSEGV"
        rb"|\*\*\* SIGSEGV \(@|Signal 11 \(SIGSEGV\) received by PID (?P<process>\d{1,9})"
        rb"|exited on signal 11|interrupted by signal 11: SIGSEGV"
        rb"|exits with return code = -(?:11|7|4|8)\b"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.SEGFAULT,
    words="{who} crashed in native code",
    refute="if the crash came only while the process was being ended",
    advice=(
        "get the native stack: PYTHONFAULTHANDLER=1, ulimit -c unlimited, then gdb or py-spy --native",
        "in libnccl with ring or topology warnings before it: the topology; else a C extension",
    ),
    missing=("the stack of the crash: PYTHONFAULTHANDLER=1",),
    samples=(
        "Fatal Python error: Segmentation fault",
        "python3[18485]: segfault at 0 ip 00007f error 4 in libnccl.so.2.18.3[7f+1000]",
        "srun: error: r6i4n3: task 1: Segmentation fault (core dumped)",
    ),
)

NODE_FAILURE = Signature(
    name="node_failure",
    numbers=(22,),
    hints=(b"NODE FAILURE", b"Node failure on", b"soft lockup", b"blocked for more than"),
    pattern=re.compile(
        rb"CANCELLED AT (?P<time>[\dT:-]{10,25}) DUE TO NODE FAILURE|error: Node failure on \S"
        rb"|watchdog: BUG: soft lockup|task (?P<program>\S{1,40}):(?P<pid>\d{1,9}) blocked for more"
    ),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.HOST_FREEZE,
    words="a node failed or froze",
    refute="if the node was up and its processes went on",
    advice=("ask the cluster's operators about that node", "all nodes at once: the storage"),
    samples=(
        (
            "slurmstepd: error: *** JOB 7 ON a17 CANCELLED AT 2023-05-24T09:50:34 DUE TO NODE FAILURE,"
            " SEE SLURMCTLD LOG FOR DETAILS ***"
        ),
        "INFO: task python3:2345 blocked for more than 120 seconds.",
    ),
)

SHELL_KILLED = Signature(
    name="killed",
    numbers=(8,),
    hints=(b"Killed", b"SIGKILL", b"signal 9", b"return code = -9"),
    pattern=re.compile(
        rb"line \d+: +(?P<pid>\d{1,9}) Killed\b(?:.{0,400}?\bRANK=(?P<ranks>\d{1,7})\b)?|died with <Signals\.SIGKILL: 9>"
        rb"|(?:process rank (?P<rank>\d{1,7}) .{0,80})?exited on signal 9 \(Killed\)"
        rb"|exits with return code = -9\b|(?:process (?P<local>\d{1,7}) )?terminated with signal SIGKILL"
        rb"|Signal 9 \(SIGKILL\) received by PID (?P<process>\d{1,9})"
        rb"|interrupted by signal 9: ?SIGKILL"
        rb"|task[s]? [\d,-]{1,80}: Killed|^Killed$"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.HOST_OOM_KILL,
    confidence=Confidence.POSSIBLE,
    words="{who} was killed with SIGKILL, most often by the kernel for want of host memory",
    refute="if dmesg shows no OOM kill at that time: then a person or the scheduler sent it",
    advice=_MEMORY_ADVICE,
    missing=(DMESG,),
    samples=(
        "slurm_script: line 28:  8156 Killed                  python3 main.py --epochs 400",
        "subprocess.CalledProcessError: Command '['python']' died with <Signals.SIGKILL: 9>.",
        "[ERROR] [launch.py:321:sigkill_handler] ['python'] exits with return code = -9",
        "srun: error: a17: task 3: Killed",
        "mpirun noticed that process rank 3 with PID 99 on node a17 exited on signal 9 (Killed).",
        "torch.multiprocessing.spawn.ProcessExitedException: process 3 terminated with signal SIGKILL",
        "traceback : Signal 9 (SIGKILL) received by PID 36071",
        "Killed",
    ),
    benign=("Killed 3 stale workers", "12 Killed python processes were restarted"),
)

SIGKILLED = Signature(
    name="exit_sigkill",
    numbers=(8,),
    hints=(b"exitcode",),
    pattern=re.compile(rb"exitcode\s*: -9 \(pid: \d"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.HOST_OOM_KILL,
    words=SHELL_KILLED.words,
    refute=SHELL_KILLED.refute,
    advice=_MEMORY_ADVICE,
    missing=(DMESG,),
    samples=("  exitcode  : -9 (pid: 11028)  (SIGKILL)",),
)
"""For exit codes, which are read as such and not searched for."""

SIGSEGV = Signature(
    name="exit_sigsegv",
    numbers=(26,),
    hints=(b"exitcode",),
    pattern=re.compile(rb"exitcode\s*: -(?:11|7) \(pid: \d"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.SEGFAULT,
    words=SEGFAULT.words,
    refute=SEGFAULT.refute,
    advice=SEGFAULT.advice,
    missing=SEGFAULT.missing,
    samples=("  exitcode  : -11 (pid: 11028)  (SIGSEGV)",),
)
"""For exit codes, likewise."""

SIGABRT = Signature(
    name="exit_sigabrt",
    hints=(b"exitcode",),
    pattern=re.compile(rb"exitcode\s*: -6 \(pid: \d"),
    standing=Standing.ECHO,
    blame=Blame.WRITER,
    confidence=Confidence.POSSIBLE,
    words="{who} aborted itself: an assertion in native code, or torch's watchdog",
    refute="if its stderr names an error of its own",
    advice=("read the lines before the abort in that rank's stderr: `what():` says why",),
    missing=("the stderr of that rank: torchrun --log-dir DIR --tee 3",),
    samples=("  exitcode  : -6 (pid: 17783)  (SIGABRT)",),
)
"""For exit codes, likewise."""

SIGNATURES = (
    OOM_KILL,
    HOST_MEMORY,
    NODE_FAILURE,
    SEGFAULT,
    SHELL_KILLED,
)
EXITS = (SIGKILLED, SIGSEGV, SIGABRT)
