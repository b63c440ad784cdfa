"""Bytes → the modules of a QR code: level M, one segment in byte mode, no ECI (ISO/IEC 18004).

Why our own: a payment code must be read by the applications of all banks, and only a code without an
ECI designator and with all of its text in one byte segment is. ``zxing-cpp`` 3.1 writes an ECI, or (with
``eci=0``) cuts the text into numeric, alphanumeric and byte segments, of which OpenCV read none; ``segno``
and ``qrcodegen`` write what we want in 7 and 30 ms. This takes a fifth of a millisecond. The tests hold
each version against ``qrcodegen``, bit by bit; ``make bench PARTS=codes`` measures all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

# version: (bytes of error correction a block, blocks, data bytes of all blocks); ISO/IEC 18004, table 9, level M
LEVEL_M = (
    (10, 1, 16),
    (16, 1, 28),
    (26, 1, 44),
    (18, 2, 64),
    (24, 2, 86),
    (16, 4, 108),
    (18, 4, 124),
    (22, 4, 154),
    (22, 5, 182),
    (26, 5, 216),
    (30, 5, 254),
    (22, 8, 290),
    (22, 9, 334),
    (24, 9, 365),
    (24, 10, 415),
    (28, 10, 453),
    (28, 11, 507),
    (26, 13, 563),
    (26, 14, 627),
    (26, 16, 669),
    (26, 17, 714),
    (28, 17, 782),
    (28, 18, 860),
    (28, 20, 914),
    (28, 21, 1000),
    (28, 23, 1062),
    (28, 25, 1128),
    (28, 26, 1193),
    (28, 28, 1267),
    (28, 29, 1373),
    (28, 31, 1455),
    (28, 33, 1541),
    (28, 35, 1631),
    (28, 37, 1725),
    (28, 38, 1812),
    (28, 40, 1914),
    (28, 43, 1992),
    (28, 45, 2102),
    (28, 47, 2216),
    (28, 49, 2334),
)
BYTE_MODE = 0b0100
LEVEL_BITS = 0b00  # M
# one of the eight for all, as choosing costs milliseconds: of 270 pictures of ten receipts' codes ZXing, at one
# look each, read 166 (mask 3) to 212 (mask 6); jsQR 195 to 206, OpenCV and zbar see little difference
MASK = 6
FORMAT_GENERATOR, FORMAT_XOR = 0x537, 0x5412
VERSION_GENERATOR = 0x1F25
FIELD_POLYNOMIAL = 0x11D


class TooMuchDataError(ValueError):
    """The bytes do not fit the largest QR code of level M."""


@dataclass(frozen=True)
class QrMatrix:
    """The modules of a code: ``modules`` is a text of ``size``² signs, row by row, "1" is dark."""

    size: int
    version: int
    modules: str

    def rows(self) -> list[str]:
        """Return the rows, texts of "0" and "1"."""
        return [
            self.modules[place : place + self.size]
            for place in range(0, len(self.modules), self.size)
        ]


@dataclass(frozen=True)
class _Layout:
    """What is the same in every code of a version."""

    size: int
    pick: Callable[[str], tuple[str, ...]]  # for each module its place in: data bits + "0" + "1"
    mask: int  # of the data modules, as one number


def encode(data: bytes, version: int = 0) -> QrMatrix:
    """Return the code of ``data`` (bytes) in the smallest version that holds it.

    :param version: 1 to 40 asks for this one (0: the smallest)
    :raise TooMuchDataError: more than 2331 bytes, or more than ``version`` holds
    """
    version = version or smallest_version(len(data))
    layout = _layout(version)
    bits = _message(data, version) + "01"
    modules = int("".join(layout.pick(bits)), 2) ^ layout.mask
    return QrMatrix(layout.size, version, format(modules, f"0{layout.size**2}b"))


def size_of(version: int) -> int:
    """Return the modules of a side of a code, without the quiet zone."""
    return 4 * version + 17


def _count_bits(version: int) -> int:
    return 8 if version < 10 else 16


def smallest_version(length: int) -> int:
    """Return the version that holds ``length`` bytes.

    :raise TooMuchDataError: none does
    """
    for version, (_error, _blocks, capacity) in enumerate(LEVEL_M, 1):
        if 4 + _count_bits(version) + 8 * length <= 8 * capacity:
            return version
    raise TooMuchDataError(f"{length} bytes do not fit a QR code of level M")


def _message(data: bytes, version: int) -> str:
    """Return the bits in the order in which they lie in the code: data, then error correction."""
    error, count, capacity = LEVEL_M[version - 1]
    bits = _count_bits(version)
    room = 8 * capacity - 4 - bits - 8 * len(data)
    if room < 0:
        raise TooMuchDataError(f"{len(data)} bytes do not fit version {version}")
    stream = (BYTE_MODE << bits | len(data)) << 8 * len(data) | int.from_bytes(data, "big")
    stream <<= min(4, room)  # the end mark; capacity is whole bytes, and 4 + 8n + 4 bits are, too
    used = (4 + bits + 8 * len(data) + min(4, room)) // 8
    padding = (b"\xec\x11" * (capacity // 2 + 1))[: capacity - used]
    words = stream.to_bytes(used, "big") + padding
    short, longer = divmod(capacity, count)
    blocks, place = [], 0
    for number in range(count):
        length = short + (number >= count - longer)
        blocks.append(words[place : place + length])
        place += length
    tails = [_error_correction(block, error) for block in blocks]
    ordered = bytearray()
    for number in range(short):
        ordered += bytes(block[number] for block in blocks)
    ordered += bytes(block[short] for block in blocks[count - longer :] if longer)
    for column in zip(*tails, strict=True):
        ordered += bytes(column)
    left_over = len(_data_places(version)) - 8 * len(ordered)
    return format(int.from_bytes(ordered, "big"), f"0{8 * len(ordered)}b") + "0" * left_over


@lru_cache
def _field() -> tuple[list[int], dict[int, int]]:
    powers, value = [], 1
    for _power in range(255):
        powers.append(value)
        value <<= 1
        if value & 0x100:
            value ^= FIELD_POLYNOMIAL
    logs = {value: power for power, value in enumerate(powers)}
    return powers, logs


def _multiply(left: int, right: int) -> int:
    powers, logs = _field()
    return powers[(logs[left] + logs[right]) % 255] if left and right else 0


@lru_cache
def _multiples(degree: int) -> list[int]:
    """Return for each byte its multiple of the generator polynomial, the leading term skipped."""
    powers, _logs = _field()
    generator = [1]
    for power in range(degree):
        longer = [*generator, 0]
        for place, term in enumerate(generator):
            longer[place + 1] ^= _multiply(term, powers[power])
        generator = longer
    return [
        int.from_bytes(bytes(_multiply(byte, term) for term in generator[1:]), "big")
        for byte in range(256)
    ]


def _error_correction(block: bytes, degree: int) -> bytes:
    multiples, top, low = _multiples(degree), 8 * (degree - 1), (1 << 8 * (degree - 1)) - 1
    rest = 0
    for byte in block:
        rest = (rest & low) << 8 ^ multiples[byte ^ rest >> top]
    return rest.to_bytes(degree, "big")


def _checked(value: int, generator: int, length: int) -> int:
    """Return ``value`` with the remainder of its BCH code behind it."""
    rest = value << length
    for shift in range(rest.bit_length() - length - 1, -1, -1):
        if rest >> shift + length & 1:
            rest ^= generator << shift
    return value << length | rest


def _alignment(version: int) -> list[int]:
    """Return the coordinates of the centres of alignment patterns."""
    if version == 1:
        return []
    count, last = version // 7 + 2, 4 * version + 10
    # all steps but the first are equal and even; version 32 is the standard's own exception
    step = 26 if version == 32 else -(-(last - 6) // (2 * (count - 1))) * 2
    return [6, *(last - step * place for place in range(count - 2, -1, -1))]


@lru_cache
def _function_modules(version: int) -> dict[tuple[int, int], bool]:
    """Return ``{(row, column): dark}`` of all that is not data."""
    size = size_of(version)
    modules = {}
    for corner_row, corner_column in ((0, 0), (0, size - 7), (size - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                ring = max(abs(row - 3), abs(column - 3))
                place = corner_row + row, corner_column + column
                if 0 <= place[0] < size and 0 <= place[1] < size:
                    modules[place] = ring not in (2, 4)
    for step in range(8, size - 8):
        modules[6, step] = modules[step, 6] = step % 2 == 0
    centres = _alignment(version)
    for row in centres:
        for column in centres:
            if (row, column) in ((6, 6), (6, size - 7), (size - 7, 6)):
                continue
            for down in range(-2, 3):
                for right in range(-2, 3):
                    modules[row + down, column + right] = max(abs(down), abs(right)) != 1
    form = _checked(LEVEL_BITS << 3 | MASK, FORMAT_GENERATOR, 10) ^ FORMAT_XOR
    for bit in range(15):
        dark = bool(form >> bit & 1)
        first = (bit + (bit > 5), 8) if bit < 8 else (8, 14 - bit + (bit == 8))
        second = (8, size - 1 - bit) if bit < 8 else (size - 15 + bit, 8)
        modules[first] = modules[second] = dark
    modules[size - 8, 8] = True
    if version > 6:
        number = _checked(version, VERSION_GENERATOR, 12)
        for bit in range(18):
            row, column = bit // 3, size - 11 + bit % 3
            modules[row, column] = modules[column, row] = bool(number >> bit & 1)
    return modules


@lru_cache
def _data_places(version: int) -> list[tuple[int, int]]:
    """Return the places of the bits of the message: up and down in pairs of columns, from the right."""
    size, taken = size_of(version), _function_modules(version)
    places = []
    columns = [*range(size - 1, 6, -2), 5, 3, 1]
    for number, right in enumerate(columns):
        rows = range(size) if number % 2 else range(size - 1, -1, -1)
        places += [
            (row, column)
            for row in rows
            for column in (right, right - 1)
            if (row, column) not in taken
        ]
    return places


def _masks(row: int, column: int) -> bool:
    """Tell whether mask 6 turns the module over."""
    return (row * column % 2 + row * column % 3) % 2 == 0


@lru_cache
def _layout(version: int) -> _Layout:
    size, places, fixed = size_of(version), _data_places(version), _function_modules(version)
    order = {place: number for number, place in enumerate(places)}
    every = [(row, column) for row in range(size) for column in range(size)]
    picks = [order[place] if place in order else len(places) + fixed[place] for place in every]
    mask = "".join("1" if place in order and _masks(*place) else "0" for place in every)
    return _Layout(size, itemgetter(*picks), int(mask, 2))
