"""Pickled dumps are opened without ever running anything that is in them.

Two walls. A look at every opcode first, which lets only those through that build plain values, in
amounts that the size of the file can justify. Then an unpickler that finds no class, whatever it
is asked for. Dumps of torch hold dicts, lists, flat tuples, strings, numbers, booleans and None.
"""

import io
import pickle  # noqa: TID251 - the refusing unpickler itself, behind the check of every opcode
import pickletools
from collections.abc import Iterator
from typing import NoReturn

from trainwatch.diagnose.recorder.dump import DumpError

MAX_OPCODES = 8_000_000
"""About 80,000 entries with their stacks; the recorder keeps 2,000 unless told otherwise."""
MAX_INTEGER_BYTES = 8
MAX_TUPLE = 64
"""Values in one tuple: it is hashed anew each time it serves as a key."""

_BROKEN = (
    pickle.UnpicklingError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
)
"""What the standard library raises over bytes that are no pickle, or half of one."""


def unpickle(data: bytes) -> object:
    """Plain values out of a pickle.

    Raises:
        DumpError: It is cut off or no pickle, or it holds more than plain values.
    """
    try:
        _inspect(data)
        return _Refusing(io.BytesIO(data), encoding="utf-8", errors="replace").load()
    except _BROKEN as error:
        raise DumpError(_what_broke(data)) from error


class _Refusing(pickle.Unpickler):
    """The second wall: reached only by opcodes that need neither method."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        del module_name, global_name
        raise DumpError("it asks for a class, which a dump never does; it was not opened.")

    def persistent_load(self, pid: object, /) -> NoReturn:
        del pid
        raise DumpError("it asks for outside data, which a dump never does; it was not opened.")


def _what_broke(data: bytes) -> str:
    if data.endswith(pickle.STOP):
        return "it is damaged: its pickle cannot be followed to the end."
    return "it is cut off: the pickle has no end, so the file was only half written."


_BY_NAME = {opcode.name: opcode for opcode in pickletools.opcodes}
_CODES = {ord(opcode.code): opcode.name for opcode in pickletools.opcodes}


def _named(names: str) -> frozenset[int]:
    return frozenset(ord(_BY_NAME[name].code) for name in names.split())


_SCALARS = _named(
    "NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT SHORT_BINSTRING BINSTRING "
    "SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINBYTES BINBYTES"
)
_PUTS = _named("BINPUT LONG_BINPUT")
_GETS = _named("BINGET LONG_BINGET")
_IDLE = _named("FRAME PROTO")
_OTHERS = _named(
    "STOP MARK EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS LIST EMPTY_DICT "
    "SETITEM SETITEMS DICT"
)
_LONG, _MEMOIZE, _TUPLE = pickle.LONG1[0], pickle.MEMOIZE[0], pickle.TUPLE[0]
_STOP, _MARK = pickle.STOP[0], pickle.MARK[0]
_HELD = {pickle.TUPLE1[0]: 1, pickle.TUPLE2[0]: 2, pickle.TUPLE3[0]: 3}
"""How many values the short tuples take."""
_CALLS = frozenset(
    {"GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1"}
    | {"EXT2", "EXT4", "PERSID", "BINPERSID"}
)
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
"""How many bytes state how many more follow."""


def _argument(code: int) -> tuple[int, bool]:
    """How many bytes an opcode's number has, and whether as many more follow as it says."""
    argument = _BY_NAME[_CODES[code]].arg
    if argument is None:
        return 0, False
    counted = _LENGTHS.get(argument.n)
    return (argument.n, False) if counted is None else (counted, True)


_ARGUMENTS = {
    code: _argument(code) for code in _SCALARS | _PUTS | _GETS | _IDLE | _OTHERS | {_MEMOIZE}
}


def _opcodes(data: bytes) -> Iterator[tuple[int, int]]:
    """Every opcode with its number: an index, a value or a length.

    `pickletools.genops` decodes every string as well, which takes five times as long.
    """
    place = 0
    for _ in range(MAX_OPCODES):
        code = data[place]  # an IndexError where the file was cut off
        if code not in _ARGUMENTS:
            raise DumpError(_refusal(_CODES.get(code)))
        width, counted = _ARGUMENTS[code]
        place += 1
        number = int.from_bytes(data[place : place + width], "little") if width else 0
        place += width + number if counted else width
        yield code, number
        if code == _STOP:
            return
    raise DumpError(f"it has more than {MAX_OPCODES:,} parts, too many for a dump.")


def _inspect(data: bytes) -> None:
    """Follow the opcodes as far as the harm that plain values can do requires.

    - The unpickler makes its memo as long as the largest index: an index must be justified by
      what was memoised before it.
    - Hashing a tuple of tuples of tuples, each shared twice, takes time 2^depth, and a deep one
      overruns the C stack. Tuples in dumps are flat, so a tuple may hold a few scalars alone.
    - Equal hashes of long integers would make dicts slow: integers have 64 bits.
    """
    memo: list[bool] = []  # whether a scalar is kept there
    scalars, before, newest = 0, 0, False  # in a row, the opcode before that row, the last push
    for code, number in _opcodes(data):
        if code in _PUTS:
            _memoise(memo, number, newest)
        elif code == _MEMOIZE:
            memo.append(newest)
        elif code in _SCALARS or (code in _GETS and number < len(memo) and memo[number]):
            _check_integer(code, number)
            scalars, newest = scalars + 1, True
        elif code not in _IDLE:
            _check_tuple(code, scalars, before)
            scalars, before, newest = 0, code, False


def _check_integer(code: int, length: int) -> None:
    if code == _LONG and length > MAX_INTEGER_BYTES:
        raise DumpError("it holds an integer of more than 64 bits, which a dump never does.")


def _memoise(memo: list[bool], index: int, scalar: bool) -> None:
    if index > len(memo):
        raise DumpError("it numbers its values in leaps, which a dump never does.")
    memo[index : index + 1] = [scalar]


def _check_tuple(code: int, scalars: int, before: int) -> None:
    flat = before == _MARK if code == _TUPLE else scalars >= _HELD.get(code, 0)
    if not flat:
        raise DumpError("it nests tuples, which a dump never does.")
    if code == _TUPLE and scalars > MAX_TUPLE:
        raise DumpError("it holds a tuple that is longer than any in a dump.")


def _refusal(name: str | None) -> str:
    if name in _CALLS:
        return (
            f"it is a pickle that wants to run code ({name}); no dump does, and nothing in it ran."
        )
    return f"it is a pickle of another kind ({name or 'with unknown parts'}), not a dump."
