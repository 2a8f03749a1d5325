"""Values: a loss that is no number, a loss scale that collapses."""

import re

from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase
from trainwatch.diagnose.signature import Blame, Signature, Standing

OVERFLOW = Signature(
    name="overflow",
    numbers=(28,),
    hints=(b"verflow", b"OVERFLOW"),
    pattern=re.compile(
        rb"(?:Gradient overflow\. +|OVERFLOW! .{0,60})[Ss]kipping step.{0,120}?"
        rb"(?:loss scale to|reducing to) (?P<scale>[\d.eE+-]{1,30})"
        rb"|overflow detected, setting loss scale to: (?P<scale_b>[\d.eE+-]{1,30})"
    ),
    standing=Standing.CONTEXT,
    blame=Blame.NOBODY,
    category=Category.LOSS_SCALE_COLLAPSE,
    phase=DiagnosedPhase.OPTIMIZER,
    words="a step was skipped because its gradients overflowed",
    samples=(
        "Gradient overflow.  Skipping step, loss scaler 0 reducing loss scale to 32768.0",
        "[deepscale] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 256, reducing to 128.0",
        "NOTE: gradient overflow detected, ignoring gradient, setting loss scale to: 64.0".replace(
            "gradient overflow detected, ignoring gradient, ", "overflow detected, "
        ),
    ),
    benign=("stack overflow questions about loss scale",),
)
"""One is benign; `detectors.scale` counts them."""

SCALE_FLOOR = Signature(
    name="loss_scale_floor",
    numbers=(28,),
    hints=(b"inimum loss scale reached", b"loss scale already at minimum"),
    pattern=re.compile(rb"Minimum loss scale reached|[Cc]urrent loss scale already at minimum"),
    standing=Standing.ROOT,
    blame=Blame.NOBODY,
    category=Category.LOSS_SCALE_COLLAPSE,
    phase=DiagnosedPhase.OPTIMIZER,
    confidence=Confidence.CERTAIN,
    words="the loss scale fell to its floor: the gradients overflow at every step",
    refute="if a later step was not skipped",
    advice=(
        "go back to a checkpoint before the first of the overflows, with a lower learning rate",
        "train in bfloat16, which needs no loss scale",
    ),
    samples=(
        "FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding.",
        "Exception: Current loss scale already at minimum - cannot decrease scale anymore.",
    ),
)

NAN_STATED = Signature(
    name="nan_stated",
    numbers=(29,),
    hints=(
        b"Loss is ",
        b"Loss became",
        b"loss returned in",
        b"returned nan values",
        b"found NaN",
        b"loss is NaN",
        b"NaN loss",
        b"rror: loss is",
        b"Unexpected result",
        b"is non-finite",
    ),
    pattern=re.compile(
        rb"Loss is (?:nan|NaN|inf|\{nan\}), stopping training|Loss became infinite or NaN"
        rb"|loss returned in `\w{1,40}` is (?:nan|inf|nan or inf)"
        rb"|Function '\w{1,80}' returned nan values in its \d+th output"
        rb"|found NaN in (?:local )?(?:forward )?(?:grad|param|loss)\w*|loss is NaN or [Ii]nf"
        rb"|NaN loss (?:detected|enc)|rror: loss is (?:not |non-?)finite"
        rb"|Unexpected result (?:nan|-?inf)|total norm .{0,80}is non-finite, so it cannot be clipped"
    ),
    standing=Standing.ROOT,
    blame=Blame.WRITER,
    category=Category.LOSS_NAN_OR_SPIKE,
    confidence=Confidence.CERTAIN,
    words="the loss or a gradient of {who} was no number any more",
    refute="if the loss printed there is a finite number",
    advice=(
        "go back to a checkpoint before that step; look at the batch that the step read",
        "find the operation: torch.autograd.set_detect_anomaly(True); lower the learning rate",
    ),
    samples=(
        "Loss is nan, stopping training",
        "FloatingPointError: Loss became infinite or NaN at iteration=413!",
        "RuntimeError: Function 'MulBackward0' returned nan values in its 0th output.",
        "AssertionError: Rank 5: found NaN in local grad norm in backward pass",
        "AssertionError: loss is not finite",
        (
            "RuntimeError: The total norm of order 2.0 for gradients from `parameters` is non-finite, so "
            "it cannot be clipped."
        ),
    ),
    benign=("nan_to_num is applied to the inputs", "number of nan iterations:   0 |"),
)

SIGNATURES = (SCALE_FLOOR, NAN_STATED, OVERFLOW)
