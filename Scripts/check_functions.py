#!/usr/bin/env python3
"""Warns about functions of more than LIMIT lines; never fails.

usage: Scripts/check_functions.py FILE ...

In formatted sources, a body ends at the first closing brace with the indentation of its function.
"""
import pathlib
import re
import sys

LIMIT = 60
START = re.compile(r"^( *)(?:[a-z@][\w()]* )*(func\b.*|init\b[?(<].*|deinit\b.*|subscript\b.*)")


def functions(lines):
    """Yields the line, the name and the length of each function."""
    for number, line in enumerate(lines):
        start = START.match(line)
        # A function on one line has no body to measure.
        if not start or line.rstrip().endswith("}"):
            continue
        for end in range(number, len(lines)):
            # A protocol requirement has no body.
            if end > number and not lines[end].strip():
                if not any(text.rstrip().endswith("{") for text in lines[number:end]):
                    break
            if lines[end] == start[1] + "}":
                yield number + 1, start[2].split("{")[0].strip(), end - number - 1
                break


def main():
    for name in sys.argv[1:]:
        for line, function, length in functions(pathlib.Path(name).read_text().split("\n")):
            if length > LIMIT:
                print(f"{name}:{line}: warning: {length} lines: {function}")


main()
