#!/usr/bin/env python3
"""Moves the database, its directory or its lock away while the program writes.

Before a call of the C library the file is renamed, and in some rounds replaced by another database.
Later writes do not go to the path that was given to the program, so the run must not succeed. The
moved file stays intact; the one in its place stays unchanged, without a log next to it that SQLite
would replay into it. Once the file is back in its place, the same command gives the result of the
reference run, in which nothing is moved.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faults import Counters
from harness import (CLEAN, COULD_NOT_RUN, Bound, Content, Program, Result, Verdicts, arguments,
                     compiled_library, content, integrity, work_directory, write_shop)
from powerloss import recovered

#: A directory below the working directory, so that it can be moved.
PLACE = "place"
DATABASE = f"{PLACE}/shop.db"
AWAY = "away"
OTHER = "other"
#: A copy of the directory from the moment before the move.
THEN = "then"
#: The calls that write or sync; moving a file between them covers each moment that matters.
FUNCTIONS = ("pwrite", "fdatasync", "fsync", "ftruncate", "unlink")


@dataclass
class Scenario:
    """A command, and the result of its reference run."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Program, Path], None]
    template: Path = field(default=Path(), init=False)
    before: Content = field(default_factory=dict, init=False)
    after: Content = field(default_factory=dict, init=False)
    calls: dict[str, int] = field(default_factory=dict, init=False)


def _expect(result: Result) -> None:
    if result.status != CLEAN:
        raise RuntimeError(f"the preparation fails: {result}")


def _first(program: Program, work: Path) -> None:
    del program
    (work / PLACE).mkdir()
    write_shop(work / "source", 8)


def _second(program: Program, work: Path) -> None:
    _first(program, work)
    _expect(program.run("migrate", "source", "--db", DATABASE, directory=work))
    shutil.rmtree(work / "source")
    write_shop(work / "source", 10, salt=" new")


def _third(program: Program, work: Path) -> None:
    _second(program, work)
    _expect(program.run("migrate", "source", "--db", DATABASE, "--on-duplicate", "update",
                        directory=work))


def scenarios() -> list[Scenario]:
    """Returns the scenarios in which files are moved."""
    migrate = ("migrate", "source", "--db", DATABASE, "--batch-size", "5")
    return [
        Scenario("first load", migrate, _first),
        Scenario("update", (*migrate, "--on-duplicate", "update", "--no-backup"), _second),
        Scenario("undo", ("undo", "2", "--db", DATABASE, "--no-backup"), _third),
    ]


class Tester:
    """Moves files away, and checks the consequences."""

    def __init__(self, program: Program, verdicts: Verdicts, work: Path, library: str) -> None:
        self.program = program
        self.verdicts = verdicts
        self.work = work
        self.library = library
        self.counters = Counters(work / "counters")
        #: A database with different content.
        self.other = work / "another"
        write_shop(self.other / "source", 3, salt=" other")
        _expect(program.run("migrate", "source", "--db", "shop.db", directory=self.other))

    def prepare(self, scenario: Scenario) -> None:
        scenario.template = self.work / "templates" / scenario.name
        scenario.template.mkdir(parents=True)
        scenario.prepare(self.program, scenario.template)
        scenario.before = content(scenario.template / DATABASE)
        reference = self.work / "reference"
        shutil.copytree(scenario.template, reference)
        _expect(self._run(scenario, reference, {}))
        scenario.calls = self.counters.read()
        scenario.after = content(reference / DATABASE)
        shutil.rmtree(reference)

    def _run(self, scenario: Scenario, directory: Path, extra: dict[str, str]) -> Result:
        self.counters.reset()
        return self.program.run(*scenario.command, directory=directory, environment={
            "LD_PRELOAD": self.library, "FAULT_COUNTS": str(self.counters.path), **extra})

    def move(self, scenario: Scenario, chance: random.Random) -> None:
        function = chance.choice([name for name in FUNCTIONS if scenario.calls.get(name)])
        at = chance.randrange(1, scenario.calls[function] + 1)
        what = chance.choice((DATABASE, DATABASE, PLACE, f"{DATABASE}.lock"))
        puts = chance.random() < 0.5 and not what.endswith(".lock")
        directory = self.work / "moved"
        shutil.copytree(scenario.template, directory)
        other = directory / OTHER
        if what == PLACE:
            other.mkdir()
        shutil.copy(self.other / "shop.db", other)
        # The lock may not exist at that moment.
        command = f"cp -r {PLACE} {THEN} && {{ mv {what} {AWAY} || test ! -e {what}; }} 2>&-"
        environment = {"FAULT_FUNCTION": function, "FAULT_AT": str(at),
                       "FAULT_RUN": command + (f" && mv {OTHER} {what}" if puts else "")}
        try:
            result = self._run(scenario, directory, environment)
            if (directory / AWAY).exists():
                self.verdicts.count("files moved away")
                number = f"{function} #{at} of {scenario.calls[function]}"
                told = f"{scenario.name}, {what}{' replaced' if puts else ''} at {number}"
                self._look(scenario, directory, what, puts, result, f"{told}: {result}")
        finally:
            shutil.rmtree(directory)

    def _look(self, scenario: Scenario, directory: Path, what: str, puts: bool, result: Result,
              told: str) -> None:
        def check(holds: bool, rule: str, more: object = "") -> None:
            self.verdicts.check(holds, rule, f"{told} {more}")

        check(not result.timed_out, "the program ends in time")
        away, place = directory / AWAY, directory / what
        if what.endswith(".lock"):
            done = result.status == CLEAN and recovered(directory / DATABASE) == scenario.after
            check(done or result.status == COULD_NOT_RUN,
                  "without its lock a run is complete or ends with status 3")
            away.unlink()
        else:
            # A success is right if the run was complete and only had to close the files.
            done = result.status == CLEAN and self._is_done(scenario, directory / THEN)
            check(done or result.status == COULD_NOT_RUN,
                  "a run whose database was moved does not succeed")
            self._look_at_the_other(directory, puts, check)
            moved = away / "shop.db" if what == PLACE else away
            self._look_at_the_moved(scenario, moved, check)
            # As a user would do: moves the file back, after removing the files in its place.
            if place.is_dir():
                shutil.rmtree(place)
            for path in (directory / PLACE).glob("shop.db*"):
                path.unlink()
            away.rename(place)
        again = self.program.run(*scenario.command, directory=directory)
        got = recovered(directory / DATABASE)
        undone = scenario.name == "undo" and got == scenario.after
        check(again.status == CLEAN or undone, "running again succeeds", again)
        check(got == scenario.after, "running again gives the content of the reference run", again)

    @staticmethod
    def _is_done(scenario: Scenario, place: Path) -> bool:
        """Returns whether everything was committed before the file was moved."""
        path = place / "shop.db"
        if recovered(path) != scenario.after:
            return False
        with contextlib.closing(sqlite3.connect(path)) as connection:
            sql = "SELECT count(*) FROM migration_runs WHERE state = 'running'"
            return int(connection.execute(sql).fetchone()[0]) == 0

    def _look_at_the_other(self, directory: Path, puts: bool, check: Callable[..., None]) -> None:
        path = directory / DATABASE
        if not puts:
            # A database that another program creates there must not find a log to replay.
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                shutil.copy(self.other / "shop.db", path)
        try:
            same = recovered(path) == content(self.other / "shop.db")
            verdict = integrity(path)
        except sqlite3.Error as error:
            same, verdict = False, str(error)
        check(verdict == "ok", "a database in its place stays intact", verdict)
        check(same, "a database in its place stays unchanged")

    @staticmethod
    def _look_at_the_moved(scenario: Scenario, path: Path, check: Callable[..., None]) -> None:
        if not path.exists() or not path.stat().st_size:
            return
        try:
            # If the directory was moved, the log was moved with the database.
            found, verdict = recovered(path), integrity(path)
        except sqlite3.Error as error:
            found, verdict = {}, str(error)
        check(verdict == "ok", "the moved database is intact", verdict)
        for table, rows in found.items():
            allowed = set(scenario.before.get(table, [])) | set(scenario.after[table])
            check(set(rows) <= allowed, "each row is as before the run, or as after it")


def main() -> None:
    options = arguments(__doc__ or "", rounds=1_000_000, seconds=15,
                        scenario="only the scenario of this name")
    verdicts = Verdicts("moved", options.seed, options.show)
    chance = random.Random(options.seed)
    chosen = [scenario for scenario in scenarios()
              if options.scenario in (None, scenario.name)]
    with work_directory() as work, compiled_library("faults.c") as library:
        tester = Tester(Program(options.program), verdicts, work, library)
        for scenario in chosen:
            tester.prepare(scenario)
        for number in Bound(options.rounds, options.seconds):
            tester.move(chosen[number % len(chosen)], chance)
    verdicts.finish()


if __name__ == "__main__":
    main()
