"""Computes analytics and its yardstick in plain SQL in turn; prints medians, ratios and peak memory."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

cli, database, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
sql = pathlib.Path(__file__).with_name("analytics.sql")
analytics = [cli, "analytics", "--json", "--db", database]
commands = {
    "sqlite3 shell": ["sqlite3", "-readonly", database],
    "analytics": analytics,
    "of one material": [*analytics, "--material", "Ebony"],
    "of one job type": [*analytics, "--job-type", "slice"],
    "of some months": [*analytics, "--from", "2025-03-01", "--to", "2025-06-30"],
}


def run(command, source):
    """Seconds of wall and processor time, and MiB of peak memory, of one run."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with status {process.returncode}")
    seconds = time.monotonic() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


results = {name: [] for name in commands}
for _ in range(rounds):
    for name, command in commands.items():
        with sql.open() as source:
            results[name].append(run(command, source))

shell = results["sqlite3 shell"]
for name, measured in results.items():
    wall, busy, memory = (statistics.median(column) for column in zip(*measured))
    ratio = statistics.median(a[0] / s[0] for a, s in zip(measured, shell))
    print(f"{name:15} {wall:7.2f} s  {busy:7.2f} s of processor  {memory:6.1f} MiB  ratio {ratio:5.2f}")
