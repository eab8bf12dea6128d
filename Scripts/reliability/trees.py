"""Random trees of files to migrate, valid, unusual and invalid; the same seed gives the same tree."""

from __future__ import annotations

import json
import os
import random
import string
from pathlib import Path

from reading import KINDS
from rules import FIELDS, JOB_TYPES, OTHER_NAMES, STATUSES, Field

#: Texts that programs often handle wrongly.
ODD_TEXTS = (
    "", " ", "\t\u00a0", "\u2003", "Ebony", "Pérola", "Pe\u0301rola", "黒檀 🎸", "a\0b",
    "\u202eabc",
    "<b>&amp;</b>", "x'; DROP TABLE patterns;--", "\x7f\x80", "\ufeff", "\ufffd", "\U0010ffff",
    "../../etc/passwd", "C:\\x", "con", "a" * 300, "%41", "`$(id)`", "NULL", "null", "0", "1e3",
    "\u2028", "~", "a/b~c", "\x1c", "ǅ", "ß", "SS",
)
#: JSON values that must be kept exactly as written.
ODD_JSON = (
    "1.0", "1E+2", "-0.0", "-0", "123456789012345678901234567890", "1e-400", "1e400", "0.1e1",
    '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83c\\udfb8"', '"\\u0000"', '"\\/"', "[]", "{}",
    '{"a":1,"a":2}', '[ 1 , [ 2 , { "b" : null } ] ]', "true", "false", "null", '"text"', "7",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "0", "-1", "3.5", "3.0",
    "100e-2", "1e18", "1e19", "1e999999999", "0e5", "1.7976931348623157e308", "1.8e308", "5e-324",
)
TIMESTAMPS = (
    "2025-01-15", "2025-01-15T10:30", "2025-01-15 10:30:00", "2025-01-15T10:30:00.123456789012Z",
    "2025-01-15T10:30:00+01:00", "2025-01-15T23:59:59-23:59", "2024-02-29", "0001-01-01",
    "9999-12-31T23:59:59Z", "2025-02-29", "2025-01-15T24:00", "2025-01-15T10:30:60", "0000-01-01",
    "2025-01-15T10:30:00+24:00", "2025-1-5", "2025-01-15t10:30", "2025-01-15T10:30:00.Z",
    "2025-01-15T10", "20250115", "2025-01-15T10:30:00z", "２０２５-01-15", "2025-01-15 ", "",
    "1900-02-29", "2000-02-29", "2025-01-15T10:30:00.5", "2025-01-15T09:30Z",
)
WRONG_BYTES = (
    b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe9", b"\xf4\x90\x80\x80", b",", b"}", b"]",
    b"'", b"//", b"NaN", b"\x0b", b"\xc2\xa0", b"\\", b'"', b"{", b"[", b":", b"tru", b"01", b"+1",
    b".5", b"1.", b"1e", b"-", b"\xe2\x82", b"\xf0\x9f\x8e",
)
BOM = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
#: Names of files that every version reads.
FILE_NAMES = ("a", "B", "b", "é", "e\u0301", "a b", "z.json", "0", "-x", "a#b", "~x", "日本")


class Tree:
    """Writes a tree.

    With a salt, it has the same files with the same ids, but most entities have other names.
    """

    def __init__(self, seed: int, salt: str = "") -> None:
        self.random = random.Random(seed)
        self.salt = salt
        self.ids: dict[str, list[str]] = {kind: [] for kind in KINDS}
        #: The probability of something unusual in this tree; some trees are completely valid.
        self.oddness = self.random.choice((0.0, 0.02, 0.1, 0.35))

    def odd(self, factor: float = 1) -> bool:
        return self.random.random() < self.oddness * factor

    def write(self, root: Path) -> None:
        """Writes the tree into an existing directory."""
        choose = self.random
        for kind in KINDS:
            if choose.random() < 0.06:
                continue
            directory = root / kind
            directory.mkdir()
            places = [directory]
            for _ in range(choose.randrange(3)):
                place = choose.choice(places) / self._directory_name()
                place.mkdir(exist_ok=True)
                places.append(place)
            for _ in range(choose.choice((1, 3, 6, 10))):
                self._file(kind, choose.choice(places))
            if self.odd(2):
                self._links(root, choose.choice(places))
            if self.odd():
                self._no_input(choose.choice(places))
            if choose.random() < 0.1:
                self._file(kind, root, kind)
        if self.odd():
            other = root / choose.choice(("Patterns", "other"))
            other.mkdir(exist_ok=True)
            (other / choose.choice(("a.json", "b.json.gz", "c.txt"))).write_text("{}")
        # At least one file is read in every tree.
        directory = root / "strip_families"
        directory.mkdir(exist_ok=True)
        (directory / "zz-last.json").write_bytes(b"[]")

    def _directory_name(self) -> str:
        return self.random.choice(("a", "a.d", "b", "é", "x y", "A", "a-b", "deep"))

    def _file(self, kind: str, place: Path, flat: str = "") -> None:
        choose = self.random
        shape = choose.choice(("entity", "entity", "entity", "list", "dictionary", "lines",
                               "wrapper"))
        if self.odd():
            shape = "stranger"
        name = flat or choose.choice(FILE_NAMES) + str(choose.randrange(30))
        if not flat and choose.random() < 0.08:
            name += choose.choice((" (1)", " - Copy", " copy 2", "~", ".sync-conflict-1",
                                   " (conflicted copy 2024)", "_conf(1)", " (copy)",
                                   " - Kopie", " kopie 3", " (another copy)"))
        count = 1 if shape == "entity" else choose.choice((0, 1, 2, 5, 12))
        entities = [self.entity(kind) for _ in range(count)]
        lines = choose.choice(("\n", "\n", "\r\n"))
        if shape == "entity":
            text = entities[0]
        elif shape == "list":
            text = "[" + ("," + choose.choice(("", lines, "\t "))).join(entities) + "]"
        elif shape == "dictionary":
            keys = [self._text() if self.odd() else choose.choice(("pattern", "row", "fields"))
                    if self.odd() else self._id(kind) for _ in entities]
            text = "{" + ",".join(
                f"{self._string(key)}:{entity}" for key, entity in zip(keys, entities)) + "}"
        elif shape == "wrapper":
            text = self._wrapper(kind, entities)
        elif shape == "stranger":
            text = self._stranger(2)
        else:
            flat_lines = [entity.replace("\r", " ").replace("\n", " ") for entity in entities]
            if self.odd(2):
                flat_lines.insert(choose.randrange(len(flat_lines) + 1),
                                  choose.choice(("", " \t", "[]", "7")))
            if choose.random() < 0.1:
                flat_lines = [choose.choice(("", "\ufeff")) + line for line in flat_lines]
            text = lines.join(flat_lines) + choose.choice(("", lines, lines * 2))
        if choose.random() < 0.15:
            text = choose.choice((" ", "\n", "\r\n\t")) + text + choose.choice((" ", "\n\n"))
        ending = ".jsonl" if shape == "lines" else ".json"
        if shape == "lines" and choose.random() < 0.3:
            ending = ".ndjson"
        if choose.random() < 0.1:
            ending = ending.upper()
        path = place / (name + ending)
        if self.odd(0.3) and not flat:
            path = Path(os.fsdecode(os.fsencode(place) + b"/\xe9\xff" + os.fsencode(name + ending)))
        path.write_bytes(self._encode(text, shape))

    def _wrapper(self, kind: str, entities: list[str]) -> str:
        """Returns a document that wraps entities."""
        choose = self.random

        def collection(items: list[str]) -> str:
            if choose.random() < 0.6:
                return "[" + ", ".join(items) + "]"
            if choose.random() < 0.2:
                # As XML becomes, in which an element occurs once.
                name_of_one = choose.choice(("item", "pattern", "row"))
                return f'{{"{name_of_one}": {"".join(items[:1]) or 1}}}'
            return "{" + ",".join(
                f"{self._string(self._id(kind))}: {item}" for item in items) + "}"

        half = len(entities) // 2
        name = choose.choice((kind, "items", "runs", "x/~y", "é", "old"))
        form = choose.randrange(7)

        def named() -> str:
            return choose.choice(("", "", '"id": "i", ', '"name": "n", ', '"status": "failed", '))

        members = []
        if form == 0:
            members = [f"{self._string(self._id(kind))}:{entity}" for entity in entities]
        elif form == 1:
            members = [f'{self._string(name)}:{{"a": {collection(entities[:half])}, '
                       f'"b":{collection(entities[half:])}}}']
        elif form == 2 and self.odd(3):
            members = [f'"{which}": {collection(part)}' for which, part in
                       (("new", entities[:half]),
                        (choose.choice(("old", "old", "new")), entities[half:]))]
        elif form == 5:
            # Groups, some with a member of the kind.
            members = [f'"{which}": {{{named()}"list": {collection(part)}}}' for which, part in
                       (("new", entities[:half]), ("old", entities[half:]))]
        elif form == 6:
            members = [f'{self._string(name)}: {{' + ",".join(
                f'"{number}": {{{named()}"{choose.choice(("doc", "doc", "x"))}": {entity}}}'
                for number, entity in enumerate(entities)) + "}"]
        elif form == 4 and entities:
            envelope = choose.choice(
                ("data", "Result", "pattern", "job", kind, "rope", "fields", "_source", "doc"))
            members = [f"{self._string(envelope)}:{entities[0]}"]
        else:
            members = [f"{self._string(name)}:{collection(entities)}"]
        if self.odd():
            # Entities at a place where they are not read.
            start, end = choose.choice((("[[", "]]"), ('{"n": 1, "one": ', "}"),
                                        ('{"x": {"n": [1, 2], "y": [', "]}}")))
            members.append(f'"{choose.choice(("pages", "more"))}": '
                           f"{start}{self.entity(kind)}{end}")
        if self.odd():
            # Entities of any kind besides.
            other = [self.entity(choose.choice(KINDS)) for _ in range(choose.randrange(1, 3))]
            members.append(f'"{choose.choice(("job", "others", "a"))}": ' + choose.choice(
                (other[0], "[" + ",".join(other) + "]", f'{{"k": {other[0]}}}',
                 f'{{"{name}": {collection(entities)}, "x": {collection(other)}}}')))
        for _ in range(choose.randrange(3)):
            around = choose.choice(('"success": true', '"total": 3', '"_meta": {"by": "me"}',
                                    '"tags": ["a", 1]', '"info":{"name":"x"}', '"note": "}"',
                                    '"errors": [{"a": 1}]', '"schema": {"b": [{"c": 1}]}'))
            members.insert(choose.randrange(len(members) + 1), around)
        return "{" + ", ".join(members) + "}"

    def _stranger(self, depth: int) -> str:
        """Returns an object without the name of any field."""
        choose = self.random
        members = []
        for _ in range(choose.randrange(5)):
            name = choose.choice(("a", "b", "c", "count", "version", "__metadata", "items",
                                  "parts"))
            inner = ["1"]
            if depth:
                inner = [self._stranger(depth - 1) for _ in range(choose.randrange(3))]
            value = choose.choice((
                "1", '"x"', "null", "[1]", inner[0] if inner else "{}", f"[{','.join(inner)}]",
                "{" + ",".join(f'"k{index}": {item}' for index, item in enumerate(inner)) + "}"))
            members.append(f'"{name}{choose.choice(("", "1", "2"))}": {value}')
        return "{" + ", ".join(members) + "}"

    def _encode(self, text: str, shape: str) -> bytes:
        choose = self.random
        encoding = "utf-8"
        if choose.random() < 0.15:
            encoding = choose.choice(("utf-16-le", "utf-16-be"))
        data = text.encode(encoding)
        if self.odd():
            data = self._broken(data)
        if encoding != "utf-8" or choose.random() < 0.1:
            data = BOM[encoding] + data
        if self.odd(0.2):
            data = choose.choice((
                b"", b" \n", BOM["utf-8"], BOM["utf-16-le"], b"\xff\xfe\0\0x\0\0\0", b"{", b"[",
                b"[,",
                b"null", b"1", b'"x"', b"{}", b"[[]]", b"[{}]", b"{}{}", b"[]]", b"\0" * 64,
                b'{"a":{},"b":', b'{"a":{"id":"x"},"b":{}} x', text.encode("utf-16-le"),
                text.encode("utf-32"), b'{"\\ud800":{}}', b'{"":{}}', b'{"k":{"id":"k"},"k":{}}',
                b"[" * 600, b'{"a":' * 600, b"[" + b"[" * 600 + b"]" * 600 + b",{}]",
                b'{"k":' + b'{"x":' * 600 + b"1" + b"}" * 601, b"<html></html>", b"{'id': 1}",
            ))
        del shape
        return data

    def _broken(self, data: bytes) -> bytes:
        choose = self.random
        at = choose.randrange(len(data) + 1)
        kind = choose.randrange(5)
        if kind == 0:
            return data[:at]
        if kind == 1:
            return data[:at] + choose.choice(WRONG_BYTES) + data[at:]
        if kind == 2:
            return data[:at] + choose.choice(WRONG_BYTES) + data[at + 1:]
        if kind == 3:
            return data[:at] + data[at + choose.randrange(1, 4):]
        return data + choose.choice(WRONG_BYTES)

    def _links(self, root: Path, place: Path) -> None:
        """Creates a link to a file or directory, a loop, a dangling link, or a pipe."""
        choose = self.random
        files = sorted(path for path in root.rglob("*") if path.is_file())
        directories = sorted(path for path in root.rglob("*") if path.is_dir())
        name = place / f"link{choose.randrange(100)}"
        kind = choose.randrange(6)
        if kind == 0 and files:
            target: str | Path = choose.choice(files)
            name = name.with_suffix(".json")
        elif kind <= 2 and directories:
            target = choose.choice(directories)
        elif kind == 3:
            target = choose.choice((root, root.parent, "/", "."))
        elif kind == 4:
            target = choose.choice(("nowhere", str(name)))
            name = name.with_suffix(choose.choice(("", ".json", ".txt")))
        else:
            if not name.with_suffix(".json").exists():
                os.mkfifo(name.with_suffix(".json"))
            return
        if not name.is_symlink():
            name.symlink_to(target)

    def _no_input(self, place: Path) -> None:
        """Creates a file or directory that is not read."""
        name = self.random.choice((".hidden.json", "notes.txt", "f.json.bak", "README", ".d",
                                   "saw.jsonl.1", "saw.json-20251101", "a.geojson", "s.log.1"))
        if name == ".d":
            (place / name).mkdir(exist_ok=True)
            (place / name / "x.json").write_text("{")
        else:
            (place / name).write_text("{")

    def entity(self, kind: str) -> str:
        """Returns the text of an entity."""
        choose = self.random
        members: list[tuple[str, str]] = []
        for field in FIELDS[kind]:
            if field.member == "id":
                if choose.random() < 0.93:
                    name = "id"
                    if choose.random() < 0.06:
                        name = choose.choice([other for other, target in OTHER_NAMES[kind]
                                              if target == "id"] + ["_id", "ID"])
                    members.append((self._name(name), self._id_value(kind)))
            elif field.required or choose.random() < 0.5:
                if field.required and self.odd(0.5):
                    continue
                name, value = field.member, self._value(field)
                if field.is_json and choose.random() < 0.08:
                    name = field.column_name
                    if choose.random() < 0.5:
                        value = self._string(value)
                elif choose.random() < 0.02:
                    name = choose.choice((name.upper(), name.replace("_", ""), name.title()))
                members.append((self._name(name), value))
        while choose.random() < 0.3:
            name = choose.choice(("remark", "note 1", "x~/y", "ünï", "", "vendor", "schema"))
            members.append((self._name(name), self._json()))
        if self.odd(0.4) and members:
            members.append((choose.choice(members)[0], choose.choice(ODD_JSON)))
        if choose.random() < 0.2:
            choose.shuffle(members)
        if self.odd(0.15):
            return choose.choice(ODD_JSON)
        space = choose.choice(("", "", " ", "\n  ", "\r\n"))
        return "{" + ",".join(
            f"{space}{self._string(name)}{choose.choice(('', ' '))}:{space[:1]}{value}"
            for name, value in members) + space + "}"

    def _name(self, name: str) -> str:
        return name

    def _string(self, text: str) -> str:
        """Returns a text as a JSON string, escaped in one of several ways."""
        if self.random.random() < 0.1:
            units = text.encode("utf-16-be")
            return '"' + "".join(
                f"\\u{units[index] << 8 | units[index + 1]:04x}"
                for index in range(0, len(units), 2)) + '"'
        return json.dumps(text, ensure_ascii=self.random.random() < 0.3)

    def _text(self) -> str:
        if self.odd(3):
            return self.random.choice(ODD_TEXTS)
        letters = self.random.choices(string.ascii_letters + " ", k=6)
        return ("".join(letters).strip() or "name") + self.salt

    def _id(self, kind: str) -> str:
        choose = self.random
        if self.ids[kind] and choose.random() < 0.12:
            return choose.choice(self.ids[kind])
        identifier = (choose.choice(("", "Job ", "é", "e\u0301", "\u2003"))
                      + str(choose.randrange(10_000)) + choose.choice(("", "", "", " ")))
        self.ids[kind].append(identifier)
        return identifier

    def _id_value(self, kind: str) -> str:
        choose = self.random
        if self.odd():
            return choose.choice((*ODD_JSON, *map(self._string, ODD_TEXTS)))
        if choose.random() < 0.04:
            number = str(choose.choice((0, 7, -3, 42, 10**20)))
            self.ids[kind].append(number)
            return number
        return self._string(self._id(kind))

    def _json(self) -> str:
        choose = self.random
        if self.odd(3):
            return choose.choice(ODD_JSON)
        if self.odd(0.1):
            depth = choose.choice((500, 505, 509, 510, 511, 512, 513, 600))
            return "[" * depth + "]" * depth
        return choose.choice(('{"a": 1.50, "b" : [true, null]}', '{"k":"\\u00e9"}', '{ }', "[1]"))

    def _value(self, field: Field) -> str:
        choose = self.random
        if self.odd():
            return choose.choice((*ODD_JSON, self._string(self._text())))
        if field.type == "reference":
            ids = self.ids[field.target]
            if not ids or self.odd(2):
                return choose.choice(("null", '"nowhere"', '""'))
            return self._string(choose.choice(ids)) if choose.random() < 0.8 else "null"
        if field.type == "status":
            return self._string(choose.choice((*STATUSES, *(("Done",) if self.odd(3) else ()))))
        if field.type == "job_type":
            return self._string(choose.choice((*JOB_TYPES, "polish")))
        if field.type == "timestamp":
            count = len(TIMESTAMPS) if self.odd(3) else 9
            return self._string(choose.choice(TIMESTAMPS[:count]))
        if field.type == "integer":
            return choose.choice(("1", "3", "12", "3.0", "1e1"))
        if field.type in ("positive", "not negative"):
            return choose.choice(("0.8", "2", "1.50", "2e-1", "1800"))
        if field.type == "list":
            return choose.choice(('[{"color": "black", "count": 3}]', "[1]"))
        if field.type in ("object", "lenient object"):
            return self._json() if self.odd() else choose.choice(
                ('{"rows": 5, "exact": 1.0e2}', '{"r":[1,2]}', '{ "a" : { } }'))
        return self._string(self._text())
