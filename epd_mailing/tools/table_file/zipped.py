"""A ZIP with one register: unpacked to a temporary file, within bounds."""

import tempfile
import zipfile
import zlib
from typing import BinaryIO

from .errors import TableError
from .reader import Limits

BLOCK = 2**20
_CP437 = frozenset(bytes(range(256)).decode("cp437"))


def decode_name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry: ZIPs of Windows Explorer hold Russian names in code page 866."""
    name = info.filename
    if not info.flag_bits & 0x800 and all(ord(c) < 128 or c in _CP437 for c in name):
        return name.encode("cp437").decode("cp866")
    return name


def unpack(stream: BinaryIO, info: zipfile.ZipInfo, limits: Limits) -> BinaryIO:
    """Return an entry of a ZIP as a temporary file.

    :raise TableError: ``encrypted``, ``bomb``, ``too_big``, ``damaged``
    """
    if info.flag_bits & 1:
        raise TableError("encrypted")
    if info.file_size > limits.unpacked:
        raise TableError("too_big", detail=str(limits.unpacked // 2**20))
    if info.file_size > 2**20 and info.file_size > limits.ratio * max(info.compress_size, 1):
        raise TableError("bomb")
    target = tempfile.TemporaryFile()
    left = info.file_size
    try:
        with zipfile.ZipFile(stream) as archive, archive.open(info) as source:
            while block := source.read(BLOCK):
                left -= len(block)
                if left < 0:
                    raise TableError("bomb")
                target.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError,
            RuntimeError) as error:  # fmt: skip
        target.close()
        if isinstance(error, TableError):
            raise
        raise TableError("damaged", detail=type(error).__name__) from error
    if not target.tell():
        target.close()
        raise TableError("empty")
    target.seek(0)
    return target
