"""Which counters of `pg_status` belong to which process group.

The counters are kept under numbers, the groups under names, and only entries state both. A dump
that holds nothing but open calls may have no entry of a group, or none at all. Both lists then
still follow the order in which the groups were made; that is believed where the lists are of one
length and no entry contradicts it, in this dump or in any other.
"""

from collections.abc import Mapping

from trainwatch.diagnose.recorder.dump import Dump, GroupStatus

Counters = dict[str, GroupStatus]


def counters_of(dumps: Mapping[int, Dump]) -> dict[int, Counters]:
    """The counters of each rank's groups, by the group's name, as far as they can be told."""
    orders = {rank: _by_order(dump) for rank, dump in dumps.items()}
    believed = _confirmed(dumps, orders)
    return {
        rank: _named(dump, (orders[rank] if believed else {}) | _by_entries(dump))
        for rank, dump in dumps.items()
    }


def _named(dump: Dump, names: Mapping[int, str]) -> Counters:
    return {names[number]: status for number, status in dump.status.items() if number in names}


def _by_entries(dump: Dump) -> dict[int, str]:
    return {entry.group_id: entry.group for entry in dump.entries if entry.group_id is not None}


def _by_order(dump: Dump) -> dict[int, str]:
    """Numbers and names side by side in the order of their making; names must be numbers too."""
    names = [config.name for config in dump.configs]
    if len(names) != len(dump.status) or not all(name.isdecimal() for name in names):
        return {}
    return dict(zip(sorted(dump.status), sorted(names, key=int), strict=True))


def _confirmed(dumps: Mapping[int, Dump], orders: Mapping[int, Mapping[int, str]]) -> bool:
    """Whether entries bear the order out: at least once, and against it never."""
    told = [
        orders[rank][number] == name
        for rank, dump in dumps.items()
        for number, name in _by_entries(dump).items()
        if number in orders[rank]
    ]
    return bool(told) and all(told)
