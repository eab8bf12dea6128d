#!/usr/bin/env python3
"""Checks that every public symbol is in a topic of its library's documentation.

usage: Scripts/check_topics.py GRAPHS
  GRAPHS  the directory of the symbol graphs that docs.sh creates

Only top-level symbols need a topic; members are listed on the page of their type.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def public_symbols(graph):
    """Returns the names of the top-level symbols of a library, without those that it re-exports."""
    document = json.loads(graph.read_text(encoding="utf-8"))
    module = document["module"]["name"]
    own = f"s:{len(module)}{module}"
    return {symbol["pathComponents"][0] for symbol in document["symbols"]
            if symbol["accessLevel"] in ("public", "open") and len(symbol["pathComponents"]) == 1
            and symbol["identifier"]["precise"].startswith(own)}


def topics(page):
    """Returns the names of the symbols in the topics of a landing page."""
    _, _, text = page.read_text(encoding="utf-8").partition("\n## Topics\n")
    return set(re.findall(r"^- ``([^`/]+)``$", text, re.M))


def main():
    graphs = pathlib.Path(sys.argv[1])
    count, is_complete = 0, True
    for catalog in sorted(ROOT.glob("Sources/*/*.docc")):
        library = catalog.stem
        symbols = public_symbols(graphs / f"{library}.symbols.json")
        count += len(symbols)
        listed = topics(catalog / f"{library}.md")
        for name in sorted(symbols - listed):
            print(f"{library}: {name} is in no topic of {library}.docc")
        for name in sorted(listed - symbols):
            print(f"{library}: there is no public {name}, which is in a topic of {library}.docc")
        is_complete &= symbols == listed
    print(f"{count} public symbols, {'all' if is_complete else 'not all'} of them in a topic")
    sys.exit(0 if is_complete and count > 0 else 1)


main()
