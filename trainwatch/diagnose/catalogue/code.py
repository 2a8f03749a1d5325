"""Exceptions of the training's own code, and what launchers say of them."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

UNUSED_PARAMETERS = Signature(
    name="ddp_unused_parameters",
    numbers=(17,),
    hints=(b"finished reduction in the prior", b"mark a variable ready only once"),
    pattern=re.compile(
        rb"Expected to have finished reduction in the prior iteration"
        rb"|Expected to mark a variable ready only once"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.DDP_UNUSED_PARAMS,
    phase=DiagnosedPhase.FORWARD,
    confidence=Confidence.CERTAIN,
    words="parameters of the model took no part in the loss, and DDP waits for their gradients",
    refute="if the same parameters get gradients on every rank and step",
    advice=(
        "find the unused branch: TORCH_DISTRIBUTED_DEBUG=INFO names the parameters",
        "use every parameter in the loss, or DistributedDataParallel(find_unused_parameters=True)",
    ),
    samples=(
        (
            "RuntimeError: Expected to have finished reduction in the prior iteration before starting "
            "a new one."
        ),
        "RuntimeError: Expected to mark a variable ready only once. This error is caused by",
    ),
)

LAUNCHER = Signature(
    name="launcher_error",
    numbers=(1,),
    hints=(
        b"ChildFailedError",
        b"CalledProcessError",
        b"ProcessExitedException",
        b"ProcessRaisedException",
    ),
    pattern=re.compile(
        rb"\bChildFailedError\b|\bCalledProcessError: Command .* returned non-zero exit status"
        rb"|\bProcess(?:Exited|Raised)Exception\b"
    ),
    standing=Standing.CLEAN_UP,
    blame=Blame.NOBODY,
    words="the launcher reports that a worker failed",
    samples=(
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "torch.multiprocessing.spawn.ProcessRaisedException: ",
        "subprocess.CalledProcessError: Command '['python', 'x.py']' returned non-zero exit status 1.",
    ),
)

USAGE = Signature(
    name="usage",
    hints=(b": error: ", b"Could not override", b"Error merging override"),
    pattern=re.compile(
        rb"^[\w./-]{1,80}: error: (?:unrecognized arguments|the following arguments are required"
        rb"|argument \S{1,60}: )|^Could not override '|^Error merging override "
    ),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,  # a launcher gives all ranks the same: who reads it first says so alone
    category=Category.USER_EXCEPTION,
    phase=DiagnosedPhase.INIT,
    words="the training was started with options that the script does not take",
    refute="if the training began to make steps after that line",
    advice=("compare the command with what the script's --help, or its configuration, offers",),
    samples=(
        "train.py: error: unrecognized arguments: --learning_rte 0.1",
        "main.py: error: argument --epochs: invalid int value: 'ten'",
        "Could not override 'optim.lrr'.",
    ),
    benign=("val: error: 0.12", "step 3: error: argument of the loss is large"),
)

UNCAUGHT = Signature(
    name="exception",
    numbers=(1,),
    hints=(b"",),
    pattern=re.compile(
        rb"^(?:[A-Za-z_]\w{0,80}\.){0,10}(?P<name>[A-Za-z_]\w{0,80}"
        rb"(?:Error|Exception|Exit|Interrupt|Failure|Fault|Warning|Iteration|Group|Timeout))(?::|$)"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.USER_EXCEPTION,
    words="{who} raised {exception}{where_raised}",
    refute="if the training caught it and went on, or an older error is found on another rank",
    advice=(
        (
            "read the earliest traceback, not the launcher's table; start at the last frame that is"
            " your own"
        ),
    ),
    samples=("ValueError: injected failure at step 5", "json.decoder.JSONDecodeError: Expecting"),
    benign=("error: 0.01", "step 3: ValueError was caught"),
)
"""For the last line of a traceback; a line that only looks like it is no clue."""

UNTRACED = Signature(
    name="exit_nonzero",
    numbers=(1,),
    hints=(b"exitcode",),
    pattern=re.compile(rb"exitcode\s*: [1-9]\d* \(pid: \d"),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.USER_EXCEPTION,
    confidence=Confidence.POSSIBLE,
    words="{who} exited with an error, and its traceback is not in these logs",
    refute="if another rank turns out to have failed before it",
    advice=("find the rank's stderr: torchrun --log-dir DIR --tee 3 keeps it",),
    missing=(
        (
            "the traceback: keep stderr (torchrun --log-dir DIR --tee 3), and decorate the entry point"
            " with @record of torch.distributed.elastic.multiprocessing.errors"
        ),
    ),
    samples=("  exitcode  : 1 (pid: 11028) ",),
)
"""For exit codes, which are read as such and not searched for."""

SIGNATURES = (UNUSED_PARAMETERS, LAUNCHER, USAGE)
EXITS = (UNTRACED,)
