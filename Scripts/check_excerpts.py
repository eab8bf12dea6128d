#!/usr/bin/env python3
"""Checks that the code that documents quote from files of this repository is what stands there.

usage: Scripts/check_excerpts.py

A block of code after the line `<!-- from: PATH -->` has to be a part of that file, whose indentation may be
deeper. In it, a line `…` stands for lines that are left out.
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^<!-- from: (\S+) -->\n\n?```swift\n(.*?)^```$", re.M | re.S)


def stands_in(excerpt, lines):
    """Whether the parts of an excerpt stand among the lines, one after the other."""
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
            if not source.is_file() or not stands_in(excerpt, source.read_text(encoding="utf-8").split("\n")):
                failures += 1
                print(f"{document.relative_to(ROOT)}: this is not in {path}:\n{excerpt}")
    print(f"{count} excerpts, {failures} of them not as in their files")
    sys.exit(1 if failures or count == 0 else 0)


main()
