"""What stands before the dashboard for a moment: the help, and the question before a stop."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from trainwatch.tui.draw.line import EMPTY, Line, Tone, fit, line, wrap
from trainwatch.tui.draw.states import PHASES, STATES
from trainwatch.tui.widgets.block import Block

_KEYS = (
    ("1 … 6", "overview, metrics, ranks, gpus, logs, alerts"),
    ("tab", "next pane; next screen where there is but one"),
    ("arrows, pages", "scroll the pane marked ▸; home, end"),
    ("q", "detach: the training goes on"),
    ("K   R", "stop, restart the training; both ask first"),
    ("D", "diagnose: what is wrong, who, where, why"),
    ("M", "mouse on or off; off, the terminal selects text"),
    ("ctrl+z", "back to the shell; fg returns"),
    ("ctrl+p", "all commands, themes among them"),
    ("2 metrics", "↑ ↓ choose · + - 0 zoom · ← → pan · s smoothing"),
    ("", "y log scale · x axis · r rank · / filter · v list"),
    ("3 ranks", "v table or phases, where there is room for one"),
    ("5 logs", "f follow · space pause · / search · n N next, before"),
    ("", "e E error · w W warning · g go to a time, line, share"),
    ("", "i x filter in, out · l level · r ranks · F file"),
    ("", "S slowest step · t times · c copy · o editor"),
    ("6 alerts", "↑ ↓ choose · enter proof in the log · a acknowledge"),
    ("", "pages read on in the diagnosis"),
)
_WIDTH = 62
_LETTER = 20


class Dialog(ModalScreen[bool]):
    """Lines in a box; the answer is whether it was confirmed."""

    DANGER: ClassVar[bool] = False

    def compose(self) -> ComposeResult:
        """The box."""
        with VerticalScroll(id="dialog", classes="danger" if self.DANGER else ""):
            yield Block(id="words")

    def on_mount(self) -> None:
        """The words."""
        block = self.query_one("#words", Block)
        block.styles.width = min(_WIDTH, max(self.app.size.width - 8, 10))
        block.set(lambda width, _: self.words(width))
        self.query_one(
            "#dialog"
        ).focus()  # arrows and pages read on where it is longer than it is high

    def words(self, width: int) -> Sequence[Line]:
        """What it says."""
        raise NotImplementedError

    def action_answer(self, yes: bool) -> None:
        """Closes it."""
        self.dismiss(yes)


class Help(Dialog):
    """Keys and letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,space", "answer(False)", show=False),
    ]

    def words(self, width: int) -> list[Line]:
        """Keys first, then what the letters of the ranks mean."""
        keys = [
            shown
            for key, does in _KEYS
            for shown in wrap(line(fit(line((key, Tone.KEY)), 16), does), width, 2, 16)
        ]
        return [
            line(("Keys", Tone.HEAD), ("  ↓ reads on, escape closes", Tone.DIM)),
            *keys,
            EMPTY,
            line(("Letters of the ranks", Tone.HEAD), ("  capitals are trouble", Tone.DIM)),
            *_letters(width),
        ]


def _letters(width: int) -> list[Line]:
    signs = [*list(STATES.values())[:4], *PHASES.values()]
    cells = [line((sign.letter, sign.tone), f" {sign.word}") for sign in signs]
    columns = max(width // _LETTER, 1)
    return [
        line(*(fit(cell, _LETTER) for cell in cells[start : start + columns]))
        for start in range(0, len(cells), columns)
    ]


class Question(Dialog):
    """Only `y` does it: what the fingers do by habit must not end days of work."""

    DANGER = True
    ASKS: ClassVar[str]
    MEANS: ClassVar[str]
    DOES: ClassVar[str]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", show=False),
        Binding("n,escape,q", "answer(False)", show=False),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._run = name

    def words(self, width: int) -> list[Line]:
        """The question, what it means, and the keys."""
        asks = line((f"{self.ASKS} ", Tone.STRONG), (self._run, Tone.BAD), ("?", Tone.STRONG))
        yes = line(("y", Tone.KEY), f" {self.DOES}     ")
        return [
            *wrap(asks, width, 2),
            *wrap(line(self.MEANS), width, 3),
            EMPTY,
            line(yes, ("n", Tone.KEY), " or ", ("Escape", Tone.KEY), " go back"),
        ]


class AskStop(Question):
    """Before a stop."""

    ASKS = "Stop the training"
    MEANS = "Every process of it is ended; what is not in a checkpoint is lost."
    DOES = "stop it"


class AskRestart(Question):
    """Before a restart."""

    ASKS = "Restart the training"
    MEANS = "Every process of it is ended, and the same command is started again as a new attempt."
    DOES = "restart it"
