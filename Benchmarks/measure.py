#!/usr/bin/env python3
"""Measures rmos-cli and the yardstick in turn, and prints medians; called by run.sh."""
import argparse
import os
import statistics

import timing

parser = argparse.ArgumentParser()
for name in ("cli", "limit", "schema", "files", "lists", "work"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--rounds", type=int, required=True)
arguments = parser.parse_args()


def run(command):
    return timing.run(command, os.path.join(arguments.work, "output"))


def remove(database):
    timing.remove(database)


def migrate(tree, database):
    return run([arguments.cli, "migrate", tree, "--db", database, "-q"])


database = os.path.join(arguments.work, "rmos.db")
yardstick = os.path.join(arguments.work, "limit.db")
results = {}


def note(name, result):
    results.setdefault(name, []).append(result)


# So that both programs read the files from memory.
run([arguments.limit, arguments.files, yardstick, arguments.schema])
for _ in range(arguments.rounds):
    remove(yardstick)
    note("limit", run([arguments.limit, arguments.files, yardstick, arguments.schema]))
    remove(database)
    note("first", migrate(arguments.files, database))
    note("second", migrate(arguments.files, database))
    note("dry", run([arguments.cli, "migrate", arguments.files, "--db", database, "--dry-run", "-q"]))
for _ in range(max(1, arguments.rounds // 2)):
    remove(database)
    note("lists", migrate(arguments.lists, database))
    note("lists again", migrate(arguments.lists, database))
    note("undo", run([arguments.cli, "undo", "1", "--db", database, "--no-backup"]))
for _ in range(20):
    note("version", run([arguments.cli, "--version"]))
remove(database)
remove(yardstick)


files = os.path.basename(arguments.files)
lists = os.path.basename(arguments.lists)
timing.table(results, [
    ("limit", f"yardstick in C, {files}"),
    ("first", f"rmos-cli, first run, {files}"),
    ("second", f"rmos-cli, second run, {files}"),
    ("dry", f"rmos-cli, dry run, {files}"),
], "limit")
timing.table(results, [
    ("lists", f"rmos-cli, first run, {lists}"),
    ("lists again", f"rmos-cli, second run, {lists}"),
    ("undo", f"rmos-cli, undo of the first run, {lists}"),
], "lists")
versions = sorted(result.wall for result in results["version"])
print(f"{'rmos-cli --version':38} {statistics.median(versions) * 1000:7.1f} ms")
