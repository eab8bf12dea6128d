"""What of a source is read, in which order, and what in it stands for an entity.

After Documentation/Input.md, independently of the program. A new shape of file is one more branch
of `FileReader.document`; a new way of naming a directory or file one more in `Walk`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from jsontext import JSONError, Node, Scanner, decode_string

KINDS = ("strip_families", "patterns", "joblogs")

#: A list index or a line, a dictionary's key, or none.
Locator = int | str | None


class SourceText:
    """A file's text, and where its characters are in the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        #: Why the file is not read at all.
        self.complaint = False
        #: Whether the text ends where the bytes cannot be decoded any more (UTF-16 alone).
        self.ends_badly = False
        if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
            self.complaint = True
            self._utf8(data)
        elif data[:2] == b"\xff\xfe":
            self._utf16(data, "little")
        elif data[:2] == b"\xfe\xff":
            self._utf16(data, "big")
        else:
            self.complaint = len(data) >= 2 and (data[0] == 0) != (data[1] == 0)
            self._utf8(data)

    def _utf8(self, data: bytes) -> None:
        begin = 3 if data[:3] == b"\xef\xbb\xbf" else 0
        self.begin = 0
        self.text = data[begin:].decode("utf-8", "surrogateescape")
        self.offsets = [begin]
        for character in self.text:
            size = 1 if "\udc80" <= character <= "\udcff" else len(character.encode())
            self.offsets.append(self.offsets[-1] + size)

    def _utf16(self, data: bytes, order: str) -> None:
        characters: list[str] = []
        self.begin = 0
        self.offsets = [2]
        index = 2

        def unit(at: int) -> int:
            return int.from_bytes(data[at : at + 2], "little" if order == "little" else "big")

        while index + 2 <= len(data):
            lead = unit(index)
            size = 2
            if 0xDC00 <= lead < 0xE000:
                break
            if 0xD800 <= lead < 0xDC00:
                trail = unit(index + 2) if index + 4 <= len(data) else 0
                if not 0xDC00 <= trail < 0xE000:
                    break
                lead = 0x10000 + ((lead & 0x3FF) << 10) + (trail & 0x3FF)
                size = 4
            characters.append(chr(lead))
            index += size
            self.offsets.append(index)
        self.ends_badly = index < len(data)
        self.text = "".join(characters)

    def bytes(self, start: int, end: int) -> bytes:
        """The file's bytes of the characters from `start` to `end`."""
        return self.data[self.offsets[start] : self.offsets[end]]

    def place(self, position: int) -> tuple[int, int, int]:
        """Line, column (both 1-based, the column in bytes) and offset of a character."""
        offset = self.offsets[position]
        line_start = self.text.rfind("\n", 0, position)
        begin = 0 if line_start < 0 else self.offsets[line_start + 1]
        return self.text.count("\n", 0, position) + 1, offset - begin + 1, offset


@dataclass
class Found:
    """Something that counts as one entity: one that could be read as an object, or a failure."""

    path: str
    locator: Locator
    #: Where it stands (an entity) or failed; `None` for a file that could not be read.
    position: int | None
    text: SourceText | None = None
    node: Node | None = None
    #: The key a dictionary gives it.
    key: str | None = None
    #: Why it is no entity.
    code: str | None = None


@dataclass
class Remark:
    """A warning that concerns no entity."""

    path: str
    code: str


def code_of(error: JSONError, text: SourceText) -> str:
    """The code under which a text that is not JSON is reported."""
    if error.reason == "depth":
        return "json.depth"
    if error.reason == "encoding":
        return "input.encoding"
    if error.reason == "end" and text.ends_badly:
        return "input.encoding"
    return "json.syntax"


class FileReader:
    """Reads one file."""

    def __init__(self, path: str, data: bytes, required: frozenset[str],
                 members: frozenset[str]) -> None:
        self.path = path
        self.text = SourceText(data)
        self.required = required
        self.members = members
        self.scanner = Scanner(self.text.text)
        self.found: list[Found] = []

    def _fail(self, code: str, position: int, locator: Locator = None) -> None:
        self.found.append(Found(self.path, locator, position, self.text, code=code))

    def _fail_json(self, error: JSONError, locator: Locator = None) -> None:
        self._fail(code_of(error, self.text), error.position, locator)

    def read(self, is_lines: bool) -> list[Found]:
        """All that stands for an entity, in order."""
        if self.text.complaint:
            self._fail("input.encoding", 0)
        elif is_lines:
            self._lines()
        else:
            self._document()
        return self.found

    def _document(self) -> None:
        start = self.scanner.skip_white_space(0)
        if start == self.scanner.end:
            self._fail("input.encoding" if self.text.ends_badly else "input.empty", start)
        elif self.scanner.at(start) == "[":
            self._list(start)
        elif self.scanner.at(start) == "{":
            self._object(start)
        else:
            try:
                node = self.scanner.value(start)
            except JSONError as error:
                return self._fail_json(error)
            if self._ends(node.end):
                self._fail("shape.not-object", start)

    def _ends(self, position: int, locator: Locator = None) -> bool:
        """Whether nothing but white space follows; anything else is a failure."""
        position = self.scanner.skip_white_space(position)
        if position == self.scanner.end and not self.text.ends_badly:
            return True
        self._fail_json(self.scanner.unexpected(position), locator)
        return False

    def _object(self, start: int) -> None:
        try:
            node = self.scanner.value(start)
        except JSONError as error:
            return self._dictionary(start) if self._has_outline(start) else self._fail_json(error)
        names = [member.name for member in node.members]
        if names and not self.required.intersection(name for name in names if name) and all(
            member.value.kind == "object" for member in node.members
        ):
            return self._dictionary(start)
        if self._ends(node.end):
            self.found.append(Found(self.path, None, start, self.text, node))
        return None

    def _has_outline(self, start: int) -> bool:
        """Whether a broken object is a dictionary of entities by what stands before the break."""
        entries = 0
        has_members = False
        position = self.scanner.skip_white_space(start + 1)
        while True:
            try:
                raw, after = self.scanner.name(position)
            except JSONError:
                break
            name = decode_string(raw)
            if name in self.required:
                return False
            has_members = has_members or name in self.members
            position = self.scanner.skip_white_space(after)
            if position >= self.scanner.end:
                break
            if self.scanner.at(position) != "{":
                return False
            end = self.scanner.outline_end(position)
            if end is None:
                break
            entries += 1
            position = self.scanner.skip_white_space(end)
            if self.scanner.at(position) == "}":
                return True
            if self.scanner.at(position) != ",":
                break
            position = self.scanner.skip_white_space(position + 1)
        return entries > 0 and not has_members

    def _element(self, position: int, locator: Locator, key: str | None) -> int | None:
        """Reads an element; returns the position after it, `None` if the collection ends in it."""
        try:
            node = self.scanner.value(position)
        except JSONError as error:
            self._fail_json(error, locator)
            return self.scanner.outline_end(position) if error.reason == "depth" else None
        if node.kind == "object":
            self.found.append(Found(self.path, locator, position, self.text, node, key))
        else:
            self._fail("shape.not-object", position, locator)
        return node.end

    def _list(self, start: int) -> None:
        index = 0
        position = self.scanner.skip_white_space(start + 1)
        if self.scanner.at(position) == "]":
            self._ends(position + 1, index)
            return
        while True:
            end = self._element(position, index, None)
            if end is None:
                return
            index += 1
            position = self.scanner.skip_white_space(end)
            if self.scanner.at(position) == "]":
                self._ends(position + 1, index)
                return
            if self.scanner.at(position) != ",":
                return self._fail_json(self.scanner.unexpected(position), index)
            position = self.scanner.skip_white_space(position + 1)

    def _dictionary(self, start: int) -> None:
        position = self.scanner.skip_white_space(start + 1)
        while True:
            try:
                raw, after = self.scanner.name(position)
            except JSONError as error:
                return self._fail_json(error)
            key = decode_string(raw)
            value = self.scanner.skip_white_space(after)
            if key is None:
                # A key that is no text names nothing; what follows can be read.
                end = self.scanner.outline_end(value)
                self._fail("json.syntax", position)
            else:
                end = self._element(value, key, key)
            if end is None:
                return None
            position = self.scanner.skip_white_space(end)
            if self.scanner.at(position) == "}":
                self._ends(position + 1)
                return None
            if self.scanner.at(position) != ",":
                return self._fail_json(self.scanner.unexpected(position))
            position = self.scanner.skip_white_space(position + 1)

    def _lines(self) -> None:
        text = self.text.text
        start, number = 0, 0
        while True:
            number += 1
            end = text.find("\n", start)
            is_last = end < 0
            end = len(text) if is_last else end
            if is_last and self.text.ends_badly:
                self._fail("input.encoding", end, number)
            else:
                self._line(start, end, number)
            if is_last:
                return
            start = end + 1

    def _line(self, start: int, end: int, number: int) -> None:
        scanner = Scanner(self.text.text, end)
        position = scanner.skip_white_space(start)
        if position == end:
            return
        try:
            node = scanner.value(position)
            after = scanner.skip_white_space(node.end)
            if after != end:
                raise scanner.unexpected(after)
        except JSONError as error:
            return self._fail_json(error, number)
        if node.kind == "object":
            self.found.append(Found(self.path, number, position, self.text, node))
        else:
            self._fail("shape.not-object", position, number)


def path_text(path: bytes) -> str:
    """A path as people read it: bytes that are not UTF-8 are `%XX`."""
    return "".join(
        f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character
        for character in path.decode("utf-8", "surrogateescape")
    )


def ending(name: bytes) -> str | None:
    """What a file's ending says it holds: `json`, `lines` or nothing."""
    lowered = name.lower()
    if lowered.endswith(b".json"):
        return "json"
    return "lines" if lowered.endswith((b".jsonl", b".ndjson")) else None


class Walk:
    """The input of one kind in the fixed order."""

    def __init__(self, root: bytes, kind: str) -> None:
        self.root = root
        self.kind = kind
        self.followed: set[tuple[int, int]] = set()
        self.above: set[tuple[int, int]] = set()
        path = os.path.realpath(root)
        while True:
            self.above.add(self._identity(path))
            if path == os.path.dirname(path):
                break
            path = os.path.dirname(path)

    @staticmethod
    def _identity(path: bytes) -> tuple[int, int]:
        status = os.stat(path)
        return status.st_dev, status.st_ino

    def items(self) -> Iterator[tuple[str, bytes]]:
        """What the walk comes to: `json`, `lines`, `unreadable` or `loop`, and the path."""
        path = self.kind.encode()
        try:
            identity = self._identity(os.path.join(self.root, path))
        except FileNotFoundError:
            if os.path.islink(os.path.join(self.root, path)):
                yield "unreadable", path
            return
        if not os.path.isdir(os.path.join(self.root, path)):
            yield "unreadable", path
            return
        yield from self._directory(path, [identity])

    def _directory(
        self, path: bytes, walked: list[tuple[int, int]]
    ) -> Iterator[tuple[str, bytes]]:
        entries: list[tuple[bytes, str, bool]] = []
        for name in os.listdir(os.path.join(self.root, path)):
            entry = self._entry(path, name)
            if not name.startswith(b".") and entry is not None:
                what, is_link = entry
                entries.append((name + (b"/" if what == "directory" else b""), what, is_link))
        for name, what, is_link in sorted(entries):
            below = path + b"/" + name.rstrip(b"/")
            if what != "directory":
                yield what, below
                continue
            identity = self._identity(os.path.join(self.root, below))
            if identity in self.above or identity in walked:
                yield "loop", below
            elif is_link and identity in self.followed:
                yield "loop", below
            else:
                if is_link:
                    self.followed.add(identity)
                yield from self._directory(below, [*walked, identity])

    def _entry(self, path: bytes, name: bytes) -> tuple[str, bool] | None:
        full = os.path.join(self.root, path, name)
        is_link = os.path.islink(full)
        form = ending(name)
        try:
            mode = os.stat(full).st_mode
        except OSError:
            matters = form is not None or (is_link and b"." not in name)
            return ("unreadable", is_link) if matters else None
        if stat.S_ISDIR(mode):
            return "directory", is_link
        if form is None:
            return None
        return (form if stat.S_ISREG(mode) else "unreadable"), is_link
