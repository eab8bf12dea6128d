#!/usr/bin/env python3
"""Kills the program at random moments, and runs several writers at the same time.

Whenever it was killed: the database is intact, rows and ledger are from the same commit, running the
same command again gives the result of the reference run, which is not killed, and files with a final
name are complete. Of several writers, one migrates each entity; the others report that the database
is locked.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness import (CLEAN, COULD_NOT_RUN, FAILURES, INTERRUPTED, Bound, Content, Program, Result,
                     Verdicts, arguments, content, integrity, is_equivalent, listing, tree_bytes,
                     work_directory, write_shop)
from powerloss import ledger_balance, recovered

DATABASE = "shop.db"
ENTITIES = 60


@dataclass
class Scenario:
    """A command to kill."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Program, Path], None]
    status: int = CLEAN
    #: The directories and files that the command creates.
    made: tuple[str, ...] = ()
    template: Path = field(default=Path(), init=False)
    seconds: float = field(default=0, init=False)
    before: Content = field(default_factory=dict, init=False)
    after: Content = field(default_factory=dict, init=False)
    files: dict[str, bytes] = field(default_factory=dict, init=False)


def _expect(result: Result, status: int = CLEAN) -> None:
    if result.status != status:
        raise RuntimeError(f"the preparation fails: {result}")


def _first(program: Program, work: Path) -> None:
    del program
    write_shop(work / "source", ENTITIES)


def _second(program: Program, work: Path) -> None:
    write_shop(work / "source", ENTITIES)
    _expect(program.run("migrate", "source", "--db", DATABASE, directory=work))
    shutil.rmtree(work / "source")
    write_shop(work / "source", ENTITIES + 20, salt=" new")


def _third(program: Program, work: Path) -> None:
    _second(program, work)
    _expect(program.run("migrate", "source", "--db", DATABASE, "--on-duplicate", "update",
                        directory=work))


def _broken(program: Program, work: Path) -> None:
    del program
    write_shop(work / "source", 20, broken=40)


def scenarios() -> list[Scenario]:
    """Returns the scenarios in which the program is killed."""
    migrate = ("migrate", "source", "--db", DATABASE, "--batch-size", "10")
    return [
        Scenario("first load", migrate, _first),
        Scenario("update", (*migrate, "--on-duplicate", "update"), _second),
        Scenario("undo", ("undo", "2", "--db", DATABASE), _third),
        Scenario("rejects", (*migrate, "--rejects", "rejects", "--stats", "stats.json"), _broken,
                 FAILURES, ("rejects", "stats.json")),
        Scenario("export", ("export", "out", "--db", DATABASE), _third, made=("out",)),
        Scenario("export of lines", ("export", "out", "--db", DATABASE, "--lines"), _third,
                 made=("out",)),
        Scenario("backup", ("backup", "copy.db", "--db", DATABASE), _third, made=("copy.db",)),
    ]


class Tester:
    """Kills the program, and checks the consequences."""

    def __init__(self, program: Program, verdicts: Verdicts, work: Path, seed: int) -> None:
        self.program = program
        self.verdicts = verdicts
        self.work = work
        self.chance = random.Random(seed)

    def prepare(self, scenario: Scenario) -> None:
        scenario.template = self.work / "templates" / scenario.name
        scenario.template.mkdir(parents=True)
        scenario.prepare(self.program, scenario.template)
        scenario.before = content(scenario.template / DATABASE)
        reference = self.work / "reference"
        shutil.copytree(scenario.template, reference)
        start = time.monotonic()
        _expect(self.program.run(*scenario.command, directory=reference), scenario.status)
        scenario.seconds = time.monotonic() - start
        scenario.after = content(reference / DATABASE)
        scenario.files = tree_bytes(reference)
        shutil.rmtree(reference)

    def kill(self, scenario: Scenario) -> None:
        """Kills a command up to three times, then lets it run to its end."""
        directory = self.work / "killed"
        shutil.copytree(scenario.template, directory)
        try:
            for _ in range(self.chance.randrange(1, 4)):
                polite = self.chance.random() < 0.25
                if not self._kill_once(scenario, directory, polite):
                    break
            self._again(scenario, directory)
        finally:
            shutil.rmtree(directory)

    def _kill_once(self, scenario: Scenario, directory: Path, polite: bool) -> bool:
        """Starts the command and sends a signal; returns whether the signal ended it."""
        self._clear(scenario, directory)
        sent = signal.SIGKILL
        if polite:
            sent = self.chance.choice((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        before = self._database(directory)
        process = self.program.start(*scenario.command, directory=directory)
        time.sleep(self.chance.random() * scenario.seconds)
        process.send_signal(sent)
        output, errors = process.communicate(timeout=60)
        result = Result(scenario.command, process.returncode, output.decode(), errors.decode())
        what = f"{scenario.name}, {sent.name}: {result}"
        self.verdicts.count("kills" if sent == signal.SIGKILL else "signals")
        if polite:
            # Until it handles signals, the program has not changed anything.
            early = process.returncode == -sent and self._database(directory) == before
            undone = scenario.name == "undo" and "run.undone" in result.output + result.errors
            self.verdicts.check(
                early or undone or process.returncode in (INTERRUPTED, scenario.status),
                "a signal ends a run cleanly", what)
        self._look(scenario, directory, what)
        return process.returncode in (-sent, INTERRUPTED)

    @staticmethod
    def _database(directory: Path) -> dict[str, bytes]:
        """Returns the database and the files next to it that begin with its name."""
        return {path.name: path.read_bytes() for path in directory.glob(f"{DATABASE}*")}

    def _look(self, scenario: Scenario, directory: Path, what: str) -> None:
        def check(holds: bool, rule: str, more: object = "") -> None:
            self.verdicts.check(holds, rule, f"{what} {more}")

        # SQLite recovers a copy, since that writes.
        look = self.work / "look"
        look.mkdir()
        try:
            for suffix in ("", "-wal", "-journal"):
                path = directory / (DATABASE + suffix)
                if path.exists():
                    shutil.copy(path, look)
            if (look / DATABASE).exists():
                recovered(look / DATABASE)
                verdict = integrity(look / DATABASE)
                check(verdict == "ok", "the database is intact", verdict)
                balance = ledger_balance(look / DATABASE)
                check(balance is None, "rows and ledger are from the same commit", balance)
        except sqlite3.Error as error:
            check(False, "SQLite opens the database", error)
        finally:
            shutil.rmtree(look)
        self._check_files(scenario, directory, check)

    @staticmethod
    def _check_files(scenario: Scenario, directory: Path, check: Callable[..., None]) -> None:
        files = {name: data for name, data in tree_bytes(directory).items()
                 if "incomplete" not in name and ".incoming" not in name}
        for name in files:
            if name != "copy.db" and (".backup-" not in name or name.endswith(("-wal", "-shm"))):
                continue
            path = directory / name
            check(integrity(path) == "ok" and content(path)["provenance"] != [],
                  "a backup with its final name is complete", name)
        for made in scenario.made:
            wanted = {name: data for name, data in scenario.files.items()
                      if name.startswith(made + "/")}
            there = {name: data for name, data in files.items() if name.startswith(made + "/")}
            if made == "out":
                check(there in ({}, wanted), "an export is complete or does not exist",
                      f"{len(there)} of {len(wanted)} files")
            elif made == "rejects":
                incomplete = [name for name, data in there.items()
                              if not is_equivalent(name, data, wanted.get(name, b""))]
                check(not incomplete, "a reject with its final name is complete", incomplete)
            elif made == "stats.json" and made in files:
                check(files[made].rstrip().endswith(b"}"),
                      "a file with its final name is complete", made)

    @staticmethod
    def _clear(scenario: Scenario, directory: Path) -> None:
        """Removes files that a run refuses to overwrite."""
        for made in scenario.made:
            path = directory / made
            if made == "rejects":
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _again(self, scenario: Scenario, directory: Path) -> None:
        self._clear(scenario, directory)
        result = self.program.run(*scenario.command, directory=directory)
        got = content(directory / DATABASE)
        done = scenario.name == "undo" and got == scenario.after
        self.verdicts.check(result.status == scenario.status or done,
                            "running again ends with the status of the reference run", result)
        self.verdicts.check(got == scenario.after,
                            "running again gives the content of the reference run", result)
        left = {name for name in listing(directory)
                if name.startswith(DATABASE) and name.endswith(("-wal", "-journal", ".lock"))}
        self.verdicts.check(not left, "a run that has ended leaves no log and no lock", left)
        audit = self.program.run("audit", "--db", DATABASE, directory=directory)
        self.verdicts.check(audit.status == CLEAN, "the audit finds nothing afterwards", audit)

    def compete(self, scenario: Scenario) -> None:
        """Runs several writers at the same time, and may kill one of them."""
        directory = self.work / "shared"
        shutil.copytree(scenario.template, directory)
        try:
            self._compete(scenario, directory)
        finally:
            shutil.rmtree(directory)

    def _compete(self, scenario: Scenario, directory: Path) -> None:
        number = self.chance.randrange(2, 6)
        writers = [self.program.start(*scenario.command, "--json", directory=directory)
                   for _ in range(number)]
        victim = self.chance.choice((None, *writers))
        if victim is not None:
            time.sleep(self.chance.random() * scenario.seconds)
            victim.kill()
        results = []
        for writer in writers:
            output, errors = writer.communicate(timeout=120)
            results.append(Result(scenario.command, writer.returncode, output.decode(),
                                  errors.decode()))
        self.verdicts.count("concurrent writers", number)
        ended = 0
        migrated = 0
        for result in results:
            if result.status == -signal.SIGKILL:
                continue
            if result.status == COULD_NOT_RUN:
                code = result.json.get("error", {}).get("code")
                self.verdicts.check(code == "store.locked",
                                    "a refused writer reports that the database is locked",
                                    f"{code}: {result}")
                continue
            self.verdicts.check(result.status == CLEAN, "a writer succeeds or is refused", result)
            if result.status == CLEAN:
                ended += 1
                migrated += int(result.json["summary"]["total_migrated"])
        if victim is None:
            self.verdicts.check(ended > 0, "one of several writers succeeds", results)
            total = 3 * ENTITIES
            self.verdicts.check(migrated == total, "each entity is migrated by one writer",
                                f"{migrated} of {total}")
        self._again(scenario, directory)
        with contextlib.closing(sqlite3.connect(directory / DATABASE)) as connection:
            states = {state for (state,) in
                      connection.execute("SELECT state FROM migration_runs")}
            self.verdicts.check(states <= {"completed", "interrupted"},
                                "the ledger has the end of each run", states)


def main() -> None:
    options = arguments(__doc__ or "", rounds=1_000_000, seconds=15,
                        scenario="only the scenario of this name")
    verdicts = Verdicts("kill", options.seed, options.show)
    chosen = [scenario for scenario in scenarios()
              if options.scenario in (None, scenario.name)]
    with work_directory() as work:
        tester = Tester(Program(options.program), verdicts, work, options.seed)
        for scenario in chosen:
            tester.prepare(scenario)
        for number in Bound(options.rounds, options.seconds):
            turn = number % (len(chosen) + 1)
            if turn < len(chosen):
                tester.kill(chosen[turn])
            elif chosen[0].name == "first load":
                tester.compete(chosen[0])
    verdicts.finish()


if __name__ == "__main__":
    main()
