"""The files of a source in the order in which they are read, and the entities in them.

It follows Documentation/Input.md, and shares no code with the program. A new shape of files needs
another branch in `FileReader._document`, a new name of a directory or file one in `Walk`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jsontext import JSONError, Node, Scanner, decode_string

KINDS = ("strip_families", "patterns", "joblogs")

#: An index in a list or a line number, a key of a dictionary, or `None`.
Locator = int | str | None


#: The types with which a BSON document begins.
BINARY_TYPES = frozenset((1, 2, 3, 4, 5, 7, 8, 16, 18, 19))


class SourceText:
    """The text of a file, with the offsets of its characters."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        #: Whether the file is refused because of its encoding.
        self.complaint = False
        #: Whether the text ends at bytes that cannot be decoded (UTF-16 only).
        self.ends_badly = False
        if data[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
            self.complaint = True
            self._utf8(data)
        elif data[:2] == b"\xff\xfe":
            self._utf16(data, "little")
        elif data[:2] == b"\xfe\xff":
            self._utf16(data, "big")
        else:
            self.complaint = (
                len(data) >= 2 and (data[0] == 0) != (data[1] == 0)
                # The length of a binary document, and the type of its first element.
                or len(data) >= 5 and data[2:4] == b"\0\0" and data[4] in BINARY_TYPES)
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
        """Returns the bytes of the characters from `start` to `end`."""
        return self.data[self.offsets[start] : self.offsets[end]]

    def place(self, position: int) -> tuple[int, int, int]:
        """Returns the line, the column (both from 1, in bytes) and the offset of a character."""
        offset = self.offsets[position]
        line_start = self.text.rfind("\n", 0, position)
        begin = 0 if line_start < 0 else self.offsets[line_start + 1]
        return self.text.count("\n", 0, position) + 1, offset - begin + 1, offset


@dataclass
class Found:
    """A part of a file that counts as an entity: an object, or a failure."""

    path: str
    locator: Locator
    #: The position of the entity or the failure; `None` for a file that could not be read.
    position: int | None
    text: SourceText | None = None
    node: Node | None = None
    #: Its key in a dictionary.
    key: str | None = None
    #: The code of the failure.
    code: str | None = None
    #: Whether the key is a name for an entity rather than one of it.
    has_doubtful_key: bool = False


def code_of(error: JSONError, text: SourceText) -> str:
    """Returns the code for a text that is not JSON."""
    if error.reason == "depth":
        return "json.depth"
    if error.reason == "encoding":
        return "input.encoding"
    if error.reason == "end" and text.ends_badly:
        return "input.encoding"
    return "json.syntax"


#: Common names of collections, as `plain` returns them, like all names below.
GENERIC_NAMES = frozenset(("items", "data", "results", "records", "entries", "rows", "list",
                           "values", "runs", "jobs"))
#: Names of members about the document.
NOTES = frozenset(("meta", "metadata", "info", "header", "headers", "summary", "schema", "config",
                   "settings", "pagination", "paging", "links", "page", "version", "export",
                   "source"))
#: Names of members about the creation of the document.
REPORTS = frozenset(("errors", "warnings", "messages", "log", "logs"))
#: Names of members of an HTTP response about its entities.
ANSWERS = frozenset(("success", "ok", "status", "code", "message", "error", "count", "total",
                     "limit", "offset"))
#: Names of a single entity in a document, besides those of the kind.
ENVELOPES = frozenset(("data", "result", "item", "record", "entry", "entity", "payload", "response",
                       "value", "body", "job", "run", "log", "family", "fields", "attributes",
                       "properties", "doc", "document", "row", "rowtojson", "node", "content",
                       "source"))
SINGULARS = {"stripfamilies": "stripfamily", "patterns": "pattern", "joblogs": "joblog"}
#: The number of objects of a collection that are examined, and of collections that are named.
SAMPLES = 64
#: The number of levels in which entities are noticed.
DEEPEST = 6


def plain(name: str) -> str:
    """Returns a name in lower case (ASCII only) without separators."""
    return "".join(chr(ord(c) | 0x20) if "A" <= c <= "Z" else c
                   for c in name if c not in "_- ")


def describes_document(name: str) -> bool:
    """Returns whether a member is about the document, judged by its name."""
    return name[:1] in ("_", "$", "@") and name != "" or plain(name) in NOTES | REPORTS


@dataclass(frozen=True)
class Names:
    """The names of the members of a kind."""

    #: All names, those of required members, and those of JSON members with their first character.
    members: frozenset[str]
    required: frozenset[str]
    json: dict[str, str]
    #: Alternative names of members, and the names of the kind, as `plain` returns them.
    others: frozenset[str]
    kind: frozenset[str]
    #: The names of the required members of each other kind.
    required_by_others: tuple[frozenset[str], ...]

    def is_of_one(self, name: str) -> bool:
        """Whether a name says that an entity is under it, so that it is hardly an id."""
        singulars = frozenset(SINGULARS[kind] for kind in self.kind if kind in SINGULARS)
        return plain(name) in ENVELOPES | self.kind | singulars

    def resembles(self, name: str | None) -> bool:
        """Returns whether a name resembles that of a member."""
        return name is not None and not name.startswith("__") and plain(name) in self.others


#: A path of member names; `None` matches any.
Pointer = tuple[str | None, ...]


@dataclass
class Shape:
    """The shape of a document that is an object: `entity`, `dictionary`, `wrapper` and others."""

    what: str
    pointers: tuple[Pointer, ...] = ()
    only_objects: bool = False
    excluded: frozenset[str] = frozenset()
    #: Whether the document has other collections, which are not read.
    leaves_out: bool = False
    #: Whether those that may be meant have one name.
    is_repeated: bool = False


@dataclass
class Content:
    """The content of a member.

    `other`, `entity`, `collection`, `envelope`, `holder`, `remote` or `empty`.
    """

    what: str
    likeness: int = 0
    #: The ways to the entities of a holder, or to that of an envelope.
    ways: tuple[Pointer, ...] | None = ()
    #: The other members of a holder, besides its collections of entities.
    left_out: tuple[str, ...] = ()
    #: Whether it has all required members of another kind.
    is_other: bool = False
    #: The number of members of the largest object in it.
    width: int = 0
    #: The way to the first entities in an object that clearly are some.
    way: Pointer | None = None

    @property
    def way_to_clear(self) -> Pointer | None:
        """The way from the value to the first entities in it, or itself, that clearly are some."""
        if self.likeness == 2 and not self.is_other:
            if self.what == "entity":
                return ()
            if self.what == "collection":
                return (None,)
            if self.what == "envelope" and self.ways:
                return self.ways[0]
        return self.way


@dataclass
class Signs:
    """Signs that tell an entity with a list of its parts from an object that wraps entities."""

    names: Names
    values: int = 0
    width: int = 0
    is_around: bool = False

    def add(self, name: str, is_container: bool, width: int) -> None:
        if is_container:
            self.width = max(self.width, width)
            self.is_around |= plain(name) in self.names.kind | GENERIC_NAMES
        elif not describes_document(name) and plain(name) not in ANSWERS:
            self.values += 1

    def are_of_record(self) -> bool:
        return not self.is_around and self.values > 1 and self.values >= self.width


class Outline:
    """Determines the shape of a document that is an object."""

    def __init__(self, scanner: Scanner, names: Names) -> None:
        self.scanner = scanner
        self.names = names

    def each(self, start: int, body: Callable[[str, int], int | None]) -> int | None:
        """Calls `body` for each member; returns the position after the object."""
        try:
            position = self.scanner.skip_white_space(start + 1)
            if self.scanner.at(position) == "}":
                return position + 1
            while True:
                raw, after = self.scanner.name(position)
                position = self.scanner.skip_white_space(after)
                if position >= self.scanner.end:
                    return None
                end = body(decode_string(raw) or "", position)
                if end is None:
                    return None
                position = self.scanner.skip_white_space(end)
                if self.scanner.at(position) == "}":
                    return position + 1
                if self.scanner.at(position) != ",":
                    return None
                position = self.scanner.skip_white_space(position + 1)
        except JSONError:
            return None

    def shape(self, start: int) -> Shape:
        """Returns the shape of the object at a position."""
        self.has_field = self.has_required = self.is_columns = False
        self.count = self.objects = 0
        self.entities, self.collections = [0, 0, 0], [0, 0, 0]
        self.selections: list[tuple[Pointer, ...]] = [(), (), ()]
        self.empty: str | None = None
        self.notes: list[tuple[str, int]] = []
        self.only_entity = ["", "", ""]
        self.names_of: list[list[str]] = [[], [], []]
        self.others = [False, False, False]
        self.leaves_out = False
        self.in_entities: list[tuple[str, Pointer]] = []
        self.record = Signs(self.names)
        is_whole = self.each(start, self._take) is not None
        shape = self._verdict(is_whole)
        tiers = [index for index in range(3) if self.entities[index] + self.collections[index]]
        shape.leaves_out = self.leaves_out or any(self.others[:tiers[-1]] if tiers else ())
        return shape

    def _take(self, name: str, position: int) -> int | None:
        is_object = self.scanner.at(position) == "{"
        if name in self.names.members:
            self.has_field = True
            self.has_required |= name in self.names.required
            self.is_columns |= is_object and name not in self.names.json
        elif self.names.resembles(name):
            self.has_field = True
        content, end = self._content(position, 1)
        if end is None and content.what not in ("collection", "holder", "remote"):
            return None
        self.count += 1
        self.objects += is_object
        if (content.what == "entity" and content.likeness < 2 and content.way is not None
                and not describes_document(name) and len(self.in_entities) < 4):
            self.in_entities.append((name, content.way))
        self.record.add(name, self.scanner.at(position) in ("{", "["), content.width)
        self._add(content, name, is_object)
        return end

    def _add(self, content: Content, name: str, is_object: bool) -> None:
        is_note = name[:1] in ("_", "$", "@") or plain(name) in NOTES
        is_note = is_note and name != "" and len(self.notes) < SAMPLES
        likeness = content.likeness
        if content.is_other and content.what in ("entity", "other") and not describes_document(name):
            self.others[likeness] = True
        if content.what in ("collection", "envelope", "holder") and not describes_document(name):
            self.others[likeness] = True
        if content.what == "remote" and likeness and not describes_document(name):
            self.leaves_out = True
        if any(not describes_document(below) for below in content.left_out):
            self.leaves_out = True
        if content.what in ("other", "empty") and is_object and is_note:
            self.notes.append((name, 0))
        elif content.what == "entity" and is_note:
            self.notes.append((name, likeness))
        elif content.what == "entity":
            self.entities[likeness] += 1
            self.only_entity[likeness] = name
            self.names_of[likeness].append(name)
        elif content.what == "collection":
            self.collections[likeness] += 1
            self.selections[likeness] = ((name, None),)
            self.names_of[likeness].append(name)
        elif content.what in ("envelope", "holder"):
            self.collections[likeness] += 1
            self.selections[likeness] = (
                ((name, None, None),) if content.ways is None
                else tuple((name, *way) for way in content.ways))
            self.names_of[likeness].append(name)
        elif content.what == "empty":
            if plain(name) in self.names.kind or plain(name) in GENERIC_NAMES:
                self.empty = name

    def _verdict(self, is_whole: bool) -> Shape:
        only_objects = 0 < self.count == self.objects
        if self.has_field:
            if not only_objects or not is_whole:
                return Shape("entity")
            if not self.has_required:
                return Shape("dictionary")
            return Shape("columns" if self.is_columns and self.count > 1 else "entity")
        most = max([index for index in range(3) if self.entities[index]], default=0)
        notes = [note for note in self.notes if note[1] < max(1, most)]
        for name, likeness in self.notes:
            if likeness >= max(1, most):
                self.entities[likeness] += 1
                self.only_entity[likeness] = name
                self.names_of[likeness].append(name)
        tiers = [index for index in range(3) if self.entities[index] + self.collections[index]]
        if not tiers:
            if self.empty is not None and is_whole and self.count > len(notes):
                return Shape("wrapper", ((self.empty, None),))
            return Shape("dictionary" if only_objects else "entity")
        tier = tiers[-1]
        if not is_whole and not only_objects and tier < 2:
            return Shape("entity")
        if (tier and self.entities[tier] == 1 and not self.collections[tier]
                and self.objects - len(notes) == 1 and self.only_entity[tier]
                and self.names.is_of_one(self.only_entity[tier])):
            return Shape("wrapper", ((self.only_entity[tier],),))
        if self.entities[tier] and tier:
            if only_objects and not notes:
                return Shape("dictionary")
            if self.collections[tier]:
                return self._ambiguous(tier)
            return Shape("wrapper", ((None,),), True, frozenset(name for name, _ in notes))
        if tier == 0:
            if only_objects and (self.count - len(notes) != 1 or not self.collections[0]):
                return Shape("dictionary")
            if self.record.are_of_record() or not self.collections[0] and self.entities[0] == 1:
                return Shape("entity")
        if self.collections[tier] != 1:
            return self._ambiguous(tier)
        ways = {pointer[1:] for pointer in self.selections[tier]}
        rivals = [name for name, way in self.in_entities if way in ways]
        if rivals:
            self.names_of[tier] += rivals
            return self._ambiguous(tier)
        self.leaves_out |= bool(self.in_entities)
        return Shape("wrapper", self.selections[tier])

    def _ambiguous(self, tier: int) -> Shape:
        names = self.names_of[tier][:4]
        return Shape("ambiguous", is_repeated=len(names) > 1 and len(set(names)) == 1)

    def _content(self, position: int, depth: int) -> tuple[Content, int | None]:
        if self.scanner.at(position) == "[":
            return self._list(position, depth)
        if self.scanner.at(position) == "{":
            return self._object(position, depth)
        return Content("other"), self.scanner.outline_end(position)

    def _list(self, start: int, depth: int) -> tuple[Content, int | None]:
        position = self.scanner.skip_white_space(start + 1)
        if self.scanner.at(position) == "]":
            return Content("empty"), position + 1
        likeness: int | None = None
        inner: int | None = None
        is_other = False
        width = 0

        def content() -> Content:
            if likeness is not None:
                found = Content("collection", likeness)
            else:
                found = Content("other") if inner is None else Content("remote", inner)
            found.is_other = is_other and likeness != 2
            found.width = width
            return found

        for _ in range(SAMPLES):
            if position >= self.scanner.end:
                break
            found: int | None = None
            if self.scanner.at(position) == "{":
                found, is_one, members, end = self._likeness(position)
                is_other |= is_one
                width = max(width, members)
            elif self.scanner.at(position) == "[" and depth < DEEPEST:
                below, end = self._list(position, depth + 1)
                width = max(width, below.width)
                if below.what in ("collection", "remote"):
                    inner = max(inner or 0, below.likeness)
            else:
                end = self.scanner.outline_end(position)
            if end is None:
                return content(), None
            if found is not None:
                likeness = max(likeness or 0, found)
            position = self.scanner.skip_white_space(end)
            if self.scanner.at(position) == "]":
                return content(), position + 1
            if self.scanner.at(position) != ",":
                break
            position = self.scanner.skip_white_space(position + 1)
            if likeness == 2:
                break
        return content(), self.scanner.outline_end(position, 1)

    def _is_known(self, name: str) -> bool:
        return name in self.names.members or self.names.resembles(name)

    def _is_other(self, seen: set[str]) -> bool:
        """Returns whether an object with some members has all required members of another kind."""
        return any(required <= seen for required in self.names.required_by_others)

    def _likeness(self, start: int) -> tuple[int, bool, int, int | None]:
        fields = members = 0
        seen: set[str] = set()

        def take(name: str, position: int) -> int | None:
            nonlocal fields, members
            fields += self._is_known(name)
            members += 1
            seen.add(name)
            return self.scanner.outline_end(position)

        end = self.each(start, take)
        return min(fields, 2), self._is_other(seen), members, end

    def _object(self, start: int, depth: int) -> tuple[Content, int | None]:
        content, members, width, way, end = self._object_of_width(start, depth)
        content.width = max(members, width)
        content.way = way
        return content, end

    def _object_of_width(
            self, start: int, depth: int) -> tuple[Content, int, int, Pointer | None, int | None]:
        width = 0
        way_to_clear: Pointer | None = None
        record = Signs(self.names)
        fields = members = lists = objects = likeness = 0
        name_of_entity = ""
        found: list[tuple[Pointer, str, int]] = []
        left_out: list[str] = []
        seen: set[str] = set()
        has_list = holds_others = False

        def take(name: str, position: int) -> int | None:
            nonlocal fields, members, lists, objects, likeness, has_list, holds_others, width
            nonlocal name_of_entity, way_to_clear
            fields += self._is_known(name)
            seen.add(name)
            first = self.scanner.at(position)
            if depth > DEEPEST or fields > 1 or (objects > SAMPLES and lists == 0):
                content, end = Content("other"), self.scanner.outline_end(position)
            else:
                content, end = self._content(position, depth + 1)
            width = max(width, content.width)
            record.add(name, first in ("{", "["), content.width)
            if end is not None:
                members += 1
                objects += first == "{"
                lists += first == "["
                if content.what == "entity":
                    likeness = max(likeness, content.likeness)
                    name_of_entity = name
                    if content.likeness == 2 or content.way is not None:
                        left_out.append(name)
            holds_others |= content.is_other
            if (way_to_clear is None and self.names.json.get(name) != first
                    and not describes_document(name) and content.way_to_clear is not None):
                way_to_clear = (name, *content.way_to_clear)
            if content.what in ("holder", "remote") and content.likeness and not content.is_other:
                left_out.append(name)
            if content.what in ("collection", "envelope"):
                way = content.ways[0] if content.what == "envelope" and content.ways else (None,)
                found.append(
                    ((name, *way), name, 0 if content.is_other else content.likeness))
                has_list |= first == "["
            return end

        end = self.each(start, take)

        def found_as(content: Content) -> tuple[Content, int, int, Pointer | None, int | None]:
            return content, members, width, way_to_clear, end

        if fields:
            is_other = fields < 2 and self._is_other(seen)
            return found_as(Content("entity", min(fields, 2), is_other=is_other))
        if members == 0 and end is not None:
            return found_as(Content("empty"))
        inner = max((item for _, _, item in found), default=0)
        if end is not None and has_list and not inner and not likeness and record.are_of_record():
            return found_as(Content("entity", 0, is_other=self._is_other(seen)))
        if has_list or inner > likeness:
            ways = tuple(way for way, _, item in found if item or not inner)
            if len(found) > SAMPLES:
                return found_as(Content("holder", inner, None, tuple(left_out)))
            left_out = [name for _, name, item in found if not item and inner] + left_out
            return found_as(Content("holder", inner, ways, tuple(left_out)))
        if objects == members > 0:
            is_other = likeness < 2 and (holds_others or self._is_other(seen))
            is_one = end is not None and members == 1 and likeness > 0
            if is_one and self.names.is_of_one(name_of_entity):
                return found_as(Content("envelope", likeness, ((name_of_entity,),),
                                        is_other=is_other))
            return found_as(Content("collection", likeness, is_other=is_other))
        if left_out:
            return found_as(Content("remote", 2))
        return found_as(Content("other", is_other=self._is_other(seen)))


class FileReader:
    """Reads one file."""

    def __init__(self, path: str, data: bytes, names: Names) -> None:
        self.path = path
        self.text = SourceText(data)
        self.names = names
        self.scanner = Scanner(self.text.text)
        self.found: list[Found] = []
        #: Whether the file is a wrapper.
        self.is_wrapper = self.leaves_out = False

    def _fail(self, code: str, position: int, locator: Locator = None) -> None:
        self.found.append(Found(self.path, locator, position, self.text, code=code))

    def _fail_json(self, error: JSONError, locator: Locator = None) -> None:
        self._fail(code_of(error, self.text), error.position, locator)

    def read(self, is_lines: bool) -> list[Found]:
        """Returns all entities and failures, in order."""
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
        """Returns whether only white space follows; anything else is a failure."""
        position = self.scanner.skip_white_space(position)
        if position == self.scanner.end and not self.text.ends_badly:
            return True
        self._fail_json(self.scanner.unexpected(position), locator)
        return False

    def _object(self, start: int) -> None:
        shape = Outline(self.scanner, self.names).shape(start)
        if shape.what == "dictionary":
            return self._dictionary(start)
        if shape.what == "wrapper":
            self.is_wrapper, self.leaves_out = True, shape.leaves_out
            return self._wrapper(start, shape)
        if shape.what == "ambiguous":
            return self._fail(
                "json.duplicate-key" if shape.is_repeated else "shape.ambiguous", start)
        if shape.what == "columns":
            return self._fail("shape.not-object", start)
        try:
            node = self.scanner.value(start)
        except JSONError as error:
            return self._fail_json(error)
        if self._ends(node.end):
            self.found.append(Found(self.path, None, start, self.text, node))
        return None

    def _wrapper(self, start: int, shape: Shape) -> None:
        end = self._level(start, shape.pointers, "", shape)
        if end is not None:
            self._ends(end)

    def _level(self, start: int, pointers: tuple[Pointer, ...], above: str,
               shape: Shape | None) -> int | None:
        """Reads a container on the way to entities; returns the position after it."""
        is_list = self.scanner.at(start) == "["
        closing = "]" if is_list else "}"
        position = self.scanner.skip_white_space(start + 1)
        if self.scanner.at(position) == closing:
            return position + 1
        index = 0
        seen: set[str] = set()
        while True:
            name: str | None = str(index)
            value = position
            try:
                if not is_list:
                    raw, after = self.scanner.name(position)
                    name = decode_string(raw)
                    value = self.scanner.skip_white_space(after)
                is_named = above != "" and any(steps[0] == name for steps in pointers)
                if not is_list and name is not None and is_named and name in seen:
                    below = above + "/" + name.replace("~", "~0").replace("/", "~1")
                    self._fail("json.duplicate-key", position, below)
                    end = self.scanner.outline_end(value)
                else:
                    end = self._item(value, name, pointers, above, shape, is_list, index)
                if name is not None and is_named:
                    seen.add(name)
            except JSONError as error:
                self._fail_json(error)
                return None
            if end is None:
                return None
            index += 1
            position = self.scanner.skip_white_space(end)
            if self.scanner.at(position) == closing:
                return position + 1
            if self.scanner.at(position) != ",":
                self._fail_json(self.scanner.unexpected(position),
                                f"{above}/{index}" if is_list else None)
                return None
            position = self.scanner.skip_white_space(position + 1)

    def _item(self, value: int, name: str | None, pointers: tuple[Pointer, ...], above: str,
              shape: Shape | None, is_list: bool, number: int) -> int | None:
        first = self.scanner.at(value)
        rest: list[Pointer] = []
        if name is not None and not (
                shape is not None and ((shape.only_objects and first != "{")
                                       or name in shape.excluded)):
            below = above + "/" + name.replace("~", "~0").replace("/", "~1")
            for steps in pointers:
                if steps[0] is None or steps[0] == name:
                    if len(steps) == 1:
                        # Only names in a dictionary of entities are keys.
                        key = None if is_list or steps[0] is not None else name
                        return self._element(value, below, key, number)
                    rest.append(steps[1:])
            if rest and first in ("[", "{"):
                return self._level(value, tuple(rest), below, None)
        return self.scanner.value(value).end

    def _element(self, position: int, locator: Locator, key: str | None,
                 number: int = 0) -> int | None:
        """Reads an element; returns the position after it, `None` if reading cannot go on."""
        try:
            node = self.scanner.value(position)
        except JSONError as error:
            self._fail_json(error, locator)
            return self.scanner.outline_end(position) if error.reason == "depth" else None
        if node.kind == "object":
            found = Found(self.path, locator, position, self.text, node, key)
            found.has_doubtful_key = (
                key is not None and number < SAMPLES and self.names.is_of_one(key))
            self.found.append(found)
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
        number = -1
        while True:
            number += 1
            try:
                raw, after = self.scanner.name(position)
            except JSONError as error:
                return self._fail_json(error)
            key = decode_string(raw)
            value = self.scanner.skip_white_space(after)
            if key is None:
                # A key with a lone surrogate is a failure, but the rest can be read.
                end = self.scanner.outline_end(value)
                self._fail("json.syntax", position)
            else:
                end = self._element(value, key, key, number)
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
            elif not self._is_begun(start) and self._is_something_else(start):
                # The file does not contain JSON at all, so it is one failure.
                self._fail("json.syntax", self._first(start))
                return
            else:
                self._line(start, end, number)
            if is_last:
                return
            start = end + 1

    def _first(self, start: int) -> int:
        """Returns the position of the first character from `start` that is not white space."""
        text = self.text.text
        while start < len(text) and text[start] in " \t\n\r":
            start += 1
        return start

    def _is_begun(self, start: int) -> bool:
        """Returns whether a line before the one at `start` is not blank."""
        return self._first(0) < start

    def _is_something_else(self, start: int) -> bool:
        """Returns whether the text is HTML, or the zero bytes of a file that was never written."""
        text = self.text.text[self._first(start):]
        return text.startswith(("<html", "\0\0\0\0"))

    def _line(self, start: int, end: int, number: int) -> None:
        scanner = Scanner(self.text.text, end)
        if self.text.text.startswith("\ufeff", start, end):
            start += 1
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
    """Returns a path as text; bytes that are not UTF-8 become `%XX`."""
    return "".join(
        f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character
        for character in path.decode("utf-8", "surrogateescape")
    )


def ending(name: bytes) -> str | None:
    """Returns the format that the ending of a file names: `json`, `lines` or `None`."""
    lowered = name.lower()
    if lowered.endswith(b".json"):
        return "json"
    return "lines" if lowered.endswith((b".jsonl", b".ndjson")) else None


#: The names of the files of a kind at the top of a source.
FILES = {"strip_families": ("strip_families",), "patterns": ("patterns",),
         "joblogs": ("joblogs", "joblog")}

_MARKS = (
    re.compile(r"(.*)~"), re.compile(r"(.*\S|) +\([0-9]+\)"),
    re.compile(r"(.*?) *\([^(]*conflict[^(]*\)", re.IGNORECASE),
    re.compile(r"(.*)_conf\([^(]*\)", re.IGNORECASE),
    re.compile(r"(.*) \((?:[^()]* )?(?:copy|kopie|copie|copia)(?: [^()]*)?\)", re.IGNORECASE),
    re.compile(r"(.*) - (?:copy|kopie|copie|copia)", re.IGNORECASE),
    re.compile(r"(.*) (?:copy|kopie|copie|copia)( [0-9]+)?", re.IGNORECASE),
    re.compile(r"(?:copy of|kopie von|copie de|copia de|copia di|kopie van) (.*)", re.IGNORECASE),
    re.compile(r"(.*)\.sync-conflict-.*", re.IGNORECASE),
    re.compile(r"(.*)-conflict.*", re.IGNORECASE), re.compile(r"(.*)_conflict-.*", re.IGNORECASE),
)


def copied(name: bytes) -> list[bytes]:
    """Returns the names of which a file is a copy, judged by its name; the most likely one last."""
    stem, _, end = name.decode("utf-8", "surrogateescape").rpartition(".")
    names: list[bytes] = []
    while True:
        match = next((match for mark in _MARKS if (match := mark.fullmatch(stem))), None)
        if match is None or not match[1]:
            return names
        stem = match[1]
        names.append(f"{stem}.{end}".encode("utf-8", "surrogateescape"))


def is_data(name: bytes) -> bool:
    """Returns whether a name has the ending of a format, also before white space or as a rotated log."""
    return name.rstrip(b"0123456789-_.:t \t\n\r\f\v").endswith((b".json", b".jsonl", b".ndjson"))


def unread_reason(name: bytes) -> tuple[str, bool]:
    """Returns why a file without the ending of a format is not read, and whether it looks like data."""
    lowered = name.lower()
    for endings, reason in (
            ((b".icloud", b".cloud", b".cloudf", b".dropbox", b".onedrive", b".placeholder"),
             "placeholder"),
            ((), "hidden"),
            ((b".gz", b".zip", b".bz2", b".xz", b".zst", b".lz4", b".7z", b".rar", b".tgz",
              b".tar", b".br", b".z"), "compressed")):
        if reason == "hidden":
            if name.startswith(b"."):
                return reason, False
            continue
        for ending_ in endings:
            if lowered.endswith(ending_):
                return reason, is_data(lowered[:-len(ending_)])
    return "ending", is_data(lowered) or lowered.endswith((
        b".json.txt", b".jsonl.txt", b".ndjson.txt", b".jsonc", b".json5", b".hjson",
        b".jsonlines", b".ldjson", b".geojson"))


class Walk:
    """The files of a kind in the order in which they are read."""

    def __init__(self, root: bytes, kind: str) -> None:
        self.root = root
        self.kind = kind
        self.followed: set[tuple[int, int]] = set()
        #: The files in its directories that look like data but are not read.
        self.unread_data: list[bytes] = []
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
        """Yields the paths with their types: `json`, `lines`, `unreadable`, `loop` or `copy`.

        Files at the top of the source come first, copies last.
        """
        for name in sorted(os.listdir(self.root)):
            stem, dot, _ = name.rpartition(b".")
            if dot and stem.decode("utf-8", "surrogateescape") in FILES[self.kind]:
                entry = self._entry(b"", name)
                if entry is not None and entry[0] in ("json", "lines", "unreadable"):
                    yield entry[0], name
        found = list(self._items())
        originals = [item for item in found if item[0] not in ("json", "lines")
                     or not copied(os.path.basename(item[1]))]
        yield from originals
        paths = {path for what, path in found if what in ("json", "lines")}
        for what, path in found:
            if what in ("json", "lines") and copied(os.path.basename(path)):
                names = copied(os.path.basename(path))
                for name in [names[-1], *names]:
                    beside = os.path.join(os.path.dirname(path), name)
                    if beside in paths:
                        yield "copy", path
                        break
                yield what, path

    def _items(self) -> Iterator[tuple[str, bytes]]:
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
            if entry is None and unread_reason(name)[1] and os.path.isfile(
                    os.path.join(self.root, path, name)):
                self.unread_data.append(path + b"/" + name)
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


def unread_data(root: bytes) -> list[bytes]:
    """Returns the paths of the files that look like data but are not read."""
    found: list[bytes] = []

    def walk(path: bytes) -> None:
        for name in sorted(os.listdir(os.path.join(root, path))):
            below = path + b"/" + name if path else name
            full = os.path.join(root, below)
            if os.path.islink(full) or (os.path.isdir(full) and name.startswith(b".")):
                continue
            if os.path.isdir(full):
                if path or name.decode("utf-8", "surrogateescape") not in KINDS:
                    walk(below)
            elif os.path.isfile(full):
                stem = name.rpartition(b".")[0].decode("utf-8", "surrogateescape")
                is_read = not path and any(stem in FILES[kind] for kind in KINDS)
                if not name.startswith(b".") and ending(name):
                    if not is_read:
                        found.append(below)
                elif unread_reason(name)[1]:
                    found.append(below)

    for kind in KINDS:
        if os.path.isdir(os.path.join(root, kind.encode())):
            of_kind = Walk(root, kind)
            list(of_kind.items())
            found += of_kind.unread_data
    walk(b"")
    return found
