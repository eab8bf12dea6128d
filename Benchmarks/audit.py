"""Measures an audit and comparable plain SQL in turn; prints medians, the ratio and peak memory."""

import os
import pathlib
import sys

import timing

cli, database, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
sql = pathlib.Path(__file__).with_name("audit.sql")

shell, audit = [], []
for _ in range(rounds):
    with sql.open() as source:
        shell.append(timing.run(["sqlite3", "-readonly", database], os.devnull, source))
    # Status 1: the audit found errors.
    audit.append(timing.run([cli, "audit", "--db", database], os.devnull, statuses=(0, 1)))

for name, results in (("sqlite3 shell", shell), ("rmos-cli audit", audit)):
    print(f"{name:15} {timing.medians(results)}")
print(f"{'ratio':15} {timing.ratio(audit, shell):7.2f}")
