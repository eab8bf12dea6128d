#!/usr/bin/env python3
"""Makes calls of the C library fail, one after another, and checks the consequences.

A reference run, without faults, counts how often each function is called. Then call n fails, for each
n or a sample, once or from then on, with an error that the function may return. Whatever fails: the
program ends in time with a documented status, a success is complete, nothing incomplete has a final
name, no stray files remain, and running again without the fault gives the result of the reference run.
"""

from __future__ import annotations

import errno
import mmap
import random
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness import (CLEAN, COULD_NOT_RUN, FAILURES, INTERRUPTED, Bound, Content, Program, Result,
                     Verdicts, arguments, compiled_library, content, integrity, is_equivalent,
                     listing, tree_bytes, work_directory, write_shop)

SOURCE = Path(__file__).with_name("faults.c")
FUNCTIONS = re.findall(r"^  X\((\w+)\)", SOURCE.read_text(), re.MULTILINE)
#: The errors with which each function fails; 0: it transfers only half of the bytes.
ERRORS: dict[str, tuple[int, ...]] = {
    "open": (errno.EMFILE, errno.EIO, errno.EINTR),
    "create": (errno.ENOSPC, errno.EMFILE, errno.EIO, errno.EINTR),
    "openat": (errno.EMFILE, errno.EIO),
    "read": (errno.EIO, errno.EINTR, 0), "pread": (errno.EIO, errno.EINTR, 0),
    "write": (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR, 0),
    "pwrite": (errno.ENOSPC, errno.EIO, errno.EINTR, 0),
    "fsync": (errno.EIO,), "fdatasync": (errno.EIO, errno.ENOSPC),
    "ftruncate": (errno.EIO, errno.ENOSPC),
    "rename": (errno.EIO, errno.ENOSPC), "renameat": (errno.EIO,),
    "mkdir": (errno.ENOSPC,), "mkdirat": (errno.ENOSPC,), "link": (errno.EPERM, errno.EIO),
    "flock": (errno.ENOLCK, errno.EINTR), "fcntl": (errno.EIO, errno.ENOLCK),
    "opendir": (errno.EMFILE, errno.EIO), "readdir": (errno.EIO,),
    "mmap": (errno.ENOMEM,), "pthread_create": (errno.EAGAIN,),
    "chmod": (errno.EPERM,), "fchmod": (errno.EPERM,), "fchown": (errno.EPERM,),
    "malloc": (errno.ENOMEM,), "realloc": (errno.ENOMEM,),
}
#: If a function of REMOVING fails, files remain. If one of FINDING fails from then on, the program
#: cannot find the files to remove.
REMOVING = ("unlink", "unlinkat", "rmdir")
FINDING = ("open", "openat", "opendir", "readdir", "stat", "lstat", "fstat", "fstatat")
#: The words one of which every error message contains, for these scenarios.
NAMED = ("shop.db", "source", "exported", "copy.db", "rejects", "reports", "stats.json", "thread")
#: The endings of the files that belong to a database.
SIDECARS = ("", "-wal", "-shm", "-journal", ".lock")
DATABASE = "shop.db"


@dataclass(frozen=True)
class Fault:
    """A call that fails, and its error."""

    function: str
    at: int
    error: int
    onward: bool

    @property
    def environment(self) -> dict[str, str]:
        result = {"FAULT_FUNCTION": self.function, "FAULT_AT": str(self.at),
                  "FAULT_ERRNO": str(self.error)}
        return {**result, "FAULT_ONWARD": "1"} if self.onward else result

    def __str__(self) -> str:
        name = errno.errorcode.get(self.error, "half")
        return f"{self.function} #{self.at}{' and on' if self.onward else ''} {name}"


@dataclass
class Scenario:
    """A command, the state before it, and the result of its reference run."""

    name: str
    command: tuple[str, ...]
    prepare: Callable[[Program, Path], None]
    status: int = CLEAN
    #: The files and directories that the command creates, besides the database.
    made: tuple[str, ...] = ()
    writes_database: bool = False
    #: A second database that the command creates.
    copy: str | None = None
    template: Path = field(default=Path(), init=False)
    before: Content = field(default_factory=dict, init=False)
    after: Content = field(default_factory=dict, init=False)
    names: set[str] = field(default_factory=set, init=False)
    files: dict[str, bytes] = field(default_factory=dict, init=False)
    calls: dict[str, int] = field(default_factory=dict, init=False)
    initial: dict[str, bytes] = field(default_factory=dict, init=False)


def _first(program: Program, work: Path) -> None:
    del program
    write_shop(work / "source", 4)


def _second(program: Program, work: Path) -> None:
    write_shop(work / "source", 4)
    _expect(program.run("migrate", "source", "--db", DATABASE, directory=work))
    shutil.rmtree(work / "source")
    write_shop(work / "source", 5, salt=" new")


def _third(program: Program, work: Path) -> None:
    _second(program, work)
    _expect(program.run("migrate", "source", "--db", DATABASE, "--on-duplicate", "update",
                        directory=work))


def _broken(program: Program, work: Path) -> None:
    del program
    write_shop(work / "source", 3, broken=3)


def _expect(result: Result, status: int = CLEAN) -> None:
    if result.status != status:
        raise RuntimeError(f"the preparation fails: {result}")


def scenarios() -> list[Scenario]:
    """Returns the scenarios in which calls fail."""
    database = ("--db", DATABASE)
    return [
        Scenario("first load", ("migrate", "source", *database), _first, writes_database=True),
        Scenario("update", ("migrate", "source", *database, "--on-duplicate", "update"), _second,
                 writes_database=True),
        Scenario("atomic", ("migrate", "source", *database, "--atomic", "--no-backup"), _second,
                 writes_database=True),
        Scenario("undo", ("undo", "2", *database), _third, writes_database=True),
        Scenario("rejects", ("migrate", "source", *database, "--rejects", "rejects", "--stats",
                             "stats.json"), _broken, FAILURES, ("rejects", "stats.json"), True),
        Scenario("export", ("export", "exported", *database), _third, made=("exported",)),
        Scenario("export of lines", ("export", "exported", *database, "--lines"), _third,
                 made=("exported",)),
        Scenario("backup", ("backup", "copy.db", *database), _third, copy="copy.db"),
        Scenario("report", ("report", *database, "--run", "1", "--format", "json,html", "--output",
                            "reports"), _third, made=("reports",)),
        Scenario("audit", ("audit", *database), _third),
        Scenario("status", ("status", *database), _third),
        Scenario("diff", ("diff", "source", *database), _third),
        Scenario("dry run", ("migrate", "source", *database, "--dry-run"), _second),
        Scenario("dry run without a database", ("migrate", "source", *database, "--dry-run"),
                 _first),
    ]


class Counters:
    """The counters of calls, shared with the library."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reset(self) -> None:
        self.path.write_bytes(bytes(512))

    def read(self) -> dict[str, int]:
        with open(self.path, "r+b") as file, mmap.mmap(file.fileno(), 512) as view:
            numbers = struct.unpack("64Q", view[:])
        return {name: number for name, number in zip(FUNCTIONS, numbers) if number}


class Tester:
    """Runs the scenarios with faults."""

    def __init__(self, program: Program, verdicts: Verdicts, work: Path, library: str) -> None:
        self.program = program
        self.verdicts = verdicts
        self.work = work
        self.library = library
        self.counters = Counters(work / "counters")
        self.chance = random.Random(verdicts.seed)

    def _with_library(self, scenario: Scenario, directory: Path,
                      extra: dict[str, str]) -> Result:
        self.counters.reset()
        return self.program.run(*scenario.command, directory=directory, environment={
            "LD_PRELOAD": self.library, "FAULT_COUNTS": str(self.counters.path), **extra})

    def prepare(self, scenario: Scenario) -> None:
        """Creates the template, and records the result of the reference run."""
        scenario.template = self.work / "templates" / scenario.name
        scenario.template.mkdir(parents=True)
        scenario.prepare(self.program, scenario.template)
        scenario.before = content(scenario.template / DATABASE)
        scenario.initial = tree_bytes(scenario.template)
        reference = self._copy(scenario, "reference")
        result = self._with_library(scenario, reference, {})
        _expect(result, scenario.status)
        scenario.calls = self.counters.read()
        scenario.after = content(reference / DATABASE)
        scenario.names = listing(reference)
        scenario.files = tree_bytes(reference)
        shutil.rmtree(reference)

    def _copy(self, scenario: Scenario, name: str) -> Path:
        directory = self.work / name
        shutil.copytree(scenario.template, directory, symlinks=True)
        return directory

    @staticmethod
    def faults(scenario: Scenario) -> list[Fault]:
        """Returns all faults to try in a scenario."""
        result = []
        for function, calls in scenario.calls.items():
            # Only malloc is called thousands of times.
            step = 1 if calls <= 2_000 else calls // 400
            for at in range(1, calls + 1, step):
                for error in ERRORS.get(function, (errno.EIO,)):
                    result.append(Fault(function, at, error, False))
                    # The program may repeat forever a call that is always interrupted or makes no
                    # progress, and waits repeatedly for a lock that it never gets.
                    if error not in (errno.EINTR, 0) and function != "fcntl":
                        result.append(Fault(function, at, error, True))
        return result

    def try_fault(self, scenario: Scenario, fault: Fault) -> None:
        directory = self._copy(scenario, "faulty")
        try:
            result = self._with_library(scenario, directory, fault.environment)
            if self.counters.read().get(fault.function, 0) >= fault.at:
                self.verdicts.count("faults")
                self._look(scenario, fault, directory, result)
            else:
                self.verdicts.count("faults that were not reached")
        finally:
            shutil.rmtree(directory)

    def _look(self, scenario: Scenario, fault: Fault, directory: Path, result: Result) -> None:
        what = f"{scenario.name}, {fault}: {result}"

        def check(holds: bool, rule: str, more: object = "") -> bool:
            return self.verdicts.check(holds, rule, f"{what} {more}")

        check(not result.timed_out, "the program ends in time")
        check(result.status in (CLEAN, FAILURES, COULD_NOT_RUN, INTERRUPTED),
              "the program ends with a documented status")
        if result.timed_out or result.status < 0:
            return
        verdict = integrity(directory / DATABASE) if (directory / DATABASE).exists() else "ok"
        check(verdict == "ok", "the database is intact", verdict)
        got = content(directory / DATABASE) if verdict == "ok" else {}
        if result.status == scenario.status:
            check(got == scenario.after, "a success has the content of the reference run")
            for name in scenario.made:
                check(name in listing(directory), "a success leaves the files that it creates", name)
        else:
            # Without a fault none of these commands fails, and a fault must not look like invalid
            # entities. Only an audit may report a check that could not be completed.
            if result.status == FAILURES and scenario.name == "audit":
                check("could not be completed" in result.output or "unable to get the page" in result.output,
                      "an audit reports the checks that it could not complete")
            elif check(result.status == COULD_NOT_RUN, "a command that failed ends with status 3"):
                _, _, message = result.errors.partition("rmos-cli: error: ")
                check(any(name in message for name in NAMED), "an error names the file concerned")
        for table, rows in got.items():
            allowed = set(scenario.before.get(table, [])) | set(scenario.after[table])
            check(set(rows) <= allowed, "each row is as before the run, or as after it")
        if not scenario.writes_database:
            check(got == scenario.before, "a command that only reads changes nothing")
        self._names(scenario, fault, directory, check)
        self._again(scenario, directory, check)

    def _names(self, scenario: Scenario, fault: Fault, directory: Path,
               check: Callable[..., bool]) -> None:
        """Checks that no stray files remain, and that files with a final name are complete."""
        known = scenario.names | set(scenario.initial)
        if scenario.writes_database or DATABASE in scenario.initial:
            known |= {DATABASE + suffix for suffix in SIDECARS}
        if scenario.copy:
            known |= {scenario.copy}
        if fault.function not in REMOVING and not (fault.onward and fault.function in FINDING):
            strays = {name for name in listing(directory) if name not in known}
            check(not strays, "no stray files remain", sorted(strays))
        for name, data in tree_bytes(directory).items():
            if name.startswith(DATABASE) and ".backup-" not in name or ".inco" in name:
                continue
            if name in scenario.initial:
                check(data == scenario.initial[name], "no other file is changed", name)
            elif name.endswith(".db") or ".backup-" in name:
                path = directory / name
                complete = integrity(path) == "ok" and content(path) == scenario.before
                check(complete, "a backup with its final name is complete", name)
            elif name in scenario.files:
                check(is_equivalent(name, data, scenario.files[name]),
                      "a file with its final name is complete", name)
        for name in scenario.made:
            made = {path for path in scenario.files if path.startswith(name + "/")}
            there = made & tree_bytes(directory).keys()
            if scenario.name.startswith("export"):
                check(not there or there == made, "an export is complete or does not exist", name)

    def _again(self, scenario: Scenario, directory: Path, check: Callable[..., bool]) -> None:
        """Checks that running again without the fault gives the result of the reference run."""
        for name in scenario.made:
            path = directory / name
            # The command refuses an existing directory.
            if path.is_dir() and name != "rejects":
                shutil.rmtree(path)
        if scenario.copy:
            (directory / scenario.copy).unlink(missing_ok=True)
        result = self.program.run(*scenario.command, directory=directory)
        got = content(directory / DATABASE)
        undone = scenario.name == "undo" and got == scenario.after
        check(result.status == scenario.status or undone,
              "running again ends with the status of the reference run", result)
        check(got == scenario.after, "running again gives the content of the reference run", result)
        # To save time, only after one of four.
        if scenario.writes_database and self.chance.random() < 0.25:
            audit = self.program.run("audit", "--db", DATABASE, directory=directory)
            check(audit.status == CLEAN, "the audit finds nothing afterwards", audit)


def main() -> None:
    options = arguments(__doc__ or "", rounds=1_000_000, seconds=20,
                        scenario="only the scenario of this name",
                        function="only faults of this function")
    verdicts = Verdicts("faults", options.seed, options.show)
    chosen = [scenario for scenario in scenarios()
              if options.scenario in (None, scenario.name)]
    with work_directory() as work, compiled_library("faults.c") as library:
        tester = Tester(Program(options.program, seconds=45), verdicts, work, library)
        todo: list[tuple[Scenario, Fault]] = []
        for scenario in chosen:
            tester.prepare(scenario)
            todo += [(scenario, fault) for fault in tester.faults(scenario)
                     if options.function in (None, fault.function)]
        random.Random(options.seed).shuffle(todo)
        # Each function of each scenario once before any is repeated.
        seen: dict[tuple[str, str], int] = {}
        order: list[tuple[int, int]] = []
        for index, (scenario, fault) in enumerate(todo):
            key = scenario.name, fault.function
            seen[key] = seen.get(key, 0) + 1
            order.append((seen[key], index))
        order.sort()
        print(f"faults: {len(todo):,} possible ones in {len(chosen)} scenarios", flush=True)
        for number in Bound(min(options.rounds, len(todo)), options.seconds):
            tester.try_fault(*todo[order[number][1]])
    verdicts.finish()


if __name__ == "__main__":
    main()
