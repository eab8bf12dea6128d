#!/usr/bin/env python3
"""Simulates power losses: the states of a disk after an interrupted run, and what follows from them.

A run is recorded with powerloss.c. At every point of it a disk has all that was synced, and any part
of the rest: writes may be lost, reordered and torn at sectors of 512 bytes; files may be truncated or
not; names may be created, changed and removed or not. From each such state SQLite must open an intact
database with the content of some commit, which is not older than the newest one that the program had
synced or reported. Running the same command again must give the result of the recorded run.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import random
import re
import shutil
import signal
import sqlite3
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from disk import Disk, read_log
from harness import (CLEAN, TABLES, Bound, Content, Program, Result, Verdicts, arguments,
                     compiled_library, content, integrity, listing, tree_bytes, work_directory,
                     write_shop)

DATABASE = "shop.db"


@dataclass
class Scenario:
    """A command to interrupt."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Program, Path], None]
    #: A second database that the command creates.
    copy: str | None = None
    #: A directory of files that it creates.
    tree: str | None = None
    #: Whether it is a server, which is written to over HTTP, and then stopped.
    serves: bool = False


def _load(program: Program, work: Path) -> None:
    write_shop(work / "source", 8)
    _expect(program.run("migrate", "source", "--db", DATABASE, directory=work))


def _second(program: Program, work: Path) -> None:
    _load(program, work)
    shutil.rmtree(work / "source")
    write_shop(work / "source", 12, salt=" new")


def _third(program: Program, work: Path) -> None:
    _second(program, work)
    _expect(program.run("migrate", "source", "--db", DATABASE, "--on-duplicate", "update",
                        directory=work))


def _init(program: Program, work: Path) -> None:
    write_shop(work / "source", 12)
    _expect(program.run("init", "--db", DATABASE, directory=work))


def _expect(result: Result) -> None:
    if result.status != CLEAN:
        raise RuntimeError(f"the preparation fails: {result}")


def scenarios() -> list[Scenario]:
    """Returns the scenarios in which power is lost."""
    migrate = ("migrate", "source", "--db", DATABASE, "--batch-size", "5")
    return [
        Scenario("first load", migrate, lambda _, work: write_shop(work / "source", 12)),
        Scenario("first load into an empty database", migrate, _init),
        Scenario("first load at once", migrate[:4],
                 lambda _, work: write_shop(work / "source", 40)),
        Scenario("second run", migrate, _second),
        Scenario("update", (*migrate, "--on-duplicate", "update"), _second),
        Scenario("atomic", (*migrate, "--atomic"), _second),
        Scenario("undo", ("undo", "2", "--db", DATABASE), _third),
        Scenario("backup", ("backup", "copy.db", "--db", DATABASE), _third, copy="copy.db"),
        Scenario("export", ("export", "out", "--db", DATABASE), _third, tree="out"),
        Scenario("export of lines", ("export", "out", "--db", DATABASE, "--lines"), _third,
                 tree="out"),
        Scenario("serve", ("serve", "--db", DATABASE, "--port", "0", "--allow-writes"), _load,
                 serves=True),
    ]


def digest(data: Content) -> str:
    """Returns a digest of the content of a database."""
    return hashlib.sha256(repr(data).encode("utf-8", "surrogatepass")).hexdigest()


class Recording:
    """A recorded run, and the contents of the database after its commits."""

    def __init__(self, scenario: Scenario, program: Program, work: Path, library: str) -> None:
        self.scenario = scenario
        self.directory = work / scenario.name
        self.directory.mkdir()
        scenario.prepare(program, self.directory)
        self.before = content(self.directory / DATABASE)
        self.disk = Disk(self.directory)
        log = work / f"{scenario.name}.log"
        environment = {"LD_PRELOAD": library, "RECORD_LOG": str(log),
                       "RECORD_DIRECTORY": str(self.directory)}
        if scenario.serves:
            serve(program, scenario.command, self.directory, environment)
        else:
            _expect(program.run(*scenario.command, directory=self.directory,
                                environment=environment))
        self.events = read_log(log)
        self.after = content(self.directory / DATABASE)
        self.files = created_files(self.directory, scenario.tree)
        #: For each event: the digests of the contents that a power loss after it may leave.
        self.allowed: list[set[str]] = []
        self.follow(work / "state")

    def follow(self, state: Path) -> None:
        """Determines the allowed contents after each event."""
        self.allowed = []
        disk = copy.deepcopy(self.disk)
        allowed = {digest(self.before)}
        for event in self.events:
            disk.apply(event)
            names = disk.live_names()
            log = names.get(DATABASE + "-wal")
            # A commit must not be lost once the log was synced, or the program has reported it.
            binds = event.kind == "O" or (
                event.kind == "S" and log is not None and disk.current.get(event.file) == log)
            if binds or event.kind in "SUDTR":
                seen = self._content(disk, state)
                if seen is not None:
                    allowed = {seen} if binds else allowed | {seen}
            self.allowed.append(allowed)

    @staticmethod
    def _content(disk: Disk, state: Path) -> str | None:
        """Returns the digest of the content that a reader sees; `None` if it cannot be read."""
        state.mkdir()
        try:
            disk.write(state)
            return digest(recovered(state / DATABASE))
        except sqlite3.Error:
            return None
        finally:
            shutil.rmtree(state)

    def visible(self, number: int, state: Path) -> set[str]:
        """Returns the contents that a power loss after `number` events may leave."""
        disk = self.at(number)
        seen = self._content(disk, state)
        allowed = self.allowed[number - 1] if number else {digest(self.before)}
        return allowed | ({seen} if seen else set())

    def at(self, number: int) -> Disk:
        """Returns the disk after `number` events."""
        disk = copy.deepcopy(self.disk)
        for event in self.events[:number]:
            disk.apply(event)
        return disk


def serve(program: Program, command: tuple[str, ...], directory: Path,
          environment: dict[str, str]) -> None:
    """Runs a server, and creates, changes and deletes entities over HTTP."""
    server = program.start(*command, directory=directory, environment=environment)
    try:
        assert server.stdout is not None
        line = server.stdout.readline().decode()
        found = re.search(r"http://[^/ ]+", line)
        if found is None:
            raise RuntimeError(f"the server does not print its address: {line}")
        address = f"{found[0]}/api/rmos/stores/patterns"
        for number in range(6):
            pattern = {"id": f"new{number}", "name": "New", "ring_count": 2, "geometry": {"a": 1}}
            _request("POST", address, pattern)
            if number % 2:
                _request("PUT", f"{address}/new{number}", {**pattern, "name": "Newer"})
            if number % 3 == 2:
                _request("DELETE", f"{address}/new{number}", None)
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    finally:
        server.kill()
    if server.returncode != CLEAN:
        raise RuntimeError(f"the server ends with status {server.returncode}")


def _request(method: str, address: str, body: dict[str, object] | None) -> None:
    """Sends a request, which must succeed."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"},
                                     method=method)
    # Without a proxy.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        answer.read()


def created_files(directory: Path, tree: str | None) -> dict[str, bytes]:
    """Returns the files with final names that a command has created."""
    if tree is None:
        return {}
    return {name: data for name, data in tree_bytes(directory).items()
            if name.startswith(tree + "/") and "incomplete" not in name}


def recovered(path: Path) -> Content:
    """Returns the content of a database after SQLite has recovered it."""
    if path.exists():
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
    return content(path)


def ledger_balance(path: Path) -> str | None:
    """Returns how the ledger disagrees with the rows of the newest run; `None` if it agrees."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "migration_runs" not in tables:
            return None
        newest = connection.execute(
            "SELECT id, statistics_json FROM migration_runs WHERE command = 'migrate' "
            "AND undone_by IS NULL ORDER BY id DESC LIMIT 1").fetchone()
        if newest is None:
            return None
        run, text = newest
        statistics = json.loads(text)
        for kind in TABLES:
            numbers = statistics.get(kind, {})
            told = int(numbers.get("migrated", 0)) + int(numbers.get("updated", 0))
            (there,) = connection.execute(
                "SELECT count(*) FROM migration_provenance WHERE run_id = ? AND kind = ?",
                (run, kind)).fetchone()
            if told != there:
                return f"run {run} counts {told} {kind}, but wrote {there}"
    return None


class Tester:
    """Simulates power losses, checks the database, and runs again."""

    def __init__(self, program: Program, verdicts: Verdicts, work: Path) -> None:
        self.program = program
        self.verdicts = verdicts
        self.work = work

    def lose(self, recording: Recording, number: int, chance: random.Random) -> None:
        scenario = recording.scenario
        directory, state = self.work / "lost", self.work / "state"
        disk = recording.at(number)
        directory.mkdir()
        disk.lose_power(directory, chance)
        what = f"{scenario.name}, after event {number} of {len(recording.events)}"
        left = {name: len(data) for name, data in tree_bytes(directory).items()
                if not name.startswith("source/")}

        def check(holds: bool, rule: str, more: object = "") -> bool:
            return self.verdicts.check(holds, rule, f"{what}: {more}; left: {left}")

        self.verdicts.count("power losses")
        try:
            # SQLite recovers a copy, so that the program recovers the original.
            shutil.copytree(directory, self.work / "look")
            self._look(self.work / "look" / DATABASE, recording.visible(number, state), check)
            self._again(recording, directory, chance, check)
        finally:
            shutil.rmtree(self.work / "look", ignore_errors=True)
            shutil.rmtree(directory)

    @staticmethod
    def _look(path: Path, allowed: set[str], check: Callable[..., bool]) -> None:
        try:
            found = recovered(path)
        except sqlite3.Error as error:
            check(False, "SQLite opens the database", error)
            return
        if path.exists():
            verdict = integrity(path)
            check(verdict == "ok", "the database is intact", verdict)
            balance = ledger_balance(path)
            check(balance is None, "rows and ledger are from the same commit", balance)
        check(digest(found) in allowed, "the content is that of an allowed commit",
              {kind: len(rows) for kind, rows in found.items()})

    def _again(self, recording: Recording, directory: Path, chance: random.Random,
               check: Callable[..., bool]) -> None:
        scenario = recording.scenario
        if scenario.copy is not None:
            path = directory / scenario.copy
            complete = not path.exists() or (
                integrity(path) == "ok" and content(path) == recording.before)
            check(complete, "a backup with its final name is complete")
            path.unlink(missing_ok=True)
        if scenario.tree is not None:
            found = created_files(directory, scenario.tree)
            check(found in ({}, recording.files), "an export is complete or does not exist",
                  sorted(name for name in recording.files
                         if found.get(name) != recording.files[name])[:5])
            shutil.rmtree(directory / scenario.tree, ignore_errors=True)
        for name in listing(directory):
            if ".backup-" in name and ".incomplete" not in name:
                path = directory / name
                check(integrity(path) == "ok", "a backup with its final name is complete", name)
        if scenario.serves:
            # Commands that only read cannot recover a log without its index, so init comes first.
            for command in ("init", "audit"):
                result = self.program.run(command, "--db", DATABASE, directory=directory)
                check(result.status == CLEAN, f"{command} succeeds after the loss", result)
            return
        result = self.program.run(*scenario.command, directory=directory)
        try:
            got = recovered(directory / DATABASE)
        except sqlite3.Error as error:
            check(False, "running again gives the content of the recorded run", error)
            return
        done = scenario.name == "undo" and digest(got) == digest(recording.after)
        check(result.status == CLEAN or done, "running again succeeds", result)
        check(digest(got) == digest(recording.after),
              "running again gives the content of the recorded run", result)
        if chance.random() < 0.2:
            audit = self.program.run("audit", "--db", DATABASE, directory=directory)
            check(audit.status == CLEAN, "the audit finds nothing afterwards", audit)


def self_test(recordings: list[Recording], program: Program, work: Path, seed: int) -> None:
    """Checks that the simulation finds a loss if syncs are left out."""
    chance = random.Random(seed)
    for kinds in ("S", "D"):
        damaged = copy.deepcopy(recordings[0])
        damaged.events = [event for event in damaged.events if event.kind not in kinds]
        damaged.follow(work / "state")
        silent = Verdicts("self-test", seed, shown=0)
        tester = Tester(program, silent, work)
        for _ in range(400):
            if silent.failures:
                break
            tester.lose(damaged, chance.randrange(len(damaged.events) + 1), chance)
        else:
            raise RuntimeError(f"no loss was found without syncs ({kinds})")


def main() -> None:
    options = arguments(__doc__ or "", rounds=1_000_000, seconds=20,
                        scenario="only the scenario of this name")
    verdicts = Verdicts("powerloss", options.seed, options.show)
    program = Program(options.program)
    chance = random.Random(options.seed)
    with work_directory() as work, compiled_library("powerloss.c") as library:
        recordings = [Recording(scenario, program, work, library) for scenario in scenarios()
                      if options.scenario in (None, scenario.name)]
        if options.scenario is None:
            self_test(recordings, program, work, options.seed)
        tester = Tester(program, verdicts, work)
        syncs = [[number + 1 for number, event in enumerate(recording.events)
                  if event.kind in "SDURT"] for recording in recordings]
        for number in Bound(options.rounds, options.seconds):
            which = number % len(recordings)
            recording = recordings[which]
            # Often just before or after an event that makes data or names durable.
            if syncs[which] and chance.random() < 0.6:
                point = chance.choice(syncs[which]) - chance.randrange(2)
            else:
                point = chance.randrange(len(recording.events) + 1)
            tester.lose(recording, point, chance)
    verdicts.finish()


if __name__ == "__main__":
    main()
