"""Checksums and numbers, as engine/log/FORMAT.md lays them down."""

import ctypes


class _Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxhash.XXH3_128bits_withSeed.restype = _Hash128
_xxhash.XXH3_128bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]

MASK = 2**64 - 1


def checksum(data, seed):
    return _xxhash.XXH3_128bits_withSeed(bytes(data), len(data), seed).low


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def u16(data, at):
    return int.from_bytes(data[at : at + 2], "little")


def u32(data, at):
    return int.from_bytes(data[at : at + 4], "little")


def u64(data, at):
    return int.from_bytes(data[at : at + 8], "little")


def zero(data):
    return not any(data)


class Corrupt(Exception):
    pass


class Newer(Exception):
    pass


class Nothing(Exception):
    pass
