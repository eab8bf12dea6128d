#!/usr/bin/env python3
"""Compares a migration into PostgreSQL with psql's \\copy of the same rows, and audits of PostgreSQL and
SQLite.

usage: RMOS_POSTGRES_URL=postgresql://… postgres.py PROGRAM SOURCE [ROUNDS]
  PROGRAM  a release build of rmos-postgres
  SOURCE   a tree to migrate
  ROUNDS   the number of measurements (default: 5)

Each round migrates into an empty schema, copies the same rows from prepared files into the same tables
with the same indexes in another schema, and audits the database and a SQLite database with the same
content, so that other load of the machine affects all of them. Prints medians and ratios of seconds and
of CPU seconds, of the client and, if it runs on this machine, of the server. On a busy machine, compare
the CPU seconds. Needs psql.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

TABLES = ["strip_families", "patterns", "joblogs", "migration_provenance"]


def main():
    if len(sys.argv) < 3 or "RMOS_POSTGRES_URL" not in os.environ:
        sys.exit(__doc__)
    program, source = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    server = Server(os.environ["RMOS_POSTGRES_URL"])
    costs = {"migrate": [], "psql \\copy": [], "audit": [], "audit of SQLite": []}
    with tempfile.TemporaryDirectory() as directory:
        sqlite = os.path.join(directory, "rmos.db")
        server.run([program, "migrate", source, "--db", sqlite, "--no-backup", "-q"])
        for number in range(rounds):
            url = server.fresh_schema("rmos_bench_migrated")
            costs["migrate"].append(
                server.run([program, "migrate", source, "--db", url, "--no-backup", "-q"]))
            if number == 0:
                for table in TABLES:
                    psql(url, rf"\copy {table} ({columns_of(url, table)}) to '{directory}/{table}'")
            other = server.fresh_schema("rmos_bench_copied")
            server.run([program, "init", "--db", other])
            commands = "".join(
                rf"\copy {table} ({columns_of(other, table)}) from '{directory}/{table}'" + "\n"
                for table in TABLES)
            costs["psql \\copy"].append(server.run(["psql", other, *PSQL], commands))
            rows = [[psql(place, f"SELECT count(*) FROM {table};") for table in TABLES]
                    for place in (url, other)]
            if rows[0] != rows[1]:
                sys.exit(f"the rows differ: {rows}")
            costs["audit"].append(server.run([program, "audit", "--db", url]))
            costs["audit of SQLite"].append(server.run([program, "audit", "--db", sqlite]))
        for schema in ["rmos_bench_migrated", "rmos_bench_copied"]:
            psql(server.url, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    print(f"{', '.join(rows[0])} rows of {', '.join(TABLES)}; {rounds} rounds")
    report("migrate", "psql \\copy", costs)
    report("audit", "audit of SQLite", costs)


class Cost:
    """The cost of a command: seconds, CPU seconds of the client and of the server, peak in MiB."""

    def __init__(self, seconds, client, server, peak):
        self.seconds, self.client, self.server, self.peak = seconds, client, server, peak

    @property
    def cpu(self):
        return self.client + (self.server or 0)


def report(name, yardstick, costs):
    def median(which, figure):
        return statistics.median(figure(cost) for cost in costs[which])

    for which in (name, yardstick):
        server = "" if costs[which][0].server is None else \
            f" + server {median(which, lambda cost: cost.server):5.2f}"
        print(f"{which:16} {median(which, lambda cost: cost.seconds):6.2f} s   "
              f"CPU {median(which, lambda cost: cost.cpu):6.2f} s = client "
              f"{median(which, lambda cost: cost.client):5.2f}{server}   "
              f"peak {max(cost.peak for cost in costs[which]):.0f} MiB")
    ratios = [median(name, figure) / median(yardstick, figure)
              for figure in (lambda cost: cost.seconds, lambda cost: cost.cpu)]
    print(f"{'ratio':16} {ratios[0]:6.2f}     CPU {ratios[1]:6.2f}")


class Server:
    """The server of a URL; measures the CPU time of its processes if they run on this machine."""

    def __init__(self, url):
        self.url = url
        self.process = None
        try:
            # The parent of all processes of the server.
            backend = subprocess.Popen(["psql", url, *PSQL], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
            print("SELECT pg_backend_pid();", file=backend.stdin, flush=True)
            parent = stat(backend.stdout.readline().strip())[1]
            backend.communicate()
            with open(f"/proc/{parent}/comm", encoding="utf-8") as file:
                if file.read().startswith("postgres"):
                    self.process = parent
        except OSError:
            pass

    def cpu(self):
        """Returns the CPU seconds of all its processes so far; None if they are not visible."""
        if self.process is None:
            return None
        ticks = 0
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                user_and_system, parent, ended_children = stat(name)
            except OSError:
                continue
            if self.process in (int(name), parent):
                ticks += user_and_system + ended_children
        return ticks / os.sysconf("SC_CLK_TCK")

    def run(self, command, commands=None):
        """Runs a command, and returns its cost."""
        time.sleep(0.3)  # Until the server has ended the session of an earlier command.
        before = self.cpu()
        start = time.monotonic()
        with tempfile.TemporaryFile("w+") as file:
            file.write(commands or "")
            file.seek(0)
            process = subprocess.Popen(command, stdin=file, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command[:2])} exited with {process.returncode}")
        # The time of a session is visible once it has ended.
        time.sleep(0.3)
        server = None if before is None else self.cpu() - before
        return Cost(seconds, usage.ru_utime + usage.ru_stime, server, usage.ru_maxrss / 1024)

    def fresh_schema(self, name):
        psql(self.url, f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; CHECKPOINT;")
        return self.url + ("&" if "?" in self.url else "?") + f"options=-csearch_path%3D{name}"


PSQL = ["-X", "-qAt", "-v", "ON_ERROR_STOP=1"]


def psql(url, commands):
    result = subprocess.run(
        ["psql", url, *PSQL], input="SET client_min_messages = error;\n" + commands + "\n",
        text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"psql: {result.stderr.strip()}")
    return result.stdout.strip()


def stat(process):
    """Returns the ticks of a process, its parent, and the ticks of its children that have ended."""
    with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]), int(fields[1]), int(fields[13]) + int(fields[14])


def columns_of(url, table):
    return psql(
        url,
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped;")


main()
