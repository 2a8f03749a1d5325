"""How the data were shared and read: uneven shares, workers that ended early, unreadable shards."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Category, Confidence, DiagnosedPhase, Proof, Verdict
from trainwatch.diagnose.lead import Lead
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.words import plural, ranks_words
from trainwatch.diagnose.work import Done, Share
from trainwatch.events import Evidence, RankId

_UNEVEN = 0.05
"""Share of the usual amount by which ranks may differ: a last, smaller file is no finding."""

MAX_PROOFS = 4


def shares(case: Case) -> Iterator[Lead]:
    """Notes on the data; they explain a hang, and are worth a word beside any verdict."""
    yield from _uneven_shares(case)
    yield from _early_workers(case)
    yield from _bad_shards(case)


def _note(
    name: str, summary: str, proofs: list[Proof], category: Category | None = Category.UNEVEN_INPUTS
) -> Lead:
    return Lead(
        name=name,
        category=category,
        verdict=Verdict.UNDECIDED,
        standing=Standing.CONTEXT,
        summary=summary,
        phase=DiagnosedPhase.DATA_LOADING,
        confidence=Confidence.POSSIBLE,
        proofs=tuple(proofs[:MAX_PROOFS]),
        refute="if the loader evens it out, so that every rank makes the same number of batches",
        advice=("share the files evenly, or use drop_last, or Join",),
    )


def _uneven_shares(case: Case) -> Iterator[Lead]:
    """Files of each rank, over its loader workers."""
    by_set: dict[str, dict[RankId, list[Share]]] = defaultdict(lambda: defaultdict(list))
    for log in case.gathering.logs.values():
        for share in log.work.shares.values():
            by_set[share.dataset][share.who].append(share)
    for dataset, ranks in sorted(by_set.items()):
        del dataset
        whole = {
            who: sum({share.worker: share.files for share in some}.values())
            for who, some in ranks.items()
            if len({share.worker for share in some}) >= some[0].workers
        }
        odd = _odd(whole, max((some[0].workers for some in ranks.values()), default=1))
        if odd:
            few = ranks_words(odd)
            amount = ", ".join(str(whole[who]) for who in odd[:3])
            proofs = [Proof(ranks[who][0].evidence, "its share of the files") for who in odd]
            usual = median(whole.values())
            yield _note(
                "uneven_shares",
                f"the files are not shared evenly: {few} has {amount}, the usual share is {usual:g}",
                proofs,
            )


def _odd(amounts: dict[RankId, int], tolerated: int) -> list[RankId]:
    if len(amounts) < 2:  # noqa: PLR2004 - nothing to compare with
        return []
    usual = median(amounts.values())
    limit = max(tolerated, _UNEVEN * usual)
    return sorted(
        (who for who, amount in amounts.items() if abs(amount - usual) > limit),
        key=lambda who: who.sort_key,
    )


def _early_workers(case: Case) -> Iterator[Lead]:
    """A loader worker that ended with fewer samples than is usual for it and its like."""
    done = [one for log in case.gathering.logs.values() for one in log.work.done]
    workers = [one for one in done if one.worker is not None and one.epoch is not None]
    groups: dict[object, list[Done]] = defaultdict(list)
    for one in workers:
        groups[one.split].append(one)
    early: list[Done] = []
    for group in groups.values():
        usual = median(one.amount for one in group)
        few = 3
        if len(group) >= few:
            early += [one for one in group if one.amount < (1 - _UNEVEN) * usual]
    newest = {(one.who, one.worker): one for one in early}
    if newest and len(newest) < len({(one.who, one.worker) for one in workers}):
        whose = ranks_words([who for who, _ in newest])
        first = next(iter(newest.values()))
        yield _note(
            "early_worker",
            f"{plural(len(newest), 'loader worker')} of {whose} ended early, after {first.amount}"
            " samples",
            [Proof(one.evidence, "it ended with fewer samples") for one in newest.values()],
        )


def _bad_shards(case: Case) -> Iterator[Lead]:
    """Files that could not be read; each is reported in several logs, and counts once a log."""
    lines: dict[RankId, tuple[str, list[Evidence]]] = {}
    for base, log in sorted(case.gathering.logs.items()):
        for who, evidence in log.work.shard_errors.items():
            lines.setdefault(who, (base, evidence))
    if not lines:
        return
    count = max(len(evidence) for _, evidence in lines.values())
    yield _note(
        "bad_shards",
        f"{plural(count, 'read error')} of data files on {ranks_words(lines)}",
        [Proof(evidence[0], "a file that could not be read") for _, evidence in lines.values()],
        None,
    )
