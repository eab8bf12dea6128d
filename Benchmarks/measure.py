#!/usr/bin/env python3
"""Measure rmos-cli and the yardstick in turn and print medians; called by run.sh."""
import argparse
import glob
import os
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
for name in ("cli", "limit", "schema", "files", "lists", "work"):
    parser.add_argument("--" + name, required=True)
parser.add_argument("--rounds", type=int, required=True)
arguments = parser.parse_args()


def run(command):
    """Run a command; return its wall time in seconds and its peak memory in MiB."""
    with open(os.path.join(arguments.work, "output"), "wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(output.name, "rb") as text:
            sys.stderr.buffer.write(text.read())
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return seconds, usage.ru_maxrss / unit


def remove(database):
    for path in glob.glob(glob.escape(database) + "*"):
        os.remove(path)


def migrate(tree, database):
    return run([arguments.cli, "migrate", tree, "--db", database, "-q"])


database = os.path.join(arguments.work, "rmos.db")
yardstick = os.path.join(arguments.work, "limit.db")
results = {}


def note(name, result):
    results.setdefault(name, []).append(result)


# The files' content should come from memory, for everyone.
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
for _ in range(20):
    note("version", run([arguments.cli, "--version"]))
remove(database)
remove(yardstick)


def seconds(name):
    return statistics.median(result[0] for result in results[name])


def memory(name):
    return max(result[1] for result in results[name])


limit = seconds("limit")
files = os.path.basename(arguments.files)
lists = os.path.basename(arguments.lists)
print(f"{'':38} {'median':>10} {'÷ yardstick':>12} {'peak memory':>12}")
for name, label in [
    ("limit", f"yardstick in C, {files}"),
    ("first", f"rmos-cli, first run, {files}"),
    ("second", f"rmos-cli, second run, {files}"),
    ("dry", f"rmos-cli, dry run, {files}"),
    ("lists", f"rmos-cli, first run, {lists}"),
    ("lists again", f"rmos-cli, second run, {lists}"),
]:
    ratio = f"{seconds(name) / limit:.2f}" if not name.startswith("lists") else "-"
    print(f"{label:38} {seconds(name):8.2f} s {ratio:>12} {memory(name):8.1f} MiB")
print(f"{'rmos-cli --version':38} {seconds('version') * 1000:7.1f} ms {'-':>12} "
      f"{memory('version'):8.1f} MiB")
