"""Feed it what the sources deliver, tick it, and take snapshots."""

from collections.abc import Callable, Sequence

from trainwatch.engine.curves import curve_views, wished_curves
from trainwatch.engine.figures import epoch_views, metric_views
from trainwatch.engine.progress import progress_of
from trainwatch.engine.sentence import sentence_of
from trainwatch.engine.tardiness import with_tardiness
from trainwatch.engine.timelines import with_timelines
from trainwatch.events import NOBODY, Chunk, FileEnded, Parsed, RunInfo, SourceItem
from trainwatch.formats.filenames import describe
from trainwatch.health.config import Config
from trainwatch.health.history import AlertHistory
from trainwatch.health.verdict import Surroundings, Verdict, judge
from trainwatch.model import sums
from trainwatch.model.course import Courses
from trainwatch.model.machines import Machines
from trainwatch.model.moments import Viewpoint
from trainwatch.model.ranks import Crew, muster
from trainwatch.model.run import RunState
from trainwatch.model.snapshot import NO_WISH, RunView, Status, Wish
from trainwatch.model.watch import Limits
from trainwatch.parsing import native
from trainwatch.parsing.logs import Witness
from trainwatch.parsing.parser import FileParser, formats_of, records_of
from trainwatch.parsing.samples import SampleParser
from trainwatch.saves import Saves

if native.sums is not None:
    sums.use(native.sums)

Listener = Callable[[Parsed], None]


class Engine:
    """Folds the logs of one run.

    Args:
        info: What is known of the run besides its logs; may be replaced at any time.
        config: Thresholds, and the user's own formats.
        dialect: Name of the only dialect to try, or None for all.
        utc_offset: Seconds east of UTC of the zone in which logs without a zone are read.
        listener: Called with what every feed gave, for exports; it must not keep the engine.

    Attributes:
        witness: Sees every line that no format knows; to be set before the first feed.
        saves: What was found of checkpoints, None before anybody looked; may be replaced at any time.

    Raises:
        UsageError: for an unknown dialect.
    """

    def __init__(
        self,
        info: RunInfo,
        config: Config | None = None,
        *,
        dialect: str | None = None,
        utc_offset: float = 0.0,
        listener: Listener | None = None,
    ) -> None:
        self.info = info
        self.config = config or Config()
        health = self.config.health
        self.run = RunState(Limits(health.loss_growth, health.loss_ceiling))
        self._formats = formats_of(dialect, self.config.dialects)
        self._records = records_of(dialect)
        self._utc_offset = utc_offset
        self._listener = listener
        self.witness: Witness | None = None
        self.saves: Saves | None = None
        self.machines = Machines()
        self._parsers: dict[str, FileParser] = {}
        self._samples: dict[str, SampleParser] = {}
        self._view = Viewpoint(0.0, utc_offset)
        self._history = AlertHistory()
        self._courses = Courses()

    def feed(self, item: SourceItem) -> None:
        """Take the next bytes of a file, or the news that it will not grow."""
        if isinstance(item, Chunk):
            parsed = self._parser(item).feed(item)
        elif isinstance(item, FileEnded):
            parser = self._parsers.get(describe(item.file.name).base)
            if parser is None:
                return
            parsed = parser.end(item.file)
        self.run.apply(parsed)
        if self._listener:
            self._listener(parsed)

    def feed_samples(self, chunk: Chunk) -> None:
        """Take the next bytes of a file that a sampler writes; a new generation begins it anew."""
        name = chunk.file.name
        parser = self._samples.get(name)
        if parser is None or parser.file != chunk.file:
            self.machines.forget(name)
            parser = self._samples[name] = SampleParser(chunk.file)
        for sample, where in parser.feed(chunk.data):
            self.machines.add(sample, where)

    def tick(self, now: float, *, stated: bool = False) -> None:
        """Set the moment from which the run is judged; silence is only noticed by ticking.

        Args:
            now: Epoch seconds.
            stated: Whether the user gave the moment (`--now`).
        """
        self._view = Viewpoint(now, self._utc_offset, stated)

    def judge(self) -> Verdict:
        """How the run stands at the last tick, without the figures of a snapshot."""
        return self._judge(muster(self.run, self.info))

    def _judge(self, crew: Crew) -> Verdict:
        around = Surroundings(self.machines, self.saves)
        return judge(self.run, crew, self.info, self._view, self.config, around)

    def snapshot(
        self, *, loaded: float = 1.0, problems: Sequence[str] = (), wish: Wish = NO_WISH
    ) -> RunView:
        """The run as of the last tick.

        Args:
            loaded: Share of the existing bytes that has been fed.
            problems: What the sources could not read, one sentence each.
            wish: What is wanted beyond what every snapshot holds.
        """
        crew = muster(self.run, self.info)
        courses = self._courses
        courses.info = self.info
        verdict = self._judge(crew)
        progress = progress_of(crew, self.info, self._view)
        ranks = verdict.ranks
        if wish.timelines:
            ranks = with_tardiness(with_timelines(ranks, crew, self._utc_offset), crew)
        moving = verdict.status in (Status.RUNNING, Status.STARTING)
        return RunView(
            now=self._view.now,
            info=self.info,
            status=verdict.status,
            health=verdict.health,
            sentence=sentence_of(verdict, progress, self.info),
            progress=progress.progress,
            epoch_progress=progress.epoch_progress,
            eta_seconds=progress.eta_seconds if moving else None,
            eta_low=progress.eta_low if moving else None,
            eta_high=progress.eta_high if moving else None,
            eta_basis=progress.eta_basis if moving else None,
            steps_per_second=progress.steps_per_second if moving else None,
            step_unit=progress.step_unit,
            elapsed_seconds=progress.elapsed_seconds,
            started=self.info.started,
            attempt=max(crew.attempt, self.info.attempt),
            epoch=progress.epoch,
            total_epochs=progress.total_epochs,
            step=progress.step,
            total_steps=progress.total_steps,
            metrics=metric_views(crew, courses),
            ranks=ranks,
            epochs=epoch_views(crew),
            curves=curve_views(crew, courses),
            wished=wished_curves(crew, courses, wish),
            alerts=verdict.findings,
            history=self._history.take(verdict.findings, self._view.now, self._utc_offset),
            tally=self.run.tally,
            dialects=self._dialects(),
            recent=tuple(self.run.recent),
            loaded=loaded,
            files=len(self.run.files),
            problems=tuple(problems),
            leader=crew.ranks[0].who if crew.ranks else NOBODY,
            system=self.machines.view(),
            checkpoints=self.saves,
        )

    def _parser(self, chunk: Chunk) -> FileParser:
        base = describe(chunk.file.name).base
        parser = self._parsers.get(base)
        if parser is None:
            parser = self._parsers[base] = FileParser(
                chunk.file, self._formats, self.witness, self._records
            )
        return parser

    def _dialects(self) -> tuple[str, ...]:
        counts: dict[str, int] = {}
        for stream in self.run.streams():
            for name, count in stream.dialects.items():
                counts[name] = counts.get(name, 0) + count
        return tuple(sorted(counts, key=lambda name: (-counts[name], name)))
