#!/usr/bin/env python3
"""Checks that comment lines have at most LIMIT columns, since the formatter does not change comments.

usage: Scripts/check_comments.py FILE ...

A comment line begins with `//`. A line that is only a URL may be longer.
"""
import pathlib
import re
import sys

LIMIT = 100
COMMENT = re.compile(r"^\s*//")
URL = re.compile(r"^\s*///?\s*<?[a-z]+://\S+$")


def main():
    failures = 0
    for name in sys.argv[1:]:
        for number, line in enumerate(pathlib.Path(name).read_text(encoding="utf-8").split("\n"), 1):
            if len(line) > LIMIT and COMMENT.match(line) and not URL.match(line):
                failures += 1
                print(f"{name}:{number}: error: a comment of {len(line)} columns; the limit is {LIMIT}")
    sys.exit(1 if failures else 0)


main()
