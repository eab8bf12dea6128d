"""The fields of the kinds and their rules: what an entity says, and what is wrong with it.

After Documentation/Input.md, independently of the program. A field, a rule or another name of a
member is a line of `FIELDS`.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from jsontext import Member, Node, compact, number_value
from reading import Found, Locator

Type = Literal["text", "name", "status", "job_type", "reference", "timestamp", "integer",
               "positive", "not negative", "object", "lenient object", "list"]
Severity = Literal["error", "warning", "info"]
Cell = str | int | float | None

STATUSES = ("pending", "planned", "running", "completed", "failed", "cancelled")
#: Those that every version knows; the generator uses no other that any knows.
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


@dataclass(frozen=True)
class Issue:
    """An issue as the ledger keeps it, without its message."""

    severity: Severity
    code: str
    kind: str
    id: str | None
    source: str
    locator: Locator
    place: tuple[int, int, int] | None
    pointer: str | None


@dataclass
class Entity:
    """An entity that was read, right or wrong."""

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
        """Path, locator, offset, length, SHA-256 of the bytes, and the members kept beside."""
        assert self.found.text is not None
        data = self.source_bytes
        return (self.found.path, self.found.locator,
                self.found.text.place(self.node.start)[2], len(data),
                hashlib.sha256(data).hexdigest(), self.unknown)


def pointer_to(name: str) -> str:
    """A JSON Pointer to a member."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def is_blank(text: str) -> bool:
    return all(character in WHITE_SPACE for character in text)


_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?")

#: A day's number, then the time's nanoseconds of that day and the offset in them.
Moment = tuple[int, tuple[int, int | None] | None]


def moment(text: str) -> Moment | None:
    """What a timestamp means; `None` if it is none."""
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
    """Whether one moment is known to be before another."""
    if end[1] is None or start[1] is None:
        return end[0] < start[0]
    (end_time, end_offset), (start_time, start_offset) = end[1], start[1]
    if (end_offset is None) != (start_offset is None):
        return False

    def instant(day: int, time: int, offset: int | None) -> int:
        return day * 86_400 * 10**9 + time - (offset or 0) * 60 * 10**9

    return instant(end[0], end_time, end_offset) < instant(start[0], start_time, start_offset)


class EntityReader:
    """Reads the members of one object and checks every rule."""

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
        self.drafts.append((severity, code, position, pointer or pointer_to(member)))

    def read(self) -> Entity:
        self._match()
        self._id()
        for schema in self.fields[1:]:
            member = self.entity.given.get(schema.member)
            if member is not None:
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
        names: set[str] = set()
        unknown: list[str] = []
        for member in self.entity.node.members:
            # A name that is no text is as it is written.
            name = member.raw_name if member.name is None else member.name
            if name in names:
                self._issue("error", "json.duplicate-key", name, member.name_start)
            names.add(name)
            if name in known:
                self.members.setdefault(name, member)
                continue
            value = self.text.text[member.value.start : member.value.end]
            unknown.append(f'"{member.raw_name}":{compact(value)}')
        self.entity.given = {
            name: member for name, member in self.members.items() if member.value.kind != "null"
        }
        self.entity.unknown = "{" + ",".join(unknown) + "}" if unknown else None

    def _id(self) -> None:
        entity, key = self.entity, self.entity.found.key
        # A key that is no id does not stand for one.
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
        self.entity.cells[name] = compact(self.text.text[value.start : value.end])
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
        """Whether another member stands in for one that is absent or empty."""
        other = self.entity.given.get("rosette_geometry") if name == "geometry" else None
        return other is not None and bool(other.value.members or other.value.items)

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
