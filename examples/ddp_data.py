"""The data of the example: images of shapes, rendered from a seed into files ("shards").

Files are shared among ranks and their loader workers, and each worker makes whole batches of its
own files. Everything follows from (seed, epoch), so a resumed training sees the same batches.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from ddp_dist import World
from ddp_faults import Faults, Point
from ddp_logs import DebugLog
from ddp_model import IMAGE_SIZE
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

SAMPLES_PER_SHARD = 12
READ_ERRORS = (OSError, RuntimeError, EOFError)


def render_shapes(count: int, generator: torch.Generator) -> Tensor:
    """Grey images [count, 1, 28, 28] of discs, squares, rings and crosses; uint8."""

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, generator=generator)

    axis = torch.arange(IMAGE_SIZE, dtype=torch.float32)
    radius = draw(4, 9)
    dx = (axis[None, None, :] - draw(9, 19)).abs()
    dy = (axis[None, :, None] - draw(9, 19)).abs()
    disc = dx**2 + dy**2 < radius**2
    square = torch.maximum(dx, dy) < radius
    ring = disc & (dx**2 + dy**2 > (0.6 * radius) ** 2)
    cross = square & (torch.minimum(dx, dy) < 0.35 * radius)
    shapes = torch.stack([disc, square, ring, cross])
    kind = torch.randint(4, (count,), generator=generator)
    chosen = shapes[kind, torch.arange(count)]
    return (255 * draw(0.5, 1) * chosen).to(torch.uint8)[:, None]


@dataclass(frozen=True)
class ShardSet:
    """One split of the data, in files under `directory`."""

    directory: Path
    count: int
    seed: int

    @property
    def name(self) -> str:
        return self.directory.name

    def path(self, shard: int) -> Path:
        return self.directory / f"shard_{shard:05d}.pt"

    def render(self, shard: int) -> Tensor:
        split = sum(self.name.encode())
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + split * 100_003 + shard)
        return render_shapes(SAMPLES_PER_SHARD, generator)

    def write(self) -> None:
        """Write all files, unless a previous attempt has written the same ones."""
        manifest = self.directory / "manifest.json"
        stated = json.dumps({"count": self.count, "seed": self.seed})
        if manifest.exists() and manifest.read_text() == stated:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        for shard in range(self.count):
            part = self.path(shard).with_suffix(f".{os.getpid()}.tmp")
            torch.save(self.render(shard), part)
            part.replace(self.path(shard))
        manifest.write_text(stated)

    def read(self, shard: int) -> Tensor:
        return cast("Tensor", torch.load(self.path(shard), weights_only=True))


@dataclass(frozen=True)
class Share:
    """How one split is divided: the same number of files for every worker of every rank."""

    ranks: int
    workers: int
    files: int
    batch_size: int

    @property
    def files_per_worker(self) -> int:
        return self.files // (self.ranks * self.workers)

    @property
    def batches_per_worker(self) -> int:
        return self.files_per_worker * SAMPLES_PER_SHARD // self.batch_size

    @property
    def batches(self) -> int:
        """Batches of one rank in one epoch."""
        return self.batches_per_worker * self.workers


@dataclass(eq=False)
class ShardStream(IterableDataset[Tensor]):
    """One rank's batches [batch, 1, 28, 28] of one epoch, from batch `first` on."""

    shards: ShardSet
    share: Share
    rank: int
    log: DebugLog
    faults: Faults
    epoch: int = 0
    first: int = 0
    training: bool = True

    def __iter__(self) -> Iterator[Tensor]:
        info = get_worker_info()
        worker = info.id if info else 0
        # The loader asks its workers in turn, beginning with worker 0: after a resume worker 0
        # continues the work of the one whose turn it was.
        role = (worker + self.first) % self.share.workers
        files = self.files_of(role)
        place = (worker, self.share.workers, self.share.ranks)
        self.log.file_share(place, (len(files), self.share.files), self.shards.name)
        samples = 0
        for batch, images in self.batches_of(files, role, worker):
            overall = self.epoch * self.share.batches + batch
            if self.training:
                self.faults.reach(Point.LOADER, overall)
            if self.training and self.faults.strikes("uneven", overall):
                break
            samples += len(images)
            yield images
        self.log.completed(worker, samples)

    def files_of(self, role: int) -> list[int]:
        """The files of one worker in this epoch, the same number for all."""
        order = list(range(self.share.files))
        if self.training:
            order = torch.randperm(self.share.files, generator=self._generator(0)).tolist()
        step = self.share.ranks * self.share.workers
        mine = order[self.rank * self.share.workers + role :: step]
        return mine[: self.share.files_per_worker]

    def batches_of(self, files: list[int], role: int, worker: int) -> Iterator[tuple[int, Tensor]]:
        """(index within the epoch, images) of each batch that is still to be done."""
        done = len(range(role, self.first, self.share.workers))
        skip = done * self.share.batch_size
        rest = torch.empty(0, 1, IMAGE_SIZE, IMAGE_SIZE)
        for shard in files:
            if skip >= SAMPLES_PER_SHARD:
                skip -= SAMPLES_PER_SHARD
                continue
            rest = torch.cat([rest, self._images(shard, worker)[skip:]])
            skip = 0
            while len(rest) >= self.share.batch_size:
                yield done * self.share.workers + role, rest[: self.share.batch_size]
                rest = rest[self.share.batch_size :]
                done += 1

    def _images(self, shard: int, worker: int) -> Tensor:
        try:
            raw = self.shards.read(shard)
        except READ_ERRORS as error:
            # The batch count must not depend on a bad file, or the ranks would wait for each
            # other; these images can be rendered anew.
            self.log.bad_shard(worker, self.shards.path(shard), error)
            raw = self.shards.render(shard)
        if self.training:
            raw = raw[torch.randperm(len(raw), generator=self._generator(1 + shard))]
        return (raw.float() / 255 - 0.15) / 0.3

    def _generator(self, stream: int) -> torch.Generator:
        seed = (self.shards.seed * 10_007 + self.epoch) * 100_003 + stream
        return torch.Generator().manual_seed(seed)

    def damage(self, batch: int) -> None:
        """Cut the file that holds this rank's batch, so that it cannot be read."""
        files = self.files_of(batch % self.share.workers)
        place = batch // self.share.workers * self.share.batch_size // SAMPLES_PER_SHARD
        os.truncate(self.shards.path(files[place]), 100)


def make_loader(stream: ShardStream, num_workers: int) -> DataLoader[Tensor]:
    # A generator of its own: the loader must not draw from the rank's random state, which a
    # resumed training has to find as it was.
    generator = torch.Generator().manual_seed(stream.epoch)
    return DataLoader(stream, batch_size=None, num_workers=num_workers, generator=generator)


def prepare_shards(root: Path, name: str, samples: int, seed: int, world: World) -> ShardSet:
    """Files for `samples` images, written by one rank of each node."""
    shards = ShardSet(root / name, samples // SAMPLES_PER_SHARD, seed)
    if world.local_rank == 0:
        shards.write()
    world.barrier()
    return shards
