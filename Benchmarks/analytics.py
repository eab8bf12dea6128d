"""Measures analytics and comparable plain SQL in turn; prints medians, ratios and peak memory."""

import os
import pathlib
import sys

import timing

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

results = {name: [] for name in commands}
for _ in range(rounds):
    for name, command in commands.items():
        with sql.open() as source:
            results[name].append(timing.run(command, os.devnull, source))

for name, measured in results.items():
    ratio = timing.ratio(measured, results["sqlite3 shell"])
    print(f"{name:15} {timing.medians(measured)}  ratio {ratio:5.2f}")
