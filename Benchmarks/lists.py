"""Asks a server for pages of a list; prints medians, and their ratio to the shell's scan of an index.

usage: lists.py PROGRAM DATABASE [ROUNDS]

A search is written in another case in each round, so that no answer is kept from the round before.
The processor time is that of the whole server, with the counts that it makes beside the page. Needs
the numbering of clocks of Linux.
"""

import http.client
import re
import statistics
import subprocess
import sys
import tempfile
import time

import timing

SEARCH = "rope"


def processor_time(process):
    """Seconds that all threads of a process have computed, also those that have ended."""
    # The clock of a process, as clock_getcpuclockid(3) computes it on Linux.
    return time.clock_gettime(~process << 3 | 2)


def spelled(number):
    """The search text in one of its 2^n cases."""
    return "".join(letter.upper() if number >> place & 1 else letter
                   for place, letter in enumerate(SEARCH))


def cases():
    yield "first page, by id", lambda _: "/patterns"
    yield f"search in name: {SEARCH}", lambda n: f"/patterns?q={spelled(n)}"
    yield f"search everywhere: {SEARCH}", lambda n: f"/patterns?q={spelled(n)}&in=anywhere"
    yield "search without a match", lambda n: f"/patterns?q=nothing{n}"
    yield "search, sorted by rings", lambda n: f"/patterns?q={spelled(n)}&sort=ring_count"
    yield "search, page 100", lambda n: f"/patterns?q={spelled(n)}&page=100"
    yield "rings", lambda n: f"/patterns?rings={n % 7 + 1}"
    yield "rings and search", lambda n: f"/patterns?rings={n % 7 + 1}&q={spelled(n)}"
    yield "type", lambda n: "/patterns?type=generic"
    yield "family", lambda n: f"/patterns?family=family-{n:07d}"
    for sort in ("name", "ring_count", "strip_family_id", "pattern_type", "created_at"):
        for sign in ("", "-"):
            yield f"sort by {sign}{sort}", lambda _, s=sign + sort: f"/patterns?sort={s}"
    yield "sort by newest", lambda _: "/patterns?sort=newest"
    yield "last page, by name", lambda _: "/patterns?sort=name&page=1000000"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, database = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) == 4 else 7
    with tempfile.NamedTemporaryFile() as output:
        def reference():
            sql = f"SELECT count(*) FROM patterns WHERE name LIKE '%{SEARCH}%'"
            return timing.run(["sqlite3", "-readonly", database, sql], output.name)
        reference()
        shell = [reference() for _ in range(rounds)]
    base = statistics.median(result.busy for result in shell)
    wall = statistics.median(result.wall for result in shell)
    print(timing.machine())
    print(f"{'':32} {'answer ms':>10} {'processor ms':>13} {'÷ shell':>8} {'KiB':>6}")
    print(f"{'sqlite3 shell, name LIKE':32} {wall * 1000:10.1f} {base * 1000:13.1f} {1:8.2f}")

    options = subprocess.run([program, "serve", "--help"], capture_output=True, text=True,
                             check=True).stdout
    quiet = ["--no-audit"] if "--no-audit" in options else []
    server = subprocess.Popen([program, "serve", "--db", database, "--port", "0", *quiet],
                              stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"http://[^ /]*:(\d+)", server.stdout.readline()).group(1))
        connection = http.client.HTTPConnection("127.0.0.1", port)

        def ask(path):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                sys.exit(f"{path}: {answer.status}")
            return body

        ask("/patterns")
        # Facets are counted beside the first pages.
        time.sleep(3)
        for name, path in cases():
            times, busy, size = [], [], 0
            for number in range(rounds):
                before, start = processor_time(server.pid), time.perf_counter()
                size = len(ask(path(number + 1)))
                times.append(time.perf_counter() - start)
                time.sleep(0.05)
                busy.append(processor_time(server.pid) - before)
            cost = statistics.median(busy)
            print(f"{name:32} {statistics.median(times) * 1000:10.1f} {cost * 1000:13.1f} "
                  f"{cost / base:8.2f} {size // 1024:6}", flush=True)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
