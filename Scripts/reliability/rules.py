"""The fields of the kinds and their rules: the values of an entity, and its issues.

It follows Documentation/Input.md, and shares no code with the program. A field is a line of `FIELDS`,
an alternative name one of `OTHER_NAMES`.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from jsontext import JSONError, Member, Node, Scanner, compact, number_value
from reading import FILES, Found, Locator, Names, plain

Type = Literal["text", "name", "status", "job_type", "reference", "timestamp", "integer",
               "positive", "not negative", "object", "lenient object", "list"]
Severity = Literal["error", "warning", "info"]
Cell = str | int | float | None

STATUSES = ("pending", "planned", "running", "completed", "failed", "cancelled")
#: The types that every version knows; the generator uses only one other, which no version knows.
JOB_TYPES = ("slice", "batch", "contour", "assembly", "rosette_slice_batch",
             "rosette_pattern_generation", "rosette_preview", "rosette_cnc_export",
             "rosette_segmentation", "rosette_validation", "rosette_cnc_simulation",
             "rosette_plan", "rosette_cam", "rmos_rosette_saw_batch", "saw_slice",
             "saw_slice_batch", "saw_queue_job", "pipeline_run")
WHITE_SPACE = frozenset(
    map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029,
              0x202F, 0x205F, 0x3000]))
#: Stands for the start of the run in a cell.
RUN_START = "\0start of the run"


@dataclass(frozen=True)
class Field:
    """A member of a kind and its column."""

    member: str
    type: Type
    required: bool = False
    column: str = ""
    absent: str | None = None
    target: str = ""

    @property
    def column_name(self) -> str:
        return self.column or self.member

    @property
    def is_json(self) -> bool:
        return self.type in ("object", "lenient object", "list")


_ID = Field("id", "name")
_TIMES = (Field("created_at", "timestamp", absent=RUN_START),
          Field("updated_at", "timestamp", absent="=created_at"))
_METADATA = Field("metadata", "lenient object", column="metadata_json")

FIELDS: dict[str, tuple[Field, ...]] = {
    "strip_families": (
        _ID, Field("name", "name", True), Field("strip_width_mm", "positive", True),
        Field("strip_thickness_mm", "positive", True), Field("material_type", "name", True),
        Field("strips", "list", True, "strips_json"), *_TIMES, _METADATA),
    "patterns": (
        _ID, Field("name", "name", True), Field("ring_count", "integer", True),
        Field("geometry", "object", True, "geometry_json"),
        Field("strip_family_id", "reference", target="strip_families"), *_TIMES, _METADATA,
        Field("pattern_type", "text", absent="generic"), Field("rosette_geometry", "object")),
    "joblogs": (
        _ID, Field("job_type", "job_type", True),
        Field("pattern_id", "reference", target="patterns"),
        Field("strip_family_id", "reference", target="strip_families"),
        Field("status", "status", absent="pending"), Field("start_time", "timestamp"),
        Field("end_time", "timestamp"), Field("duration_seconds", "not negative"),
        Field("parameters", "object", True, "parameters_json"),
        Field("results", "lenient object", column="results_json"), *_TIMES),
}


#: Alternative names of members, in order of priority.
OTHER_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    kind: tuple((name, "id") for name in ids) + tuple(
        (field.column, field.member) for field in FIELDS[kind] if field.column)
    for kind, ids in (("strip_families", ("family_id", "strip_family_id")),
                      ("patterns", ("pattern_id",)), ("joblogs", ("job_id", "run_id")))
}
#: The names of the kinds in words.
_WORDS = {"strip_families": "strip families", "patterns": "patterns", "joblogs": "job logs"}
NAMES = {
    kind: Names(
        frozenset(item.member for item in fields),
        frozenset(item.member for item in fields if item.required),
        {item.member: "[" if item.type == "list" else "{" for item in fields if item.is_json},
        frozenset(plain(name) for name in (
            *(item.member for item in fields), *(name for name, _ in OTHER_NAMES[kind]))),
        frozenset(plain(name) for name in (*FILES[kind], _WORDS[kind])),
        tuple(frozenset(item.member for item in others if item.required)
              for other, others in FIELDS.items() if other != kind))
    for kind, fields in FIELDS.items()
}


def is_kept(token: str, number: float) -> bool:
    """Returns whether a double keeps a number, apart from the last of 17 digits of a fraction."""
    value = number_value(token)
    _, digits, exponent = value
    if math.isinf(number):
        return True
    if number == 0:
        return digits == ""
    if len(digits) <= 15 or len(digits) <= 17 and exponent < 0:
        return True
    return number_value(repr(number)) == value


@dataclass(frozen=True)
class Issue:
    """An issue as the ledger keeps it, without its message."""

    severity: Severity
    code: str
    kind: str | None
    id: str | None
    source: str | None
    locator: Locator
    place: tuple[int, int, int] | None
    pointer: str | None


@dataclass
class Entity:
    """An entity that was read, valid or not."""

    found: Found
    kind: str
    id: str | None = None
    cells: dict[str, Cell] = field(default_factory=dict)
    given: dict[str, Member] = field(default_factory=dict)
    unknown: str | None = None
    issues: list[Issue] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(issue.severity == "error" for issue in self.issues)

    @property
    def node(self) -> Node:
        assert self.found.node is not None
        return self.found.node

    @property
    def source_bytes(self) -> bytes:
        assert self.found.text is not None
        return self.found.text.bytes(self.node.start, self.node.end)

    @property
    def provenance(self) -> tuple[str, Locator, int, int, str, str | None]:
        """The path, locator, offset, length, SHA-256 of the bytes, and unknown members."""
        assert self.found.text is not None
        data = self.source_bytes
        return (self.found.path, self.found.locator,
                self.found.text.place(self.node.start)[2], len(data),
                hashlib.sha256(data).hexdigest(), self.unknown)


def pointer_to(name: str) -> str:
    """Returns the JSON Pointer to a member."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def is_blank(text: str) -> bool:
    return all(character in WHITE_SPACE for character in text)


def is_padded(text: str) -> bool:
    return not is_blank(text) and (text[0] in WHITE_SPACE or text[-1] in WHITE_SPACE)


_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?")

#: The number of a day; then, if given, the time in nanoseconds and the offset from UTC in minutes.
Moment = tuple[int, tuple[int, int | None] | None]


def moment(text: str) -> Moment | None:
    """Parses a timestamp; returns `None` if it is not valid."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])).toordinal()
    except ValueError:
        return None
    if match[4] is None:
        return day, None
    hour, minute, second = int(match[4]), int(match[5]), int(match[6] or 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset: int | None = None
    if match[8] == "Z":
        offset = 0
    elif match[8]:
        if int(match[8][1:3]) > 23 or int(match[8][4:]) > 59:
            return None
        offset = int(match[8][:1] + "1") * (int(match[8][1:3]) * 60 + int(match[8][4:]))
    nanoseconds = int(((match[7] or "") + "0" * 9)[:9])
    return day, ((hour * 3600 + minute * 60 + second) * 10**9 + nanoseconds, offset)


def is_before(end: Moment, start: Moment) -> bool:
    """Returns whether one moment is certainly before another."""
    if end[1] is None or start[1] is None:
        return end[0] < start[0]
    (end_time, end_offset), (start_time, start_offset) = end[1], start[1]
    if (end_offset is None) != (start_offset is None):
        return False

    def instant(day: int, time: int, offset: int | None) -> int:
        return day * 86_400 * 10**9 + time - (offset or 0) * 60 * 10**9

    return instant(end[0], end_time, end_offset) < instant(start[0], start_time, start_offset)


class EntityReader:
    """Reads the members of an object, and checks all rules."""

    def __init__(self, kind: str, found: Found, derives_ids: bool) -> None:
        self.fields = FIELDS[kind]
        self.derives_ids = derives_ids
        self.entity = Entity(found, kind)
        self.drafts: list[tuple[Severity, str, int, str | None]] = []
        assert found.text is not None
        self.text = found.text

    def _issue(self, severity: Severity, code: str, member: str, position: int | None = None,
               pointer: str | None = None) -> None:
        given = self.members.get(member)
        if position is None:
            position = given.value.start if given else self.entity.node.start
        name = self.written.get(member, member)
        self.drafts.append((severity, code, position, pointer or pointer_to(name)))

    def read(self) -> Entity:
        #: The alternative name under which a member is given.
        self.written: dict[str, str] = {}
        #: The members that could not be read.
        self.unread: set[str] = set()
        #: The JSON within members that are strings.
        self.inner: dict[str, tuple[str, Node]] = {}
        self._match()
        self._id()
        if self.entity.id is not None and is_padded(self.entity.id):
            member = self.entity.given.get("id")
            start = (member.value if member else self.entity.node).start
            self._issue("warning", "id.white-space", "id", start)
        for schema in self.fields[1:]:
            member = self.entity.given.get(schema.member)
            if member is not None and schema.member not in self.unread:
                self._value(schema, member.value)
        self._rules()
        self._stand_ins()
        entity = self.entity
        entity.issues = [
            Issue(severity, code, entity.kind, entity.id, entity.found.path, entity.found.locator,
                  self.text.place(position), pointer)
            for severity, code, position, pointer in self.drafts
        ]
        return entity

    def _match(self) -> None:
        known = {schema.member for schema in self.fields}
        #: The first member of each name, null or not.
        self.members: dict[str, Member] = {}
        adopted = self._adopt(known)
        names: set[str] = set()
        unknown: list[str] = []
        resembling: list[tuple[str, Member]] = []
        for member in self.entity.node.members:
            # A name with a lone surrogate is used as it is written.
            name = member.raw_name if member.name is None else member.name
            is_new = name not in names
            if not is_new:
                self._issue("error", "json.duplicate-key", name, member.name_start,
                            pointer_to(name))
            names.add(name)
            if name in known:
                if name not in self.written:
                    self.members.setdefault(name, member)
                continue
            if name in adopted:
                continue
            if is_new and member.value.kind != "null":
                resembling.append((name, member))
            value = self.text.text[member.value.start : member.value.end]
            unknown.append(f'"{member.raw_name}":{compact(value)}')
        self.entity.given = {
            name: member for name, member in self.members.items() if member.value.kind != "null"
        }
        self._texts()
        self.entity.unknown = "{" + ",".join(unknown) + "}" if unknown else None
        fields: dict[str, str] = {}
        for name in (*(item.member for item in self.fields), *self.others):
            fields.setdefault(plain(name), self.others.get(name, name))
        for name, member in resembling:
            target = None if name.startswith("__") else fields.get(plain(name))
            if target is None or target in self.entity.given:
                continue
            if target != "id" or self.entity.found.key is None:
                self._issue("warning", "field.look-alike", target, member.name_start,
                            pointer_to(name))

    def _adopt(self, known: set[str]) -> set[str]:
        """Uses members with alternative names for absent ones; returns these names."""
        self.others = dict(OTHER_NAMES[self.entity.kind])
        first: dict[str, Member] = {}
        for member in self.entity.node.members:
            if member.name is not None:
                first.setdefault(member.name, member)
        for name, target in OTHER_NAMES[self.entity.kind]:
            given = first.get(target)
            member_ = first.get(name)
            if member_ is None or name in known or target in self.written:
                continue
            if given is not None and given.value.kind != "null":
                continue
            if target == "id" and not self._is_id(member_.value):
                continue
            self.written[target] = name
            self.members[target] = member_
            self._issue("info", "id.alias" if target == "id" else "field.column-name", target)
        return set(self.written.values())

    def _is_id(self, value: Node) -> bool:
        """Returns whether a value with an alternative name is the id; in a dictionary, the key is."""
        key = self.entity.found.key
        if value.kind == "string":
            return value.text is not None and key in (None, value.text)
        return (value.kind == "number" and re.fullmatch("-?[0-9]+", value.text or "") is not None
                and key in (None, value.text))

    def _texts(self) -> None:
        """Reads the JSON in strings."""
        for schema in self.fields[1:]:
            member = self.entity.given.get(schema.member)
            is_other = schema.member in self.written
            if (member is None or not schema.is_json or member.value.kind != "string"
                    or not (is_other or not schema.column)):
                continue
            text = member.value.text
            node: Node | None = None
            if text is not None:
                scanner = Scanner(text)
                try:
                    node = scanner.value(scanner.skip_white_space(0))
                    if scanner.skip_white_space(node.end) != len(text):
                        node = None
                except JSONError:
                    node = None
            if node is None or text is None:
                if is_other:
                    self._issue("error", "json.syntax", schema.member)
                    self.unread.add(schema.member)
                continue
            if not is_other:
                if node.kind != ("array" if schema.type == "list" else "object"):
                    continue
                self._issue("info", "field.column-name", schema.member)
            if node.kind == "null":
                del self.entity.given[schema.member]
            else:
                self.inner[schema.member] = (text[node.start : node.end], node)

    def _id(self) -> None:
        entity, key = self.entity, self.entity.found.key
        # A key that is not a valid id is not used as one.
        is_id = key is not None and not is_blank(key)
        member = entity.given.get("id")
        if member is None:
            if key is not None and not is_id:
                self._issue("error", "field.empty", "id", entity.node.start)
                return
            if key is not None:
                entity.id = key
            elif not self.derives_ids:
                self._issue("error", "id.missing", "id", entity.node.start)
                return
            else:
                locator = entity.found.locator
                entity.id = f"legacy:{entity.found.path}" + (
                    "" if locator is None else f"#{locator}")
                self._issue("info", "id.derived", "id", entity.node.start)
            entity.cells["id"] = entity.id
            return
        value = member.value
        text: str | None = None
        if value.kind == "string":
            text = value.text
            if text is None:
                self._issue("error", "json.syntax", "id")
            elif is_blank(text):
                self._issue("error", "field.empty", "id")
                return
        elif value.kind == "number" and re.fullmatch("-?[0-9]+", value.text or ""):
            text = value.text
            self._issue("warning", "id.number", "id")
        else:
            self._issue("error", "field.type", "id")
        if key is not None and text is not None and text != key:
            self._issue("error", "id.mismatch", "id")
        entity.id = entity.cells["id"] = text if key is None else key if is_id else None

    def _value(self, schema: Field, value: Node) -> None:
        name, cells = schema.member, self.entity.cells
        if schema.is_json:
            return self._json(schema, value)
        if schema.type == "integer":
            if value.kind != "number":
                return self._issue("error", "field.type", name)
            return self._integer(schema, value.text or "")
        if schema.type in ("positive", "not negative"):
            if value.kind != "number":
                return self._issue("error", "field.type", name)
            number = float(value.text or "")
            cells[name] = number if number else 0.0
            if math.isinf(number) or number < 0 or (schema.type == "positive" and number == 0):
                self._issue("error", "field.range", name)
            elif not is_kept(value.text or "", number):
                self._issue("warning", "field.range", name)
            return None
        if value.kind != "string":
            return self._issue("error", "field.type", name)
        if value.text is None:
            return self._issue("error", "json.syntax", name)
        cells[name] = value.text
        if schema.type in ("name", "job_type") and is_blank(value.text):
            self._issue("error", "field.empty", name)
        elif schema.type == "job_type" and value.text not in JOB_TYPES:
            self._issue("warning", "field.unknown-value", name)
        elif schema.type == "status" and value.text not in STATUSES:
            self._issue("error", "field.unknown-value", name)
        elif schema.type == "timestamp" and moment(value.text) is None:
            self._issue("error", "field.format", name)
        elif schema.type == "timestamp" and value.text.startswith("0001-01-01"):
            self._issue("warning", "field.range", name)
        return None

    def _integer(self, schema: Field, token: str) -> None:
        sign, digits, exponent = number_value(token)
        if digits and exponent < 0:
            return self._issue("error", "field.type", schema.member)
        if len(digits) + exponent > 19:
            return self._issue("error", "field.range", schema.member)
        number = sign * int((digits or "0") + "0" * exponent)
        if not -(2**63) <= number < 2**63:
            return self._issue("error", "field.range", schema.member)
        self.entity.cells[schema.member] = number
        if number < 1:
            self._issue("error", "field.range", schema.member)
        return None

    def _json(self, schema: Field, value: Node) -> None:
        name = schema.member
        text = self.text.text[value.start : value.end]
        if name in self.inner:
            text, value = self.inner[name]
        self.entity.cells[name] = compact(text)
        expected = "array" if schema.type == "list" else "object"
        if value.kind != expected:
            lenient = schema.type == "lenient object"
            return self._issue("warning" if lenient else "error", "field.type", name)
        if value.members or value.items:
            return None
        if name == "parameters":
            self._issue("warning", "field.empty", name)
        elif name in ("geometry", "strips") and not self._has_substitute(name):
            self._issue("error", "field.empty", name)
        return None

    def _has_substitute(self, name: str) -> bool:
        """Returns whether another member replaces one that is absent or empty."""
        other = self.entity.given.get("rosette_geometry") if name == "geometry" else None
        if other is None:
            return False
        value = self.inner["rosette_geometry"][1] if "rosette_geometry" in self.inner else other.value
        return bool(value.members or value.items)

    def _rules(self) -> None:
        entity = self.entity
        for schema in self.fields[1:]:
            if schema.required and schema.member not in entity.given:
                if not self._has_substitute(schema.member):
                    self._issue("error", "field.missing", schema.member)
        if entity.kind != "joblogs":
            return
        if entity.cells.get("status") == "completed":
            if "end_time" not in entity.given:
                self._issue("error", "field.missing", "end_time")
            if "duration_seconds" not in entity.given:
                self._issue("warning", "field.missing", "duration_seconds")
        start, end = (moment(str(entity.cells.get(name))) for name in ("start_time", "end_time"))
        if start and end and is_before(end, start):
            self._issue("warning", "time.order", "end_time")

    def _stand_ins(self) -> None:
        cells = self.entity.cells
        for schema in self.fields:
            if cells.get(schema.member) is None and schema.absent is not None:
                absent = schema.absent
                cells[schema.member] = cells[absent[1:]] if absent[0] == "=" else absent
        if self.entity.kind == "patterns" and cells.get("geometry") is None:
            cells["geometry"] = "{}"
