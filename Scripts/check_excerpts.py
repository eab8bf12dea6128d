#!/usr/bin/env python3
"""Checks that code in documents that is quoted from files of this repository is up to date.

usage: Scripts/check_excerpts.py

A code block after the line `<!-- from: PATH -->` must be a part of that file, in which it may be indented
more. In the block, a line `…` stands for omitted lines.
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- from: (\S+) -->\n\n?```swift\n(.*?)^```$", re.M | re.S)


def occurs_in(excerpt, lines):
    """Returns whether the parts of an excerpt occur among the lines, in order."""
    start = 0
    for part in re.split(r"^ *…\n", excerpt, flags=re.M):
        wanted = textwrap.dedent(part).strip("\n").split("\n")
        for position in range(start, len(lines) - len(wanted) + 1):
            found = textwrap.dedent("\n".join(lines[position:position + len(wanted)]))
            if found.split("\n") == wanted:
                start = position + len(wanted)
                break
        else:
            return False
    return True


def main():
    count, failures = 0, 0
    for document in sorted([*ROOT.glob("Sources/*/*.docc/*.md"), *ROOT.glob("Documentation/*.md")]):
        for path, excerpt in BLOCK.findall(document.read_text(encoding="utf-8")):
            count += 1
            source = ROOT / path
            if not source.is_file() or not occurs_in(excerpt, source.read_text(encoding="utf-8").split("\n")):
                failures += 1
                print(f"{document.relative_to(ROOT)}: this is not in {path}:\n{excerpt}")
    print(f"{count} excerpts, {failures} of them out of date")
    sys.exit(1 if failures or count == 0 else 0)


main()
