#!/usr/bin/env python3
"""Migrates random trees, and compares the results with those of an independent model.

For each tree: a dry run, a real run, the same again, an audit, an export and its migration, an update
from a different tree and its undo, and a run with another option. Rows, provenance, outcomes and
issues must be those of reading.py, rules.py and migrating.py. The fixtures of the conformance suite
test that model itself.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from harness import (CLEAN, FAILURES, Bound, Content, Program, Result, Verdicts, arguments, connect,
                     content, listing, tree_bytes, work_directory)
from migrating import Duplicates, Model, Outcome, counts, issue_counts
from reading import KINDS
from rules import FIELDS, RUN_START, Entity, Issue
from trees import Tree

_RUN_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
CONFORMANCE = Path(__file__).parents[2] / "Tests/Fixtures/conformance"


def statistics(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Returns the statistics of a report by kind."""
    return {kind: {name: int(report["entities"][kind].get(name, 0))
                   for name in ("found", "migrated", "updated", "skipped", "failed")}
            for kind in KINDS}


def self_test(verdicts: Verdicts) -> None:
    """Checks that the model gives what the conformance suite expects."""
    for case in sorted(path for path in CONFORMANCE.iterdir() if path.is_dir()):
        expected = json.loads((case / "expected.json").read_text())
        model = Model()
        outcomes, remarks = model.migrate(str(case / "source"))
        name = f"the model agrees with the conformance case {case.name}"
        wanted = {kind: {"updated": 0, **numbers} for kind, numbers in expected["stats"].items()}
        verdicts.check(counts(outcomes) == wanted, name, counts(outcomes))
        got = [(item.source, item.locator, item.id, item.outcome,
                sorted(issue.code for issue in item.issues)) for item in outcomes]
        right = [(item["source"], item["locator"], item["id"], item["outcome"],
                  sorted(item["codes"])) for item in expected["outcomes"]]
        verdicts.check(got == right, name, [pair for pair in zip(got, right) if pair[0] != pair[1]])
        said = sorted(issue.code for issue in remarks)
        verdicts.check(said == sorted(expected.get("run_issues", [])), name, said)
        for row in expected["rows"]:
            entity = model.rows[row["table"]][row["id"]]
            for field in FIELDS[row["table"]]:
                if field.column_name in row["columns"]:
                    value = row["columns"][field.column_name]
                    found = entity.cells.get(field.member)
                    verdicts.check(found == value, name, (field.member, found, value))
        verdicts.count("conformance cases")


class Comparison:
    """All runs and comparisons with one tree."""

    def __init__(self, program: Program, verdicts: Verdicts, work: Path, seed: int) -> None:
        self.program = program
        self.verdicts = verdicts
        self.work = work
        self.seed = seed
        self.source = work / "source"
        self.database = work / "shop.db"
        self.model = Model()

    def _check(self, holds: bool, rule: str, what: object) -> bool:
        return self.verdicts.check(holds, rule, f"tree {self.seed}: {what}")

    def _same(self, got: object, wanted: object, rule: str) -> None:
        self._check(got == wanted, rule, f"program {got!r}, model {wanted!r}")

    def _same_items(self, got: list[Any], wanted: list[Any], rule: str) -> None:
        left, right = Counter(map(repr, got)), Counter(map(repr, wanted))
        self._check(left == right, rule, "\n      ".join(
            ["", *(f"only the program: {item}" for item in (left - right)),
             *(f"only the model: {item}" for item in (right - left))]))

    def _run(self, *command: str, status: tuple[int, ...]) -> Result:
        result = self.program.run(*command, directory=self.work)
        self._check(result.status in status and not result.timed_out,
                    f"{command[0]} ends with a status of {status}", result)
        return result

    def run(self) -> None:
        self.source.mkdir()
        Tree(self.seed).write(self.source)
        first = self._both("source", "the real run")
        self._rows(self.database, self.model)
        self._ledger(self.database, 1, *first)
        migrated = content(self.database)
        self._both("source", "a second run")
        self._check(content(self.database) == migrated, "a second run changes nothing", "")
        self._run("audit", "--db", "shop.db", status=(CLEAN,))
        self._export(migrated)
        self._update(migrated)
        self._another_option()
        self.verdicts.count("trees")

    def _both(self, source: str, what: str, *options: str,
              duplicates: Duplicates = "skip") -> tuple[list[Outcome], list[Issue]]:
        """Does a dry run and a real run, and compares both with the model."""
        outcomes, remarks = self.model.migrate(str(self.work / source), duplicates)
        expected = (self._status(outcomes),)
        self.verdicts.count("entities", len(outcomes))
        before, command = listing(self.work), ("migrate", source, "--db", "shop.db", *options)
        dry = self._run(*command, "--dry-run", "--json", status=expected)
        self._same(listing(self.work), before, "a dry run leaves nothing behind")
        real = self._run(*command, "--json", status=expected)
        self._report(real, outcomes, remarks, what)
        self._prediction(dry, real)
        return outcomes, remarks

    @staticmethod
    def _status(outcomes: list[Outcome]) -> int:
        return FAILURES if any(outcome.outcome == "failed" for outcome in outcomes) else CLEAN

    def _update(self, migrated: Content) -> None:
        """Updates from a different tree, and undoes that."""
        before = self.model.copy()
        (self.work / "newer").mkdir()
        Tree(self.seed, " 2").write(self.work / "newer")
        newer = self._both("newer", "an update", "--on-duplicate", "update", duplicates="update")
        self._rows(self.database, self.model)
        run = self._newest_run()
        self._ledger(self.database, run, *newer)
        self._run("audit", "--db", "shop.db", status=(CLEAN,))
        if any(outcome.outcome in ("migrated", "updated") for outcome in newer[0]):
            self._run("undo", str(run), "--db", "shop.db", status=(CLEAN,))
            self._check(content(self.database) == migrated, "an undo reverts all of a run", "")
        self.model = before

    def _newest_run(self) -> int:
        with contextlib.closing(connect(self.database)) as connection:
            return int(connection.execute("SELECT max(id) FROM migration_runs").fetchone()[0])

    def _another_option(self) -> None:
        """Migrates with another option, into the same database or a new one."""
        model, database = Model(), "other.db"
        options: tuple[str, ...]
        choice = self.seed % 4
        if choice == 0:
            options = ("--atomic",)
            outcomes, remarks = model.migrate(str(self.source), atomic=True)
        elif choice == 1:
            options = ("--missing-id", "reject")
            outcomes, remarks = model.migrate(str(self.source), derives_ids=False)
        elif choice == 2:
            options, model, database = ("--on-duplicate", "fail"), self.model, "shop.db"
            outcomes, remarks = model.migrate(str(self.source), "fail")
        else:
            options = ("--batch-size", "1")
            outcomes, remarks = model.migrate(str(self.source))
        result = self._run("migrate", "source", "--db", database, *options, "--json",
                           status=(self._status(outcomes),))
        self._report(result, outcomes, remarks, f"a run with {options[0]}")
        if (self.work / database).exists():
            self._rows(self.work / database, model)
        else:
            self._check(not any(model.rows.values()), f"a run with {options[0]} writes", result)

    def _report(self, result: Result, outcomes: list[Outcome], remarks: list[Issue],
                what: str) -> None:
        try:
            report = result.json
        except ValueError as error:
            self._check(False, f"{what} prints JSON", f"{error}: {result}")
            return
        self._same(statistics(report), counts(outcomes), f"{what} counts its entities right")
        wanted = issue_counts(outcomes, remarks)
        self._same({code: number for code, number in report["issue_counts"].items() if number},
                   wanted, f"{what} counts its issues right")

    def _prediction(self, dry: Result, real: Result) -> None:
        try:
            left, right = dry.json, real.json
        except ValueError:
            return
        for report in (left, right):
            for name in ("timestamp", "run"):
                report.pop(name, None)
        for name in sorted(left.keys() & right.keys()):
            self._check(left[name] == right[name], f"a dry run predicts {name}",
                        f"{str(left[name])[:500]}\n      real: {str(right[name])[:500]}")

    def _rows(self, database: Path, model: Model) -> None:
        with contextlib.closing(connect(database)) as connection:
            for kind in KINDS:
                names = ", ".join(f'"{field.column_name}"' for field in FIELDS[kind])
                entities = model.rows[kind]
                got = [self._without_run_time(entities.get(row[0]), kind, list(row)) for row in
                       connection.execute(f"SELECT {names} FROM {kind}")]
                wanted = [[entity.cells.get(field.member) for field in FIELDS[kind]]
                          for entity in entities.values()]
                self._same_items(got, wanted, f"the rows of {kind} are those of the source")
                self.verdicts.count("rows", len(got))
                told = [(row[0], row[1], row[2], row[3], row[4], row[5].lower(), row[6])
                        for row in connection.execute(
                            "SELECT entity_id, path, locator, byte_offset, byte_length, "
                            "hex(sha256), unknown_json FROM migration_provenance WHERE kind = ?",
                            (kind,))]
                self._same_items(
                    told, [(entity.id, *entity.provenance) for entity in entities.values()],
                    f"the provenance of {kind} is right")

    @staticmethod
    def _without_run_time(entity: Entity | None, kind: str, row: list[Any]) -> list[Any]:
        """Returns a row with RUN_START in place of the start of the run, where that is the default."""
        for index, field in enumerate(FIELDS[kind]):
            if (entity and entity.cells.get(field.member) == RUN_START
                    and isinstance(row[index], str) and _RUN_TIME.fullmatch(row[index])):
                row[index] = RUN_START
        return row

    def _ledger(self, database: Path, run: int, outcomes: list[Outcome],
                remarks: list[Issue]) -> None:
        """Compares the issues in the ledger, with their positions."""
        with contextlib.closing(connect(database)) as connection:
            got = [
                (severity, code, kind, identifier, source, locator,
                 None if line is None else (line, column, offset), pointer)
                for (severity, code, kind, identifier, source, locator, line, column, offset,
                     pointer) in connection.execute(
                    "SELECT severity, code, kind, entity_id, source, locator, line, "
                    "column_number, byte_offset, pointer FROM migration_issues "
                    "WHERE run_id = ?", (run,))
            ]
        told = [issue for outcome in outcomes for issue in outcome.issues] + remarks
        wanted = [(issue.severity, issue.code, issue.kind, issue.id, issue.source, issue.locator,
                   issue.place, issue.pointer) for issue in told
                  # Notes are only counted.
                  if issue.severity != "info"]
        self._same_items(got, wanted, "the ledger keeps the issues")
        self.verdicts.count("issues", len(got))

    def _export(self, migrated: Content) -> None:
        """Exports, migrates the export into an empty database, and exports again."""
        if self._run("export", "out", "--db", "shop.db", status=(CLEAN,)).status != CLEAN:
            return
        if not any(migrated[kind] for kind in KINDS):
            return
        again = self._run("migrate", "out", "--db", "shop.db", "--json", status=(CLEAN,))
        total = sum(len(migrated[kind]) for kind in KINDS)
        self._same(again.json["issue_counts"].get("duplicate.identical"), total,
                   "an export has nothing new for its own database")
        self._run("migrate", "out", "--db", "back.db", status=(CLEAN,))
        back = content(self.work / "back.db")
        for kind in KINDS:
            self._same_items(back[kind], migrated[kind], f"an export contains all {kind}")
        self._run("export", "out2", "--db", "back.db", status=(CLEAN,))
        self._check(tree_bytes(self.work / "out") == tree_bytes(self.work / "out2"),
                    "a second export has the same bytes", "")


def main() -> None:
    options = arguments(__doc__ or "", rounds=150, seconds=30,
                        tree="the seed of a single tree to migrate")
    verdicts = Verdicts("oracle", options.seed, options.show)
    self_test(verdicts)
    program = Program(options.program)
    if options.tree is not None:
        with work_directory() as work:
            Comparison(program, verdicts, work, int(options.tree)).run()
        verdicts.finish()
    for number in Bound(options.rounds, options.seconds):
        with work_directory() as work:
            Comparison(program, verdicts, work, options.seed + number).run()
    verdicts.finish()


if __name__ == "__main__":
    main()
