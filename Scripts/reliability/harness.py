"""Code that the reliability tests share: the program, the content of databases, limits, verdicts."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

TABLES = ("strip_families", "patterns", "joblogs")
CLEAN, FAILURES, USAGE, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 3, 130


@dataclass(frozen=True)
class Result:
    """The result of a run of the program."""

    arguments: tuple[str, ...]
    status: int
    output: str
    errors: str
    timed_out: bool = False

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.output)
        assert isinstance(value, dict)
        return value

    def __str__(self) -> str:
        end = "did not end in time" if self.timed_out else f"status {self.status}"
        said = self.errors.strip() or self.output.strip()
        return f"{' '.join(self.arguments)}: {end}: {said[-400:]}"


class Program:
    """The program under test."""

    def __init__(self, path: str, seconds: float = 30) -> None:
        self.path = os.path.abspath(path)
        self.seconds = seconds

    def start(self, *arguments: str, directory: Path,
              environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts the program in a new process group."""
        return subprocess.Popen(
            [self.path, *arguments], cwd=directory, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env=self.environment(environment))

    @staticmethod
    def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
        base = {key: value for key, value in os.environ.items()
                if not key.startswith(("RMOS_", "LD_PRELOAD"))}
        # Without a backtrace a crash ends the program at once.
        return {**base, "SWIFT_BACKTRACE": "enable=no", "TZ": "UTC", **(extra or {})}

    def run(self, *arguments: str, directory: Path,
            environment: Mapping[str, str] | None = None) -> Result:
        """Runs the program to its end, or kills it when its time is up."""
        process = self.start(*arguments, directory=directory, environment=environment)
        timed_out = False
        try:
            output, errors = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Result(arguments, process.returncode, output.decode("utf-8", "replace"),
                      errors.decode("utf-8", "replace"), timed_out)


class Verdicts:
    """Counts checks, and collects failures."""

    def __init__(self, name: str, seed: int, shown: int = 5) -> None:
        self.name = name
        self.seed = seed
        #: The number of failures of each rule to show.
        self.shown = shown
        self.counts: dict[str, int] = {}
        self.failures = 0
        self.kinds: dict[str, int] = {}
        self.started = time.monotonic()

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def fail(self, rule: str, what: object) -> None:
        """Records a failure of a rule, and shows it if it is among the first."""
        self.failures += 1
        self.kinds[rule] = self.kinds.get(rule, 0) + 1
        if self.kinds[rule] <= self.shown:
            print(f"FAILED: {rule}\n    {what}", flush=True)

    def check(self, holds: bool, rule: str, what: object) -> bool:
        if not holds:
            self.fail(rule, what)
        return holds

    def finish(self) -> NoReturn:
        """Prints the counts and ends the script."""
        counts = ", ".join(f"{number:,} {what}" for what, number in self.counts.items())
        print(f"{self.name}: {counts}; {self.failures:,} failures "
              f"(seed {self.seed}, {time.monotonic() - self.started:.0f} s)")
        for rule, number in self.kinds.items():
            print(f"    {number:,} times: {rule}")
        # A run without any check does not succeed.
        sys.exit(1 if self.failures or not any(self.counts.values()) else 0)


class Bound:
    """A limit of rounds and of seconds, whichever is reached first."""

    def __init__(self, rounds: int, seconds: float) -> None:
        self.rounds = rounds
        self.end = time.monotonic() + seconds

    def __iter__(self) -> Iterator[int]:
        for number in range(self.rounds):
            if time.monotonic() >= self.end:
                return
            yield number

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.end


def _end(number: int, frame: object) -> NoReturn:
    """Ends the script normally, so that its files are removed even if another signal arrives."""
    del frame
    signal.signal(number, signal.SIG_IGN)
    sys.exit(INTERRUPTED)


def arguments(description: str, rounds: int, seconds: float,
              **options: str) -> argparse.Namespace:
    """Parses the command line of a test; `options` are further options with their help."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("program", help="the rmos-cli to test")
    parser.add_argument("--rounds", type=int, default=rounds, help="how many rounds at most")
    parser.add_argument("--seconds", type=float, default=seconds, help="how long at most")
    parser.add_argument("--seed", type=int, default=None, help="repeats an earlier run")
    parser.add_argument("--show", type=int, default=5,
                        help="how many failures of each rule to show")
    for name, text in options.items():
        parser.add_argument(f"--{name.replace('_', '-')}", help=text)
    result = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    if result.seed is None:
        result.seed = random.SystemRandom().randrange(1 << 32)
    print(f"{Path(sys.argv[0]).stem}: seed {result.seed}", flush=True)
    return result


@contextlib.contextmanager
def work_directory() -> Iterator[Path]:
    """Creates a temporary directory, in memory if possible."""
    shared = Path("/dev/shm")
    place = str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else None
    path = Path(tempfile.mkdtemp(prefix="rmos-reliability-", dir=place))
    try:
        yield path.resolve()
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def compiled_library(source: str) -> Iterator[str]:
    """Compiles a library that is loaded before the C library."""
    # Not in /dev/shm, from which nothing may be executed on many systems.
    with tempfile.TemporaryDirectory(prefix="rmos-reliability-") as directory:
        library = str(Path(directory) / (Path(source).stem + ".so"))
        subprocess.run(
            [os.environ.get("CC", "cc"), "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
             "-o", library, str(Path(__file__).parent / source), "-ldl", "-lpthread"], check=True)
        tried = subprocess.run(["true"], env={**os.environ, "LD_PRELOAD": library},
                               capture_output=True, check=False)
        if tried.stderr:
            raise RuntimeError(f"{library} cannot be loaded; set TMPDIR to a directory from which "
                               f"libraries can be loaded: {tried.stderr.decode().strip()}")
        yield library


Row = tuple[object, ...]
Content = dict[str, list[Row]]


def connect(path: Path) -> sqlite3.Connection:
    """Opens a database for reading, without changing it or creating files next to it."""
    if path.with_name(path.name + "-journal").exists():
        connection = _rolled_back(path)
    else:
        mode = "mode=ro" if path.with_name(path.name + "-wal").exists() else "immutable=1"
        connection = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True)
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return connection


def _rolled_back(path: Path) -> sqlite3.Connection:
    """Returns the database after its journal is rolled back, which is done in a copy."""
    connection = sqlite3.connect(":memory:")
    with tempfile.TemporaryDirectory() as directory:
        for suffix in ("", "-journal"):
            file = path.with_name(path.name + suffix)
            shutil.copy(file, Path(directory, file.name))
        with contextlib.closing(sqlite3.connect(Path(directory, path.name))) as copy:
            copy.backup(connection)
    return connection


def content(path: Path) -> Content:
    """Returns the rows of the three tables and their provenance, without the runs, which differ in
    their numbers and times.
    """
    if not path.exists():
        return {table: [] for table in (*TABLES, "provenance")}
    with contextlib.closing(connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        result: Content = {}
        for table in TABLES:
            sql = f"SELECT * FROM {table} ORDER BY id"
            result[table] = list(connection.execute(sql)) if table in tables else []
        provenance = connection.execute(
            "SELECT kind, entity_id, path, locator, byte_offset, byte_length, hex(sha256), "
            "unknown_json FROM migration_provenance ORDER BY kind, entity_id"
        ) if "migration_provenance" in tables else ()
        result["provenance"] = list(provenance)
        return result


def integrity(path: Path) -> str:
    """Returns the verdict of SQLite on a database: `ok`, or the problem."""
    try:
        with contextlib.closing(connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            foreign = connection.execute("PRAGMA foreign_key_check").fetchall()
            return str(verdict) if not foreign else f"foreign keys: {foreign[:3]}"
    except sqlite3.Error as error:
        return str(error)


def tree_bytes(path: Path) -> dict[str, bytes]:
    """Returns the files below a directory by relative path."""
    return {str(file.relative_to(path)): file.read_bytes()
            for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink()}


def is_equivalent(name: str, data: bytes, reference: bytes) -> bool:
    """Returns whether a file equals that of the reference run, apart from the run and its times."""
    if data == reference:
        return True
    if name.endswith((".json", ".issues")):
        try:
            left, right = json.loads(data), json.loads(reference)
        except ValueError:
            return False
        for value in (left, right):
            for varying in ("run", "timestamp"):
                value.pop(varying, None)
        if left.get("copy", "") is None:
            # The reject could not be copied.
            right["copy"] = None
        return bool(left == right) or name.startswith("reports/")
    if name.endswith("/SHA256SUMS"):
        # The digests differ, since the issues name the run.
        lines, wanted = data.splitlines(), {line[64:] for line in reference.splitlines()}
        return data.endswith(b"\n") and all(line[64:] in wanted for line in lines)
    # Pages and texts contain times, so only their ends are compared: a truncated file ends differently.
    return name.startswith("reports/") and data.rstrip()[-8:] == reference.rstrip()[-8:]


def listing(path: Path) -> set[str]:
    """Returns all names below a directory."""
    return {str(file.relative_to(path)) for file in path.rglob("*")}


def write_shop(root: Path, count: int, *, salt: str = "", broken: int = 0) -> None:
    """Writes a tree of valid entities, `count` of each kind, with explicit times, and `broken` invalid
    patterns.

    Trees with different salts have the same ids with different content.
    """
    for kind in TABLES:
        (root / kind).mkdir(parents=True, exist_ok=True)
    times = {"created_at": "2025-01-15T10:00:00Z", "updated_at": "2025-01-16T10:00:00Z"}
    for number in range(count):
        family = {"id": f"f{number}", "name": f"Ebony {number}{salt}", "strip_width_mm": 2.5,
                  "strip_thickness_mm": 0.8, "material_type": "Ebony",
                  "strips": [{"color": "black", "count": 3}], **times, "remark": "kept" + salt}
        pattern = {"id": f"p{number}", "name": f"Rope {number}{salt}", "ring_count": 3,
                   "geometry": {"rows": number, "note": "x" * (number % 7) * 40},
                   "strip_family_id": f"f{number}", **times}
        job = {"id": f"j{number}", "job_type": "slice", "pattern_id": f"p{number}",
               "status": "planned", "parameters": {"depth": 0.5, "salt": salt}, **times}
        for kind, entity in zip(TABLES, (family, pattern, job)):
            (root / kind / f"{number:04}.json").write_text(json.dumps(entity))
    for number in range(broken):
        (root / "patterns" / f"broken{number}.json").write_text(
            '{"id": "bad%d", "name": "Bad", "ring_count": 0, "geometry": {"rows": 1}}' % number)
