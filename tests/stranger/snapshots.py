"""Snapshots, for the reader beside this file; written from engine/log/FORMAT.md alone.

zstd is the system's library, as xxhash is: no module is needed.
"""

import ctypes
import os

from sums import Corrupt, Newer, checksum, mix, u16, u32, u64, zero

_zstd = ctypes.CDLL("libzstd.so.1")
_zstd.ZSTD_decompress.restype = ctypes.c_size_t
_zstd.ZSTD_decompress.argtypes = [
    ctypes.c_char_p,
    ctypes.c_size_t,
    ctypes.c_char_p,
    ctypes.c_size_t,
]
_zstd.ZSTD_findFrameCompressedSize.restype = ctypes.c_size_t
_zstd.ZSTD_findFrameCompressedSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
_zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
_zstd.ZSTD_getFrameContentSize.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

ENTRIES, PAYLOAD, DIRECTORY = 1, 2, 3
RAW_MAX = {ENTRIES: 36 << 20, PAYLOAD: 16 << 10, DIRECTORY: 64 << 10}
ITEMS = 8192
KNOWN_INCOMPAT = 3


def unpacked(frame, raw_len):
    """The bytes of exactly one frame that says how many they are."""
    if len(frame) < 5 or frame[4] not in (0x20, 0x40, 0x60, 0x80, 0xA0, 0xC0, 0xE0):
        raise Corrupt("frame")
    if (
        _zstd.ZSTD_findFrameCompressedSize(frame, len(frame)) != len(frame)
        or _zstd.ZSTD_getFrameContentSize(frame, len(frame)) != raw_len
    ):
        raise Corrupt("frame")
    out = ctypes.create_string_buffer(raw_len)
    if _zstd.ZSTD_decompress(out, raw_len, frame, len(frame)) != raw_len:
        raise Corrupt("frame")
    return out.raw


class Snapshot:
    """What an opening reads of the file: header, trailer, directory, and entries when asked."""

    def __init__(self, data):
        self.data = data
        self._header()
        self._trailer()
        self._directory()

    def _header(self):
        sector = self.data[:512]
        if len(sector) < 512 or sector[:8] != b"hfsnapsh":
            raise Corrupt("no header")
        self.uuid, self.epoch = bytes(sector[32:48]), u16(sector, 48)
        base = checksum(self.uuid + self.epoch.to_bytes(2, "little"), 0)
        number = u32(sector, 52)
        if u64(sector, 504) != checksum(sector[:504], seed(base, number)) or u32(sector, 8) == 0:
            raise Corrupt("header")
        if u32(sector, 8) != 2 or u32(sector, 24) & ~KNOWN_INCOMPAT:
            raise Newer("snapshot")
        self.features = u32(sector, 16) != 0 or u32(sector, 20) != 0
        self.segment, self.offset, flags = number, u32(sector, 56), u32(sector, 60)
        self.exported = flags & 1 == 1
        self.lsn, self.chain, self.incarnation = u64(sector, 64), u64(sector, 72), u64(sector, 80)
        self.setback = u64(sector, 96)
        place = self.offset == 0 if number == 0 else self.offset >= 512 and self.offset % 8 == 0
        reserved = zero(sector[28:32]) and zero(sector[50:52]) and zero(sector[104:504])
        fine = self.lsn < 2**48 and self.incarnation < 2**48 and self.setback < 2**61
        if not place or not fine or not (self.features or (reserved and flags & ~1 == 0)):
            raise Corrupt("header")
        if self.exported:
            base = checksum(sector[56:104], 0)
        self.seed = seed(base, self.lsn)

    def sum(self, data, at):
        return checksum(data, (self.seed + at) & (2**64 - 1))

    def _trailer(self):
        size = len(self.data)
        self.end = size - 64
        bytes_ = self.data[-64:]
        if size < 512 + 64 or size % 8 != 0 or bytes_[:8] != b"hfsnapen":
            raise Corrupt("no trailer")
        if u64(bytes_, 56) != self.sum(bytes_[:56], self.end) or u64(bytes_, 48) != size:
            raise Corrupt("trailer")
        self.directory, self.directory_blocks = u64(bytes_, 8), u64(bytes_, 16)
        self.entry_count, self.entries_blocks, self.payload_blocks = (
            u64(bytes_, 24),
            u64(bytes_, 32),
            u64(bytes_, 40),
        )
        if self.lsn == 0 and self.entries_blocks != 0:
            raise Corrupt("entries of an empty state")

    def block(self, at, kind):
        """The raw bytes of the block at `at`, and where it ends."""
        header = self.data[at : at + 32]
        if at + 32 > self.end or header[:4] != b"hfsb" or u64(header, 24) != self.sum(
            header[:24], at
        ):
            raise Corrupt("block at %d" % at)
        codec, stored_len, raw_len = header[5], u32(header, 8), u32(header, 12)
        stored = self.data[at + 32 : at + 32 + stored_len]
        end = at + 32 + (stored_len + 7) // 8 * 8
        fine = header[4] == kind and codec <= 1 and 1 <= raw_len <= RAW_MAX[kind]
        fine = fine and (stored_len == raw_len if codec == 0 else stored_len < raw_len)
        fine = fine and (zero(header[6:8]) or self.features)
        if not fine or end > self.end or not zero(self.data[at + 32 + stored_len : end]):
            raise Corrupt("block at %d" % at)
        if u64(header, 16) != self.sum(stored, at):
            raise Corrupt("bytes of the block at %d" % at)
        return (unpacked(stored, raw_len) if codec else stored), end

    def _directory(self):
        blocks = self.entries_blocks + self.payload_blocks
        at, items = self.directory, []
        for i in range(self.directory_blocks):
            raw, at = self.block(at, DIRECTORY)
            if len(raw) != 8 * min(ITEMS, blocks - ITEMS * i):
                raise Corrupt("directory")
            items += [u64(raw, 8 * k) for k in range(len(raw) // 8)]
        if at != self.end or len(items) != blocks:
            raise Corrupt("directory")
        starts, kinds = [item & ~7 for item in items], [item & 7 for item in items]
        if any(kind not in (ENTRIES, PAYLOAD) for kind in kinds):
            raise Corrupt("directory")
        if kinds.count(ENTRIES) != self.entries_blocks:
            raise Corrupt("directory")
        ends = starts[1:] + [self.directory]
        if (starts + [self.directory])[0] != 512 or any(a >= b for a, b in zip(starts, ends)):
            raise Corrupt("directory")
        self.blocks = list(zip(starts, kinds, ends))

    def raw_blocks(self, kind):
        for at, own, end in self.blocks:
            if own == kind:
                raw, behind = self.block(at, kind)
                if behind != end:
                    raise Corrupt("a gap behind the block at %d" % at)
                yield raw

    def entries(self):
        """(lsn, domain, kind, flags, body) of each, in order."""
        count = 0
        for raw in self.raw_blocks(ENTRIES):
            at = 0
            while at < len(raw):
                header = raw[at : at + 16]
                if len(header) < 16:
                    raise Corrupt("entry")
                lsn, length = u64(header, 0), u32(header, 12)
                known = header[10] & ~2 == 0 and header[11] == 0
                body = raw[at + 16 : at + 16 + length]
                if not 1 <= lsn <= self.lsn or len(body) < length or not (known or self.features):
                    raise Corrupt("entry")
                yield lsn, header[8], header[9], header[10], body
                at += 16 + length
                count += 1
        if count != self.entry_count:
            raise Corrupt("entries")


def seed(base, number):
    return mix((base + number * 0x9E3779B97F4A7C15) & (2**64 - 1))


def names_of(path):
    """The LSNs that names of snapshots say, the greatest first."""
    found = []
    for name in os.listdir(path):
        digits = name[9:]
        if (
            name.startswith("snapshot-")
            and len(digits) == 12
            and all(c in "0123456789abcdef" for c in digits)
            and int(digits, 16)
        ):
            found.append(int(digits, 16))
    return sorted(found, reverse=True)


class Base:
    """The snapshot that an opening begins with, and a digest of it: of every entry (the digest so
    far, u64; LSN, u64; domain, kind, flags, u8 each; body), then of the raw bytes of every payload
    block. 0, if one of those is damaged: an opening does not read them."""

    def __init__(self, snapshot):
        self.snapshot, self.entries, self.value = snapshot, 0, 0
        for lsn, domain, kind, flags, body in snapshot.entries():
            self._add(lsn.to_bytes(8, "little") + bytes([domain, kind, flags]) + body)
            self.entries += 1
        try:
            for raw in snapshot.raw_blocks(PAYLOAD):
                self._add(raw)
        except Corrupt:
            self.value = 0

    def _add(self, data):
        self.value = checksum(self.value.to_bytes(8, "little") + data, 0)


def newest(path, uuid, epoch, of_this_log):
    """The newest one that is whole and of this log; None if there is none."""
    for lsn in names_of(path):
        try:
            with open(os.path.join(path, "snapshot-%012x" % lsn), "rb") as file:
                snapshot = Snapshot(file.read())
            ours = snapshot.uuid == uuid and snapshot.epoch == epoch and snapshot.lsn == lsn
            if ours and not snapshot.exported and of_this_log(snapshot):
                return Base(snapshot)
        except Corrupt:
            continue
    return None
