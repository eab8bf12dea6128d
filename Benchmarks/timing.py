"""Functions that the benchmarks share to measure commands."""

import glob
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time


class Result:
    """A run: seconds of wall time and processor time, and MiB of peak memory."""

    def __init__(self, wall, busy, memory):
        self.wall, self.busy, self.memory = wall, busy, memory


def run(command, output, source=None, statuses=(0,)):
    """Runs a command with its output in the file `output`, and its input from the file object `source`.

    Ends this program if the exit status is not among `statuses`.
    """
    with open(output, "wb") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        with open(output, "rb") as text:
            sys.stderr.buffer.write(text.read())
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Result(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def remove(database):
    """Removes a database and the files next to it."""
    for path in glob.glob(glob.escape(database) + "*"):
        os.remove(path)


def medians(results):
    """Returns wall time, processor time and peak memory of several runs as text."""
    wall, busy, memory = (
        statistics.median(getattr(result, name) for result in results)
        for name in ("wall", "busy", "memory"))
    return f"{wall:7.2f} s  {busy:7.2f} s of processor  {memory:6.1f} MiB"


def ratio(results, reference):
    """Returns the median ratio of the wall times of pairs of runs."""
    return statistics.median(one.wall / other.wall for one, other in zip(results, reference))


def machine():
    """Returns a description of the machine in one line."""
    processor = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        processor = names[0] if names else processor
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} × {processor}, {platform.system()} {platform.release()}, "
            f"SQLite {sqlite3.sqlite_version}, load {load:.1f}")


def table(results, labels, reference):
    """Prints medians, their spread and their ratio to a reference, row by row."""
    base = statistics.median(result.wall for result in results[reference])
    print(machine())
    print(f"{'':38} {'median':>10} {'min–max':>15} {'processor':>11} {'÷ reference':>12} "
          f"{'peak memory':>12}")
    for name, label in labels:
        if name not in results:
            continue
        walls = [result.wall for result in results[name]]
        median = statistics.median(walls)
        busy = statistics.median(result.busy for result in results[name])
        memory = max(result.memory for result in results[name])
        spread = f"{min(walls):.2f}–{max(walls):.2f}"
        print(f"{label:38} {median:8.2f} s {spread:>15} {busy:9.2f} s {median / base:12.2f} "
              f"{memory:8.1f} MiB")
