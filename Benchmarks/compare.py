#!/usr/bin/env python3
"""Measures rmos-cli and other programs loading the same lists, in turn; called by compare.sh."""

import argparse
import os
import sys

import timing

parser = argparse.ArgumentParser()
for name in ("cli", "python", "grdb", "schema", "lists", "work"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--rounds", type=int, required=True)
parser.add_argument("--names", nargs="+", required=True)
arguments = parser.parse_args()

KINDS = ("strip_families", "patterns", "joblogs")
files = {kind: os.path.join(arguments.lists, kind, kind + ".json") for kind in KINDS}
database = os.path.join(arguments.work, "compare.db")

DUCKDB = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
for path in sys.argv[2:]:
    table = path.rsplit("/", 1)[1].removesuffix(".json")
    connection.execute(
        f"CREATE TABLE {table} AS SELECT * FROM read_json(?, maximum_object_size = 1073741824)",
        [path])
"""

PYTHON = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(open(sys.argv[2]).read())
for path in sys.argv[3:]:
    table = path.rsplit("/", 1)[1].removesuffix(".json")
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    marks = ", ".join("?" * len(columns))
    def values(entity):
        for column in columns:
            value = entity.get(column, entity.get(column.removesuffix("_json")))
            if value is None and column == "pattern_type":
                value = "generic"
            yield json.dumps(value) if isinstance(value, (dict, list)) else value
    with open(path) as file:
        entities = json.load(file)
    connection.executemany(
        f"INSERT INTO {table} VALUES ({marks})", (tuple(values(entity)) for entity in entities))
connection.commit()
"""


def programs():
    """Yields each program with its commands."""
    paths = [files[kind] for kind in KINDS]
    yield "rmos", [[arguments.cli, "migrate", arguments.lists, "--db", database, "-q"]]
    yield "duckdb", [[arguments.python, "-c", DUCKDB, database, *paths]]
    yield "python", [[arguments.python, "-c", PYTHON, database, arguments.schema, *paths]]
    yield "grdb", [[arguments.grdb, database, arguments.schema, *paths]]
    yield "sqlite-utils", [
        [arguments.python, "-m", "sqlite_utils", "insert", database, kind, files[kind], "--pk", "id"]
        for kind in KINDS]


output = os.path.join(arguments.work, "output")
results = {}
for path in files.values():
    # So that all programs read the files from memory.
    with open(path, "rb") as file:
        while file.read(1 << 20):
            pass
for number in range(arguments.rounds):
    for name, commands in programs():
        if name not in ("rmos", *arguments.names):
            continue
        timing.remove(database)
        parts = [timing.run(command, output) for command in commands]
        results.setdefault(name, []).append(timing.Result(
            sum(part.wall for part in parts), sum(part.busy for part in parts),
            max(part.memory for part in parts)))
        print(f"round {number + 1}, {name}: {results[name][-1].wall:.2f} s", file=sys.stderr)
timing.remove(database)
timing.table(results, [
    ("rmos", "rmos-cli migrate, all checks"),
    ("duckdb", "DuckDB, read_json into its own format"),
    ("python", "Python, json and sqlite3"),
    ("grdb", "Swift, Foundation and GRDB"),
    ("sqlite-utils", "sqlite-utils insert"),
], "rmos")
