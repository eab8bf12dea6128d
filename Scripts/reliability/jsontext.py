"""A strict JSON reader (RFC 8259) that keeps positions, the text of numbers and duplicate members.

It shares no code with the program under test, and is slow and simple on purpose.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Literal

MAXIMUM_DEPTH = 512
# Two calls per level of nesting, and some for the callers.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * MAXIMUM_DEPTH))
WHITE_SPACE = " \t\n\r"

Kind = Literal["object", "array", "string", "number", "true", "false", "null"]
Reason = Literal["syntax", "depth", "encoding", "end"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATES = re.compile("[\ud800-\udfff]")


class JSONError(Exception):
    """The error for a text that is not JSON."""

    def __init__(self, reason: Reason, position: int) -> None:
        super().__init__(f"{reason} at {position}")
        self.reason: Reason = reason
        self.position = position


@dataclass
class Member:
    """A member of an object."""

    name_start: int
    raw_name: str
    #: The name with its escapes decoded; `None` if it contains a lone surrogate.
    name: str | None
    value: Node


@dataclass
class Node:
    """A value and its range, as indices of characters in the text."""

    kind: Kind
    start: int
    end: int
    #: The text of a string, `None` if it contains a lone surrogate; the token of a number.
    text: str | None = None
    members: list[Member] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)


def decode_string(raw: str) -> str | None:
    """Returns the text of a valid string token; `None` if it contains a lone surrogate."""
    parts: list[str] = []
    index = 0
    while index < len(raw):
        if raw[index] != "\\":
            parts.append(raw[index])
            index += 1
        elif raw[index + 1] == "u":
            parts.append(chr(int(raw[index + 2 : index + 6], 16)))
            index += 6
        else:
            parts.append(_ESCAPES[raw[index + 1]])
            index += 2
    text = "".join(parts)
    # A pair of surrogates is one character.
    text = re.sub(
        "[\ud800-\udbff][\udc00-\udfff]",
        lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"),
        text,
    )
    return None if _SURROGATES.search(text) else text


class Scanner:
    """Scans values in `text[:end]`.

    Bytes that cannot be decoded are in the text as the surrogates of `surrogateescape`.
    """

    def __init__(self, text: str, end: int | None = None) -> None:
        self.text = text
        self.end = len(text) if end is None else end

    def at(self, position: int) -> str:
        """Returns the character at a position; empty at the end."""
        return self.text[position] if position < self.end else ""

    def skip_white_space(self, position: int) -> int:
        while position < self.end and self.text[position] in WHITE_SPACE:
            position += 1
        return position

    def unexpected(self, position: int) -> JSONError:
        """Returns the error for a character that is not allowed at a position."""
        if position >= self.end:
            return JSONError("end", self.end)
        if "\udc80" <= self.text[position] <= "\udcff":
            return JSONError("encoding", position)
        return JSONError("syntax", position)

    def value(self, position: int, depth: int = 0) -> Node:
        """Returns the value at a position, which is nested in `depth` others."""
        character = self.at(position)
        if character == "{":
            return self._object(position, depth)
        if character == "[":
            return self._array(position, depth)
        if character == '"':
            end = self.string_end(position)
            return Node("string", position, end, decode_string(self.text[position + 1 : end - 1]))
        if character and character in "-0123456789":
            return self._number(position)
        literals: tuple[tuple[str, Kind], ...] = (
            ("true", "true"), ("false", "false"), ("null", "null"),
        )
        for word, kind in literals:
            if self.text.startswith(word, position, self.end):
                return Node(kind, position, position + len(word))
            if character == word[0]:
                # The error is at the beginning of the word, unless the text ends within it.
                cut = word.startswith(self.text[position : self.end])
                raise self.unexpected(self.end if cut else position)
        raise self.unexpected(position)

    def _number(self, position: int) -> Node:
        match = _NUMBER.match(self.text, position, self.end)
        if match is None:
            raise self.unexpected(position + 1)
        end = match.end()
        # A decimal point or an exponent without digits.
        has_exponent = "e" in match[0].lower()
        if self.at(end) == "." and "." not in match[0] and not has_exponent:
            raise self.unexpected(end + 1)
        if self.at(end) in ("e", "E") and not has_exponent:
            raise self.unexpected(end + 2 if self.at(end + 1) in ("+", "-") else end + 1)
        return Node("number", position, end, match[0])

    def string_end(self, position: int) -> int:
        """Returns the position after the string at a position."""
        index = position + 1
        while True:
            character = self.at(index)
            if character == "":
                raise JSONError("end", self.end)
            if character == '"':
                return index + 1
            if "\udc80" <= character <= "\udcff":
                raise JSONError("end", self.end) if self._is_cut(index) else (
                    JSONError("encoding", index))
            if character < " ":
                raise JSONError("syntax", index)
            if character != "\\":
                index += 1
                continue
            follower = self.at(index + 1)
            if follower == "":
                raise JSONError("end", self.end)
            if follower == "u":
                for offset in range(2, 6):
                    digit = self.at(index + offset)
                    if digit == "":
                        raise JSONError("end", self.end)
                    if digit not in "0123456789abcdefABCDEF":
                        raise JSONError("syntax", index)
                index += 6
            elif follower in _ESCAPES:
                index += 2
            else:
                raise JSONError("syntax", index)

    def _is_cut(self, index: int) -> bool:
        """Returns whether the bytes that cannot be decoded begin a character that the end truncates."""
        if self.end - index > 3:
            return False
        rest = self.text[index : self.end].encode("utf-8", "surrogateescape")
        first = rest[0]
        size = 2 if 0xC2 <= first <= 0xDF else 3 if first & 0xF0 == 0xE0 else (
            4 if 0xF0 <= first <= 0xF4 else 0)
        return len(rest) < size and all(byte & 0xC0 == 0x80 for byte in rest[1:])

    def name(self, position: int) -> tuple[str, int]:
        """Returns the raw name of the member at a position, and the position after its colon."""
        if self.at(position) != '"':
            raise self.unexpected(position)
        end = self.string_end(position)
        raw = self.text[position + 1 : end - 1]
        end = self.skip_white_space(end)
        if self.at(end) != ":":
            raise self.unexpected(end)
        return raw, end + 1

    def _object(self, start: int, depth: int) -> Node:
        if depth >= MAXIMUM_DEPTH:
            raise JSONError("depth", start)
        node = Node("object", start, start)
        position = self.skip_white_space(start + 1)
        if self.at(position) == "}":
            node.end = position + 1
            return node
        while True:
            raw, after = self.name(position)
            value = self.value(self.skip_white_space(after), depth + 1)
            node.members.append(Member(position, raw, decode_string(raw), value))
            position = self.skip_white_space(value.end)
            if self.at(position) == "}":
                node.end = position + 1
                return node
            if self.at(position) != ",":
                raise self.unexpected(position)
            position = self.skip_white_space(position + 1)

    def _array(self, start: int, depth: int) -> Node:
        if depth >= MAXIMUM_DEPTH:
            raise JSONError("depth", start)
        node = Node("array", start, start)
        position = self.skip_white_space(start + 1)
        if self.at(position) == "]":
            node.end = position + 1
            return node
        while True:
            value = self.value(position, depth + 1)
            node.items.append(value)
            position = self.skip_white_space(value.end)
            if self.at(position) == "]":
                node.end = position + 1
                return node
            if self.at(position) != ",":
                raise self.unexpected(position)
            position = self.skip_white_space(position + 1)

    def outline_end(self, position: int, depth: int = 0) -> int | None:
        """Returns the position after a value, found by brackets and quotes only; `None` if the text
        ends before.

        With a depth, the value is the rest of a text within that many brackets.
        """
        in_string = False
        while position < self.end:
            character = self.text[position]
            position += 1
            if in_string:
                if character == "\\":
                    position += 1
                    continue
                in_string = character != '"'
            elif character == '"':
                in_string = True
            elif character in "{[":
                depth += 1
            elif character in "}]":
                depth -= 1
            elif character == "," and depth == 0:
                return position - 1
            else:
                continue
            if depth == 0 and not in_string:
                return position
            if depth < 0:
                return position - 1
        return None


def compact(text: str) -> str:
    """Returns a valid JSON text without the white space between its tokens."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+', lambda part: part[1] or "", text)


def number_value(token: str) -> tuple[int, str, int]:
    """Returns a number as its sign, its digits without zeros at both ends, and an exponent of ten."""
    match = re.fullmatch(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", token)
    assert match is not None
    digits = match[2] + (match[3] or "")
    exponent = int(match[4] or "0") - len(match[3] or "")
    stripped = digits.rstrip("0")
    exponent += len(digits) - len(stripped)
    stripped = stripped.lstrip("0")
    if not stripped:
        return (1, "", 0)
    return (-1 if match[1] else 1, stripped, exponent)


class _NotText(Exception):
    pass


def _normal(node: Node) -> object:
    if node.kind == "object":
        members: list[tuple[bytes, object]] = []
        for member in node.members:
            if member.name is None:
                raise _NotText
            members.append((member.name.encode(), _normal(member.value)))
        # Sorting is stable, so members with equal names keep their order.
        return ("object", sorted(members, key=lambda member: member[0]))
    if node.kind == "array":
        return ("array", [_normal(item) for item in node.items])
    if node.kind == "number":
        assert node.text is not None
        return ("number", number_value(node.text))
    if node.kind == "string":
        if node.text is None:
            raise _NotText
        return ("string", node.text)
    return node.kind


def same_data(left: str, right: str) -> bool:
    """Returns whether two JSON texts have the same data."""
    if left == right:
        return True
    try:
        return _normal(Scanner(left).value(0)) == _normal(Scanner(right).value(0))
    except _NotText:
        return False
