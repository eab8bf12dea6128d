#!/usr/bin/env python3
"""Type-checks the Swift code in documents and documentation comments.

usage: Scripts/check_snippets.py MODULES
  MODULES  the directory of the built modules, such as .build/debug/Modules

Code with imports must compile as a program. Other code may use the values of PARAMETERS and LOCALS,
which stand for those that the text mentions, and the types that its document declares. Fragments of a
manifest and quotations from files are skipped.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FEATURES = ["ExistentialAny", "MemberImportVisibility", "InternalImportsByDefault"]

PREAMBLE = """\
import RMOSAnalytics
import RMOSAudit
import RMOSDashboard
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTesting
import Testing

struct Log { func append(_ line: String) {} }
struct Meter { func update(bytes: Int, of total: Int?) {} }
func post(_ body: String) {}
func show(_ values: some Sequence) {}
"""
PARAMETERS = """\
  store: SQLiteStore, summary: MigrationSummary, report: AuditReport, pattern: Pattern,
  issue: RMOSModels.Issue, record: Record, pieces: [[UInt8]], meter: Meter,
  log: Log
"""
LOCALS = "  var options = Migration.Options()\n"


def snippets(path):
    """Yields the code blocks of a file, each with the line where it starts."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        fence, margin = re.compile(r"^```swift\n(.*?)^```$", re.M | re.S), r""
    else:
        fence, margin = re.compile(r"^ *///[ ]```(?:swift)?\n(.*?)^ */// ```$", re.M | re.S), r"^ */// ?"
    for match in fence.finditer(text):
        if re.match(r"(\n *(///.*|@.*))*\n *package ", text[match.end():]):
            continue  # The example of a symbol that is not public.
        if re.search(r"^<!-- from: \S+ -->\n$", text[:match.start()].rpartition("\n\n")[2], re.M):
            continue  # Scripts/check_excerpts.py checks quotations.
        lines = [re.sub(margin, "", line) for line in match[1].splitlines()]
        yield text.count("\n", 0, match.start()) + 2, "\n".join(lines) + "\n"


def only_declares(code):
    """Returns whether the code consists of declarations that can be members of a type."""
    return all(re.match(r"(@Test func|struct)\b|[ }]|$", line) for line in code.splitlines())


def compiles(modules, name, source):
    """Returns whether the compiler accepts a file; prints its messages if not."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, name)
        path.write_text(source, encoding="utf-8")
        features = [word for feature in FEATURES for word in ("-enable-upcoming-feature", feature)]
        result = subprocess.run(
            ["swiftc", "-typecheck", "-suppress-warnings", "-swift-version", "6", *features,
             "-I", str(modules), "-I", str(ROOT / "Sources/CSQLite"),
             "-I", str(ROOT / "Sources/CSHA256/include"),
             "-I", str(ROOT / "Sources/COpenAPI/include"), str(path)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode != 0:
        print(result.stdout)
    return result.returncode == 0


def main():
    modules = pathlib.Path(sys.argv[1]).resolve()
    paths = [ROOT / "README.md", *sorted(ROOT.glob("Documentation/*.md")),
             *sorted(ROOT.glob("Sources/*/*.docc/*.md")), *sorted(ROOT.glob("Sources/**/*.swift"))]
    count, is_sound, together = 0, True, PREAMBLE
    for number, path in enumerate(paths):
        members = ""
        for line, code in snippets(path):
            if code.startswith("dependencies:"):
                continue
            count += 1
            place = f'#sourceLocation(file: "{path.relative_to(ROOT)}", line: {line})\n'
            placed = f"{place}{code}#sourceLocation()\n"
            if re.search(r"^import ", code, re.M):
                is_sound &= compiles(modules, "main.swift", placed)
            elif only_declares(code):
                members += placed
            else:
                members += f"func code{line}(\n{PARAMETERS}) async throws {{\n{LOCALS}do {{\n{placed}}}\n}}\n"
        if members:
            together += f"struct Document{number} {{\n{members}}}\n"
    is_sound &= compiles(modules, "Snippets.swift", together)
    print(f"{count} snippets, {'all' if is_sound else 'not all'} of them valid")
    sys.exit(0 if is_sound and count > 0 else 1)


main()
