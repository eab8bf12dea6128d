"""A model of migration: the outcome of each entity of a source, and the rows of the database.

It follows Documentation/Input.md and Documentation/Undo.md, and shares no code with the program.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from jsontext import same_data
from reading import KINDS, FileReader, Found, Locator, Walk, path_text, unread_data
from rules import FIELDS, NAMES, RUN_START, Entity, EntityReader, Issue, Severity, pointer_to

Duplicates = Literal["skip", "update", "fail"]


@dataclass
class Outcome:
    """The outcome of an entity, or of a part of a file that counts as one."""

    kind: str
    source: str
    locator: Locator
    id: str | None
    outcome: str
    issues: list[Issue]


class Model:
    """A model of a database into which sources are migrated."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Entity]] = {kind: {} for kind in KINDS}

    def copy(self) -> Model:
        """Returns a copy of the database."""
        other = Model()
        other.rows = {kind: dict(rows) for kind, rows in self.rows.items()}
        return other

    def migrate(self, root: str, duplicates: Duplicates = "skip", derives_ids: bool = True,
                atomic: bool = False) -> tuple[list[Outcome], list[Issue]]:
        """Migrates a source; returns the outcomes in order, and the issues that concern no entity."""
        self.duplicates = duplicates
        self.derives_ids = derives_ids
        self.outcomes: list[Outcome] = []
        self.remarks: list[Issue] = []
        #: The number of files to read, including unreadable ones.
        self.files = 0
        before = self.copy().rows
        for kind in KINDS:
            #: The ids of the entities of this source that were migrated, updated or skipped.
            self.decided: set[str] = set()
            #: The files in which the name of a member became the id of an entity.
            self.doubted: set[str] = set()
            for found in self._found(os.fsencode(root), kind):
                self._settle(kind, found)
        unread = unread_data(os.fsencode(root))
        for path in unread[:100]:
            self._remark("warning", "input.not-read", None, path_text(path))
        if len(unread) > 100:
            self._remark("warning", "input.not-read", None, None)
        if self.files == 0:
            self._remark("error", "input.nothing-found", None, None)
        if atomic and any(outcome.outcome == "failed" for outcome in self.outcomes):
            self.rows = before
            for outcome in self.outcomes:
                if outcome.outcome == "migrated":
                    outcome.outcome = "skipped"
        return self.outcomes, self.remarks

    def _found(self, root: bytes, kind: str) -> Iterator[Found]:
        for what, path in Walk(root, kind).items():
            text = path_text(path)
            if what == "unreadable":
                self.files += 1
                yield Found(text, None, None, code="input.unreadable")
            elif what == "loop":
                self._remark("warning", "input.loop", kind, text)
            elif what == "copy":
                self._remark("warning", "input.copy", kind, text)
            else:
                with open(os.path.join(root, path), "rb") as file:
                    data = file.read()
                self.files += 1
                reader = FileReader(text, data, NAMES[kind])
                found = reader.read(what == "lines")
                if reader.is_wrapper:
                    self._remark("warning" if reader.leaves_out else "info", "shape.wrapper", kind,
                                 text)
                yield from found

    def _remark(self, severity: Severity, code: str, kind: str | None, path: str | None) -> None:
        self.remarks.append(Issue(severity, code, kind, None, path, None, None, None))

    def _settle(self, kind: str, found: Found) -> None:
        if found.code is not None:
            place = None
            if found.text is not None and found.position is not None:
                place = found.text.place(found.position)
            issue = Issue("error", found.code, kind, None, found.path, found.locator, place, None)
            self.outcomes.append(
                Outcome(kind, found.path, found.locator, None, "failed", [issue]))
            return
        entity = EntityReader(kind, found, self.derives_ids).read()
        if found.has_doubtful_key and "id" not in entity.given and found.path not in self.doubted:
            self.doubted.add(found.path)
            self._remark("warning", "shape.wrapper", kind, found.path)
        told = {issue.pointer for issue in entity.issues}
        entity.issues += [
            issue for issue in self._missing_references(entity) if issue.pointer not in told
        ]
        outcome = "failed"
        if not entity.failed:
            outcome = self._decide(entity)
        self.outcomes.append(
            Outcome(kind, found.path, found.locator, entity.id, outcome, entity.issues))

    def _decide(self, entity: Entity) -> str:
        """Returns the outcome of an entity without an error."""
        found, kind = entity.found, entity.kind
        assert entity.id is not None and found.text is not None
        stored = self.rows[kind].get(entity.id)
        repeated = entity.id in self.decided
        if stored is None:
            self.rows[kind][entity.id] = entity
            self.decided.add(entity.id)
            return "migrated"
        same = self._is_same(entity, stored)
        updates = not same and self.duplicates == "update" and not repeated
        fails = self.duplicates == "fail"
        # The entity at a position may be another one than in an earlier run.
        is_positional = found.locator is not None and any(
            issue.code == "id.derived" for issue in entity.issues)
        is_expected = same or updates and not is_positional
        severity: Severity = "error" if fails else "info" if is_expected else "warning"
        entity.issues.append(Issue(
            severity, "duplicate.identical" if same else "duplicate.differs", kind, entity.id,
            found.path, found.locator, found.text.place(entity.node.start), None))
        if fails:
            return "failed"
        self.decided.add(entity.id)
        if not updates:
            return "skipped"
        if "created_at" not in entity.given:
            entity.cells["created_at"] = stored.cells["created_at"]
        if "updated_at" not in entity.given:
            entity.cells["updated_at"] = RUN_START
        self.rows[kind][entity.id] = entity
        return "updated"

    def _missing_references(self, entity: Entity) -> Iterator[Issue]:
        found = entity.found
        for schema in FIELDS[entity.kind]:
            target = entity.cells.get(schema.member)
            if schema.type != "reference" or target is None:
                continue
            if str(target) not in self.rows[schema.target]:
                assert found.text is not None
                place = found.text.place(entity.given[schema.member].value.start)
                yield Issue("error", "reference.missing", entity.kind, entity.id, found.path,
                            found.locator, place, pointer_to(schema.member))

    @staticmethod
    def _is_same(entity: Entity, stored: Entity) -> bool:
        for schema in FIELDS[entity.kind]:
            if schema.member in ("created_at", "updated_at"):
                if schema.member not in entity.given:
                    continue
            new, old = entity.cells.get(schema.member), stored.cells.get(schema.member)
            if new != old and not (schema.is_json and isinstance(new, str)
                                   and isinstance(old, str) and same_data(new, old)):
                return False
        return same_members(entity.unknown or "{}", stored.unknown or "{}")


def same_members(left: str, right: str) -> bool:
    """Returns whether two objects have the same members with the same data, in any order."""
    return same_data(left, right)


def counts(outcomes: list[Outcome]) -> dict[str, dict[str, int]]:
    """Returns the statistics of a run."""
    result = {kind: {"found": 0, "migrated": 0, "updated": 0, "skipped": 0, "failed": 0}
              for kind in KINDS}
    for outcome in outcomes:
        result[outcome.kind]["found"] += 1
        result[outcome.kind][outcome.outcome] += 1
    return result


def issue_counts(outcomes: list[Outcome], remarks: list[Issue]) -> dict[str, int]:
    """Returns how often each code occurs."""
    issues = [issue for outcome in outcomes for issue in outcome.issues] + remarks
    return dict(Counter(issue.code for issue in issues))
