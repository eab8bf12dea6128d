"""Runs an audit and its yardstick in plain SQL in turn; prints medians, ratio and peak memory."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

cli, database, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
sql = pathlib.Path(__file__).with_name("audit.sql")


def run(command, source):
    """Seconds of wall and processor time, and MiB of peak memory, of one run."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with status {process.returncode}")
    seconds = time.monotonic() - start
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


shell, audit = [], []
for _ in range(rounds):
    with sql.open() as source:
        shell.append(run(["sqlite3", "-readonly", database], source))
    audit.append(run([cli, "audit", "--db", database], subprocess.DEVNULL))

for name, results in (("sqlite3 shell", shell), ("rmos-cli audit", audit)):
    wall, busy, memory = (statistics.median(column) for column in zip(*results))
    print(f"{name:15} {wall:7.2f} s  {busy:7.2f} s of processor  {memory:6.1f} MiB")
ratio = statistics.median(a[0] / s[0] for a, s in zip(audit, shell))
print(f"{'ratio':15} {ratio:7.2f}")
