#!/usr/bin/env python3
"""A reader of holdfast stores that shares nothing with the engine: written from
engine/log/FORMAT.md alone.

For each directory named as an argument (or, with `-`, on a line of standard input) it prints one
line:

    verdict segment offset last_lsn entries hash [snapshot_lsn entries hash]

verdict, of an opening that writes: clean, unclean (a crash: the log ends as said), empty-clean,
empty-unclean, corrupt, newer or none (no store); backup, where bit 1 forbids such an opening and
the rest is as of one that reads. Bodies are not judged. segment and offset say where the log ends,
hash covers every entry in order (see Digest) that is replayed: behind the snapshot that an opening
begins with, if it begins with one. Of that the last three fields tell (see Base). For corrupt,
newer and none the other fields are 0.
Where it and the engine disagree, one of the two, or the page, is wrong. It reads, and never writes.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

import snapshots  # noqa: E402
from sums import Corrupt, Newer, Nothing, checksum, mix, u16, u32, u64, zero  # noqa: E402

MASK = 2**64 - 1
LSN_MAX = 2**48 - 1
JUMP = 2**20


class Digest:
    """Over every entry: the digest so far (u64), LSN (u64), at (i64), domain, kind, flags (u8
    each), body."""

    def __init__(self):
        self.value = 0
        self.entries = 0

    def add(self, lsn, header, body):
        known = (
            self.value.to_bytes(8, "little")
            + lsn.to_bytes(8, "little")
            + header[8:16]
            + header[4:7]
            + body
        )
        self.value = checksum(known, 0)
        self.entries += 1


# --- The frozen head, IDENTITY, WITNESS
# ---------------------------------------------------------------------------------------


class Head:
    def __init__(self, sector):
        self.major, self.minor = u32(sector, 8), u32(sector, 12)
        self.compat, self.ro_compat, self.incompat = (
            u32(sector, 16),
            u32(sector, 20),
            u32(sector, 24),
        )
        self.uuid, self.epoch, self.number = bytes(sector[32:48]), u16(sector, 48), u32(sector, 52)

    def check(self):
        """Of a sector whose magic and checksum hold."""
        if self.major == 0:
            raise Corrupt("major 0")
        if self.major != 2 or self.incompat & ~snapshots.KNOWN_INCOMPAT:
            raise Newer("major %d, incompat %x" % (self.major, self.incompat))

    def unknown_features(self):
        return self.compat != 0 or self.ro_compat != 0


def head_reserved_zero(sector):
    return zero(sector[28:32]) and zero(sector[50:52])


class Store:
    def __init__(self, path):
        self.path = path
        try:
            with open(os.path.join(path, "IDENTITY"), "rb") as file:
                sector = file.read()
        except FileNotFoundError:
            raise Nothing("no IDENTITY") from None
        if (
            len(sector) < 512
            or sector[:8] != b"hfstore\n"
            or u64(sector, 504) != checksum(sector[:504], 0)
        ):
            raise Corrupt("IDENTITY")
        head = Head(sector)
        head.check()
        if u32(sector, 60) != 0 or u32(sector, 64) not in (0, 512, 4096):
            raise Newer("sync method or padding")
        size = u32(sector, 56)
        if (
            len(sector) != 512
            or head.number != 0
            or not 16384 <= size <= 2**30
            or size % 4096 != 0
        ):
            raise Corrupt("IDENTITY")
        if head.ro_compat != 0:
            raise Newer("ro_compat")
        self.features = head.unknown_features()
        if not self.features and not (
            head_reserved_zero(sector) and zero(sector[68:72]) and zero(sector[88:504])
        ):
            raise Corrupt("IDENTITY, reserved bytes")
        self.uuid, self.epoch = head.uuid, head.epoch
        self.behind, self.backup = head.incompat & 1 != 0, head.incompat & 2 != 0
        self.base = checksum(self.uuid + self.epoch.to_bytes(2, "little"), 0)

    def seed(self, number):
        return mix((self.base + number * 0x9E3779B97F4A7C15) & MASK)

    def witness_file(self):
        try:
            with open(os.path.join(self.path, "WITNESS"), "rb") as file:
                return file.read()
        except FileNotFoundError:
            raise Corrupt("no WITNESS") from None

    def witness(self, data):
        words = [word for word in (self._slot(data, 0), self._slot(data, 1)) if word]
        return max(words, key=lambda word: word.generation) if words else None

    def _slot(self, data, index):
        sector = data[4096 * index : 4096 * index + 512]
        if len(sector) < 512 or sector[:8] != b"hfwitnes":
            return None
        word = Word(sector)
        if u64(sector, 504) != checksum(sector[:504], self.seed(word.generation)):
            return None
        reserved = zero(sector[57:58]) and zero(sector[60:64]) and zero(sector[88:504])
        possible = (
            word.offset == 0 if word.segment == 0 else word.offset >= 512 and word.offset % 8 == 0
        )
        fine = (
            word.generation != 0
            and word.generation & 1 == index
            and sector[56] <= 1
            and word.epoch == self.epoch
        )
        return (
            word
            if fine and possible and word.lsn <= LSN_MAX and (reserved or self.features)
            else None
        )


class Word:
    @staticmethod
    def of(snapshot):
        """It was taken when the log was durable up to it."""
        word = Word(bytes(512))
        word.segment, word.offset = snapshot.segment, snapshot.offset
        word.lsn, word.chain = snapshot.lsn, snapshot.chain
        return word

    def __init__(self, sector):
        self.generation = u64(sector, 8)
        self.segment, self.offset = u32(sector, 32), u32(sector, 36)
        self.lsn, self.chain = u64(sector, 40), u64(sector, 48)
        self.clean, self.epoch = sector[56] == 1, u16(sector, 58)


# --- Segments
# --------------------------------------------------------------------------------------------------


class Segment:
    """A file in the directory; `valid` says whether its header is."""

    def __init__(self, store, number, data):
        self.store, self.number, self.data = store, number, data
        self.valid = self.whole = self.foreign = False
        sector = data[:512]
        if len(sector) == 512 and sector[:8] == b"hfsegmnt":
            self._decode(sector)

    def _decode(self, sector):
        store, head = self.store, Head(sector)
        self._look_whose(sector, head)
        if (
            not self.whole
            or head.epoch != store.epoch
            or head.uuid != store.uuid
            or head.number == 0
        ):
            return
        try:
            head.check()
        except Corrupt:
            return
        if head.number != self.number:
            return
        self.head = head
        self.size, jumped = u32(sector, 56), sector[60]
        self.previous_segment, self.previous_offset = u32(sector, 64), u32(sector, 68)
        self.first_lsn, self.previous_lsn, self.previous_hash = (
            u64(sector, 72),
            u64(sector, 80),
            u64(sector, 88),
        )
        step = self.first_lsn - self.previous_lsn
        follows = (
            self.previous_offset == 0
            if self.previous_segment == 0
            else self.previous_segment < self.number
            and self.previous_offset >= 512
            and self.previous_offset % 8 == 0
        )
        reserved = head_reserved_zero(sector) and zero(sector[61:64]) and zero(sector[96:504])
        self.valid = (
            4096 <= self.size <= 2**30
            and self.size % 4096 == 0
            and jumped <= 1
            and self.first_lsn <= LSN_MAX
            and (step > JUMP if jumped else step == 1)
            and follows
            and (reserved or store.features or head.unknown_features())
        )

    def _look_whose(self, sector, head):
        """Whole under the names that it bears itself, and are they those of store and file?"""
        base = checksum(head.uuid + head.epoch.to_bytes(2, "little"), 0)
        seed = mix((base + head.number * 0x9E3779B97F4A7C15) & MASK)
        self.whole = u64(sector, 504) == checksum(sector[:504], seed)
        ours = (
            head.epoch == self.store.epoch
            and head.uuid == self.store.uuid
            and head.number == self.number
        )
        self.foreign = self.whole and not ours


class Group:
    """A frame and a portable header that verify; None from `at` if there is none."""

    @staticmethod
    def at(store, segment, data, at):
        """One that stands here and says so, in `data` that ends where nothing exists any more."""
        if (
            len(data) - at < 112
            or data[at : at + 4] != b"hfgr"
            or data[at + 32 : at + 36] != b"hfpg"
        ):
            return None
        if u32(data, at + 4) != segment or u32(data, at + 8) != at:
            return None
        group = Group()
        frame, header = data[at : at + 32], data[at + 32 : at + 112]
        group.at_, group.pad_len, group.durable_lsn = at, u32(frame, 12), u64(frame, 16)
        group.count, group.body_len = u32(header, 24), u32(header, 28)
        group.incarnation, group.first_lsn = u64(header, 32), u64(header, 40)
        group.previous_hash, group.body_hash, group.hash = (
            u64(header, 48),
            u64(header, 64),
            u64(header, 72),
        )
        group.seed = store.seed(group.first_lsn)
        if u16(header, 4) != 0 and not store.features:
            return None
        if (
            u16(header, 6) != store.epoch
            or header[8:24] != store.uuid
            or group.hash != checksum(header[:72], group.seed)
        ):
            return None
        if u64(frame, 24) != checksum(frame[:24] + header[72:80], group.seed):
            return None
        last = group.first_lsn + group.count - 1
        fine = (
            group.count >= 1
            and group.first_lsn >= 1
            and last <= LSN_MAX
            and 1 <= group.incarnation <= group.first_lsn
        )
        fine = (
            fine
            and group.body_len <= 2**25 + 2**21
            and group.body_len % 8 == 0
            and group.count * 32 <= group.body_len
        )
        fine = (
            fine
            and group.pad_len < 4096
            and group.pad_len % 8 == 0
            and group.durable_lsn < group.first_lsn
        )
        return group if fine else None

    @property
    def end(self):
        return self.at_ + 112 + self.body_len + self.pad_len

    def entries(self, store, data):
        """The entries, if all of the group is valid; None if not."""
        begin = self.at_ + 112
        body = data[begin : begin + self.body_len]
        if len(data) < self.end or not zero(data[begin + self.body_len : self.end]):
            return None
        if checksum(body, self.body_hash_seed()) != self.body_hash:
            return None
        found, at = [], 0
        for i in range(self.count):
            header = body[at : at + 32]
            if len(header) < 32:
                return None
            seed = store.seed(self.first_lsn + i)
            known = header[6] & ~3 == 0 and header[7] == 0
            if u64(header, 24) != checksum(header[:24], seed) or not (known or store.features):
                return None
            length = u32(header, 0)
            padded = (length + 7) // 8 * 8
            content = body[at + 32 : at + 32 + length]
            if len(body) - at - 32 < padded or u64(header, 16) != checksum(content, seed):
                return None
            if not zero(body[at + 32 + length : at + 32 + padded]):
                return None
            found.append((self.first_lsn + i, header, content))
            at += 32 + padded
        return found if at == len(body) and found[-1][1][6] & 1 else None

    def body_hash_seed(self):
        return self.seed


def headers_behind(store, segment, data, at):
    """Every header that verifies and stands where it says, from `at` on, at multiples of 8."""
    at = data.find(b"hfgr", at)
    while at >= 0:
        group = Group.at(store, segment, data, at) if at % 8 == 0 else None
        if group:
            yield group
        at = data.find(b"hfgr", at + 1)


class Scan:
    """One segment, judged by the table of the page."""

    def __init__(
        self, store, segment, data, next_lsn, previous_hash, pinned, word, digest, begin=512
    ):
        self.next_lsn, self.previous_hash, self.begin = next_lsn, previous_hash, begin
        self.verdict, self.end = self._judge(store, segment, data, pinned, word, digest)

    def _judge(self, store, segment, data, pinned, word, digest):
        limit = pinned if pinned else len(data)
        if limit > len(data) or limit < self.begin:
            return "corrupt", self.begin
        data = data[:limit]
        here = word.offset if word and word.segment == segment else 0
        facts = set()
        at = self.begin
        while True:
            group = Group.at(store, segment, data, at)
            if (
                not group
                or group.first_lsn != self.next_lsn
                or group.previous_hash != self.previous_hash
            ):
                break
            entries = group.entries(store, data)
            if entries is None:
                break
            for entry in entries:
                if digest:
                    digest.add(*entry)
            if at < here < group.end:
                facts.add("inside")
            self.next_lsn, self.previous_hash, at = (
                group.first_lsn + group.count,
                group.hash,
                group.end,
            )
            if here == at and word.lsn != 0 and word.lsn != self.next_lsn - 1:
                facts.add("other lsn")
            if here == at and word.lsn != 0 and word.chain != group.hash:
                facts.add("other chain")
        if pinned and at != pinned:
            return "corrupt", at
        if here > at or facts:
            return "corrupt", at
        if pinned:
            return "clean", at
        if word and word.lsn >= self.next_lsn:
            return "corrupt", at
        if any(
            group.durable_lsn >= self.next_lsn for group in headers_behind(store, segment, data, at)
        ):
            return "corrupt", at
        return ("clean" if zero(data[at:]) else "torn"), at


# --- The store
# --------------------------------------------------------------------------------------------------


def segments_of(store):
    found = {}
    for name in os.listdir(store.path):
        digits = name[8:]
        if (
            name.startswith("segment-")
            and len(digits) == 8
            and all(c in "0123456789abcdef" for c in digits)
            and int(digits, 16)
        ):
            with open(os.path.join(store.path, name), "rb") as file:
                found[int(digits, 16)] = file.read()
    return found


LOG_NAME = re.compile("segment-[0-9a-f]{8}|snapshot-[0-9a-f]{12}|WITNESS")


def speaks_of_a_log(path):
    """Without an IDENTITY: files of a log, of which not every byte is zero, are a damaged store."""
    for name in os.listdir(path) if os.path.isdir(path) else []:
        if LOG_NAME.fullmatch(name) and not name.endswith("-00000000"):
            with open(os.path.join(path, name), "rb") as file:
                if file.read().strip(b"\0"):
                    return True
    return False


def proves_itself(store, number, data, next_lsn):
    """Groups in a segment without a valid header that prove that it had one, durably: D2, D7."""
    if len(data) < 512:
        return False
    return any(
        g.durable_lsn >= next_lsn and g.durable_lsn >= g.incarnation
        for g in headers_behind(store, number, data, 512)
    )


def read(path):
    store = Store(path)
    return store, judged(path, store)


def judged(path, store):
    digest = Digest()
    files = segments_of(store)
    witness = store.witness_file()
    segments = {}
    for number, data in sorted(files.items()):
        segments[number] = segment = Segment(store, number, data)
        if segment.valid and segment.head.unknown_features():
            store.features = True
    word = store.witness(witness)
    heads = [number for number, segment in segments.items() if segment.valid]
    named = word.segment if word else 0
    if not heads:
        return empty(store, files, segments, word)
    head = max(heads)
    if named > head:
        raise Corrupt("D6")
    chain, begins_behind = chain_of(store, segments, head)
    if any(segment.head.ro_compat != 0 for segment in chain):
        raise Newer("D8b")
    base = snapshots.newest(
        path, store.uuid, store.epoch, lambda snapshot: of_this_log(store, chain, snapshot)
    )
    if begins_behind and base is None:
        raise Corrupt("D8c")
    next_lsn, previous_hash, scan = 1, 0, None
    first, begin = 0, 512
    if base:
        snapshot = base.snapshot
        next_lsn, previous_hash = snapshot.lsn + 1, snapshot.chain
        first, begin = snapshot.segment, snapshot.offset
        if word is None or word.lsn < snapshot.lsn:
            word = Word.of(snapshot)
    for i, segment in enumerate(chain):
        if segment.number < first:
            continue
        here = base is not None and segment.number == first
        follows = segment.previous_lsn == next_lsn - 1 and segment.previous_hash == previous_hash
        if not here and not follows:
            raise Corrupt("D9: segment %d does not follow" % segment.number)
        pinned = chain[i + 1].previous_offset if i + 1 < len(chain) else 0
        scan = Scan(
            store,
            segment.number,
            segment.data,
            next_lsn if here else segment.first_lsn,
            previous_hash,
            pinned,
            word,
            digest,
            begin if here else 512,
        )
        if scan.verdict == "corrupt":
            raise Corrupt("D9: segment %d" % segment.number)
        next_lsn, previous_hash = scan.next_lsn, scan.previous_hash
    for number, data in files.items():
        if number > head and proves_itself(store, number, data, next_lsn):
            raise Corrupt("D7: segment %d" % number)
    clean = scan.verdict == "clean" and word is not None and word.clean
    clean = (
        clean
        and (word.segment, word.offset) == (head, scan.end)
        and word.lsn == next_lsn - 1
        and word.chain == previous_hash
    )
    return "clean" if clean else "unclean", head, scan.end, next_lsn - 1, digest, base


def chain_of(store, segments, head):
    """The segments of the log, and whether it begins behind a snapshot."""
    chain, number, begins_behind = [], head, False
    while number:
        segment = segments.get(number)
        if segment is None and store.behind and chain[0].previous_lsn != 0:
            begins_behind = True
            break
        if segment is None or not segment.valid:
            raise Corrupt("D8: segment %d" % number)
        if (
            len(segment.data) != segment.size
            if number == head
            else len(segment.data) > segment.size
        ):
            raise Corrupt("D8: size of segment %d" % number)
        chain.insert(0, segment)
        number = segment.previous_segment
    return chain, begins_behind or (store.behind and chain[0].previous_lsn != 0)


def of_this_log(store, chain, snapshot):
    """Does the log that is there have its place, or begin just behind it?"""
    own = [segment for segment in chain if segment.number == snapshot.segment]
    if not own:
        if not chain:
            return snapshot.segment == 0 and snapshot.chain == 0
        first = chain[0]
        return (
            first.previous_segment == snapshot.segment
            and first.previous_offset == snapshot.offset
            and first.previous_lsn == snapshot.lsn
            and first.previous_hash == snapshot.chain
        )
    segment = own[0]
    scan = Scan(
        store,
        segment.number,
        segment.data,
        segment.first_lsn,
        segment.previous_hash,
        snapshot.offset,
        None,
        None,
    )
    return (
        scan.verdict == "clean"
        and scan.next_lsn - 1 == snapshot.lsn
        and scan.previous_hash == snapshot.chain
    )


def empty(store, files, segments, word):
    base = None
    if not (word and word.segment):
        base = snapshots.newest(
            store.path, store.uuid, store.epoch, lambda snapshot: of_this_log(store, [], snapshot)
        )
        if base is None and store.behind:
            raise Corrupt("D8c")
    next_lsn = base.snapshot.lsn + 1 if base else 1
    if (word and word.segment) or not files:
        raise Corrupt("D1")
    if any(segment.foreign for segment in segments.values()):
        raise Corrupt("D1b")
    for number, data in files.items():
        if proves_itself(store, number, data, next_lsn):
            raise Corrupt("D2")
    all_zero = word is None and all(zero(data) for data in files.values())
    return "empty-clean" if all_zero else "empty-unclean", 0, 0, 0, Digest(), base


def line_of(path):
    try:
        store, (verdict, segment, offset, last, digest, base) = read(path)
        line = "%s %d %d %d %d %016x" % (
            "backup" if store.backup else verdict,
            segment,
            offset,
            last,
            digest.entries,
            digest.value,
        )
        if base:
            line += " %d %d %016x" % (base.snapshot.lsn, base.entries, base.value)
        return line
    except Corrupt:
        return "corrupt 0 0 0 0 %016x" % 0
    except Newer:
        return "newer 0 0 0 0 %016x" % 0
    except Nothing:
        return "%s 0 0 0 0 %016x" % ("corrupt" if speaks_of_a_log(path) else "none", 0)


def main():
    paths = [line.rstrip("\n") for line in sys.stdin] if sys.argv[1:] == ["-"] else sys.argv[1:]
    for path in paths:
        print(line_of(path), flush=True)


if __name__ == "__main__":
    main()
