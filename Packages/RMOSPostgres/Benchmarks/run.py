#!/usr/bin/env python3
"""Times a migration into PostgreSQL against psql's \\copy of the same rows, and the audits.

usage: RMOS_POSTGRES_URL=postgresql://… run.py PROGRAM SOURCE [ROUNDS]

PROGRAM is a release build of rmos-postgres, SOURCE a tree to migrate. Each round migrates into an
empty schema, copies the same rows from ready files into the same tables with the same indexes in
another, and audits the database and a SQLite one of the same content; so what else the machine does
meets all of them alike. Prints medians and their ratios. Needs psql.
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
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    server = os.environ["RMOS_POSTGRES_URL"]
    times = {"migrate": [], "copy": [], "audit": [], "audit_sqlite": []}
    peaks = {"migrate": [], "audit": []}
    with tempfile.TemporaryDirectory() as directory:
        sqlite = os.path.join(directory, "rmos.db")
        run([program, "migrate", source, "--db", sqlite, "--no-backup", "-q"])
        for number in range(rounds):
            url = fresh_schema(server, "rmos_bench_migrated")
            seconds, peak = run([program, "migrate", source, "--db", url, "--no-backup", "-q"])
            times["migrate"].append(seconds)
            peaks["migrate"].append(peak)
            if number == 0:
                for table in TABLES:
                    columns = columns_of(url, table)
                    psql(url, rf"\copy {table} ({columns}) to '{directory}/{table}'")
            other = fresh_schema(server, "rmos_bench_copied")
            run([program, "init", "--db", other])
            command = "\n".join(
                rf"\copy {table} ({columns_of(other, table)}) from '{directory}/{table}'"
                for table in TABLES)
            start = time.monotonic()
            psql(other, command)
            times["copy"].append(time.monotonic() - start)
            seconds, peak = run([program, "audit", "--db", url])
            times["audit"].append(seconds)
            peaks["audit"].append(peak)
            times["audit_sqlite"].append(run([program, "audit", "--db", sqlite])[0])
        for schema in ["rmos_bench_migrated", "rmos_bench_copied"]:
            psql(server, f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"migrate           {median['migrate']:7.2f} s   peak {max(peaks['migrate']):.0f} MiB")
    print(f"psql \\copy        {median['copy']:7.2f} s   ratio {median['migrate'] / median['copy']:.2f}")
    print(f"audit             {median['audit']:7.2f} s   peak {max(peaks['audit']):.0f} MiB")
    print(f"audit of SQLite   {median['audit_sqlite']:7.2f} s   "
          f"ratio {median['audit'] / median['audit_sqlite']:.2f}")


def run(command):
    """Runs a command; returns its seconds and its peak memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command[:2])} exited with {process.returncode}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def psql(url, commands):
    result = subprocess.run(
        ["psql", url, "-qAt", "-v", "ON_ERROR_STOP=1"],
        input="SET client_min_messages = error;\n" + commands + "\n", text=True, capture_output=True)
    if result.returncode != 0:
        sys.exit(f"psql: {result.stderr.strip()}")
    return result.stdout.strip()


def fresh_schema(server, name):
    psql(server, f"DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name};")
    return server + ("&" if "?" in server else "?") + f"options=-csearch_path%3D{name}"


def columns_of(url, table):
    return psql(
        url,
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped;")


main()
