"""A simulated directory on a disk that may lose power: which data is durable, and what may remain of
the rest."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
#: A change of a file since it was last synced: a write (offset, bytes), or a new size.
Change = tuple[int, bytes] | int


@dataclass
class Event:
    """A call of the program that changed files, or a message from it."""

    kind: str
    file: int = 0
    offset: int = 0
    data: bytes = b""
    names: tuple[str, ...] = ()


def read_log(path: Path) -> list[Event]:
    """Reads the events that powerloss.c recorded."""
    log = path.read_bytes()
    events: list[Event] = []
    position = 0
    while position < len(log):
        end = log.index(b"\n", position)
        kind, _, rest = log[position:end].decode().partition(" ")
        position = end + 1
        if kind == "W":
            file, offset, length = map(int, rest.split())
            events.append(Event(kind, file, offset, log[position : position + length]))
            position += length
        elif kind == "T":
            file, size = map(int, rest.split())
            events.append(Event(kind, file, size))
        elif kind == "S":
            events.append(Event(kind, int(rest)))
        elif kind in "CLR":
            number, _, names = rest.partition(" ")
            events.append(Event(kind, int(number), names=tuple(names.split("\t"))))
        else:
            events.append(Event(kind, names=(rest,)))
    return events


@dataclass
class File:
    """A file: its durable content, and the changes since."""

    durable: bytearray
    pending: list[Change] = field(default_factory=list)

    @staticmethod
    def apply(data: bytearray, change: Change) -> None:
        if isinstance(change, int):
            del data[change:]
            data.extend(bytes(change - len(data)))
            return
        offset, written = change
        data.extend(bytes(max(0, offset - len(data))))
        data[offset : offset + len(written)] = written

    def sync(self) -> None:
        for change in self.pending:
            self.apply(self.durable, change)
        self.pending.clear()

    def current(self) -> bytes:
        """Returns the content that a reader sees."""
        data = bytearray(self.durable)
        for change in self.pending:
            self.apply(data, change)
        return bytes(data)

    def after_power_loss(self, chance: random.Random) -> bytes:
        """Returns content that may remain: any of the changes, and any sectors of a write."""
        data = bytearray(self.durable)
        mode = chance.choice(("none", "all", "first", "some", "sectors", "sectors"))
        first = chance.randrange(len(self.pending) + 1)
        share = chance.choice((0.1, 0.5, 0.9))
        for index, change in enumerate(self.pending):
            if mode == "none" or (mode == "first" and index >= first):
                break
            if mode in ("all", "first"):
                self.apply(data, change)
            elif isinstance(change, int) or mode == "some":
                if chance.random() < share:
                    self.apply(data, change)
            else:
                self._apply_sectors(data, change, chance, share)
        return bytes(data)

    def _apply_sectors(self, data: bytearray, change: tuple[int, bytes], chance: random.Random,
                       share: float) -> None:
        offset, written = change
        start = 0
        while start < len(written):
            end = min(len(written), start + SECTOR - (offset + start) % SECTOR)
            if chance.random() < share:
                self.apply(data, (offset + start, written[start:end]))
            start = end


#: Names that are given to files, or removed (`None`), at once.
NameChange = tuple[tuple[str, int | None], ...]


class Disk:
    """A directory on a disk: files and names, durable and not."""

    def __init__(self, directory: Path) -> None:
        self.files: dict[int, File] = {}
        self.names: dict[str, int] = {}
        self.pending: list[NameChange] = []
        #: The files by inode number, which the file system uses again once a file is removed.
        self.current: dict[int, int] = {}
        self.directories: set[str] = set()
        for path in sorted(directory.rglob("*")):
            name = str(path.relative_to(directory))
            if path.is_dir():
                self.directories.add(name)
            elif not name.endswith("-shm"):
                number = len(self.files)
                self.files[number] = File(bytearray(path.read_bytes()))
                self.names[name] = number
                self.current[path.stat().st_ino] = number

    def live_names(self) -> dict[str, int]:
        """Returns the names that a reader sees."""
        names = dict(self.names)
        for change in self.pending:
            self._rename(names, change)
        return names

    @staticmethod
    def _rename(names: dict[str, int], change: NameChange) -> None:
        for name, number in change:
            if number is None:
                names.pop(name, None)
            else:
                names[name] = number

    def apply(self, event: Event) -> None:
        if event.kind == "C":
            number = len(self.files)
            self.files[number] = File(bytearray())
            self.current[event.file] = number
            self.pending.append(((event.names[0], number),))
        elif event.kind == "L":
            self.pending.append(((event.names[0], self.current[event.file]),))
        elif event.kind == "R":
            self._renamed(event)
        elif event.kind == "U":
            self.pending.append(((event.names[0], None),))
            left = set(self.live_names().values())
            self.current = {key: number for key, number in self.current.items() if number in left}
        elif event.kind == "M":
            self.directories.add(event.names[0])
        elif event.kind == "D":
            self._sync_directory(event.names[0])
        elif event.file in self.current:
            file = self.files[self.current[event.file]]
            if event.kind == "S":
                file.sync()
            elif event.kind == "T":
                file.pending.append(event.offset)
            elif event.kind == "W":
                file.pending.append((event.offset, event.data))

    def _renamed(self, event: Event) -> None:
        old, new = event.names
        if event.file in self.current:
            self.pending.append(((old, None), (new, self.current[event.file])))
            return
        # A directory was renamed, and with it all files below.
        self.directories.add(new)
        below = [(name, number) for name, number in self.live_names().items()
                 if name.startswith(old + "/")]
        self.pending.append(tuple(
            change for name, number in below
            for change in ((name, None), (new + name[len(old):], number))))

    def _sync_directory(self, directory: str) -> None:
        """Makes the names of a directory durable."""
        kept: list[NameChange] = []
        for change in self.pending:
            if any(str(Path(name).parent) == directory for name, _ in change):
                self._rename(self.names, change)
            else:
                kept.append(change)
        self.pending = kept

    def write(self, directory: Path) -> None:
        """Writes the files that a reader sees."""
        self._write(directory, self.live_names(), lambda file: file.current())

    def lose_power(self, directory: Path, chance: random.Random) -> None:
        """Writes files that may remain if the power fails now."""
        names = dict(self.names)
        mode = chance.choice(("none", "all", "first", "first", "some"))
        first = chance.randrange(len(self.pending) + 1)
        for index, change in enumerate(self.pending):
            if (mode == "all" or (mode == "first" and index < first)
                    or (mode == "some" and chance.random() < 0.5)):
                self._rename(names, change)
        self._write(directory, names, lambda file: file.after_power_loss(chance))

    def _write(self, directory: Path, names: dict[str, int],
               data: Callable[[File], bytes]) -> None:
        for name in sorted(self.directories):
            (directory / name).mkdir(parents=True, exist_ok=True)
        for name, number in names.items():
            # SQLite creates the -shm file again; after a crash its content has no meaning.
            if not name.endswith("-shm"):
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                (directory / name).write_bytes(data(self.files[number]))
