"""Requests pages of a list from a server; prints medians, and their ratio to a scan of an index by the
sqlite3 shell.

usage: lists.py PROGRAM DATABASE [ROUNDS]

The case of the search text differs in each round, so that no answer comes from a cache. The processor
time is that of the whole server, including counts that it computes besides the page. Linux only.
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
    """Returns the processor time of a process in seconds, including threads that have ended."""
    # The clock of a process, as clock_getcpuclockid(3) returns it on Linux.
    return time.clock_gettime(~process << 3 | 2)


def spelled(number):
    """Returns the search text with a different combination of upper and lower case per number."""
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
        # While the first pages are served, the server counts facets.
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
