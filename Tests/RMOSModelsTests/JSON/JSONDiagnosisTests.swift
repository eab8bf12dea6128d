import RMOSTestSupport
import Testing

@testable import RMOSModels

/// Tests of the messages about text that is not JSON.
@Suite struct JSONDiagnosisTests {
  private func scanError(of bytes: [UInt8]) -> JSONScanError? {
    let result: Result<Void, JSONScanError> = bytes.withUnsafeBytes { bytes in
      Result { () throws(JSONScanError) in try JSONScanner.validate(bytes) }
    }
    if case .failure(let error) = result { return error }
    return nil
  }

  private func diagnosis(
    _ text: String, _ unit: JSONDiagnosis.Excerpt.Unit = .file
  ) throws -> JSONDiagnosis {
    let bytes = Array(text.utf8)
    return JSONDiagnosis(
      try #require(scanError(of: bytes)),
      in: JSONDiagnosis.Excerpt(
        bytes: bytes, position: scanError(of: bytes)?.offset ?? 0,
        start: bytes.firstIndex { !JSONDiagnosis.isWhiteSpace($0) }, unit: unit))
  }

  @Test(arguments: [
    // Numbers.
    (#"{"a":NaN}"#, "NaN, which is not a number in JSON; write null, or \"NaN\""),
    (#"{"a":nan}"#, "nan, which is not a number in JSON"),
    (#"[-Infinity]"#, "-Infinity, which is not a number in JSON"),
    (#"[Infinity]"#, "Infinity, which is not a number"),
    (#"{"a":05}"#, "05, which begins with a zero; write 5"),
    (#"{"a":-007.5}"#, "write -7.5"),
    (#"{"a":+5}"#, "+5, which begins with a plus sign; write 5"),
    (#"{"a":.9}"#, ".9, which has no digit before the point; write 0.9"),
    (#"{"a":-.5}"#, "write -0.5"),
    (#"{"a":9.}"#, "9., which has no digit after the point; write 9"),
    (#"{"a":0x05}"#, "0x05, which is hexadecimal; write 5"),
    (#"{"a":1_000}"#, "write 1000"),
    (#"{"a":2,5}"#, "the decimal separator of JSON is the point"),
    (#"{"a":1.234,500}"#, "the decimal separator of JSON is the point"),
    (#"{"a":0,500}"#, "the decimal separator of JSON is the point"),
    (#"{"a":1,234.5}"#, "JSON does not separate thousands, so remove it"),
    (#"{"a":1,234,567}"#, "JSON does not separate thousands, so remove it"),
    (#"{"a":1,234,"b":2}"#, "nothing if it separates thousands"),
    (#"{"a":1 000}"#, "a space within a number"), (#"{"a":-1.#IND}"#, #"or "-1.#IND" as a string"#),
    (#"{"a":1.#QNAN}"#, "found 1.#QNAN, which is not a number"),
    (#"{"a":2.5mm}"#, "2.5mm, which is not a number"),
    (#"{"a":2024-01-15}"#, "2024-01-15, which is not a number; put it in double quotes"),
    (#"{"a":2.5 mm}"#, "mm after a number"),
    // Literals of other languages.
    (#"{"a":None}"#, "None, as Python writes it; write null"),
    (#"{"a":True}"#, "True, as Python writes it; write true"),
    (#"[False]"#, "write false"),
    (#"{"a":undefined}"#, "undefined, as JavaScript writes it; write null"),
    (#"{"a":NULL}"#, "NULL; write null"),
    (#"{"a":Decimal('2.5')}"#, "program code"),
    (#"{"a":rope}"#, "rope without quotes"),
    (#"{u'a': u'b'}"#, "u before a string, as Python 2 writes it"),
    ("{\"a\":1}\n{\"a\":2}", "on a line of its own; let the file's name"),
    ("{\"a\":1} {\"a\":2}", "put several entities in an array"),
    // Names, quotes.
    (#"{a:1}"#, "the member name a without quotes"),
    (#"{'a':1}"#, "a single quote"),
    (#"{"a":'b'}"#, "a single quote"),
    ("{\u{201C}a\u{201D}:1}", "typographic quote \u{201C} (U+201C)"),
    ("{\"a\":\u{AB}b\u{BB}}", "(U+00AB)"),
    ("{\"a\":\u{A0}1}", "(U+00A0)"),
    ("{\"a\":\u{200B}1}", "invisible character (U+200B)"),
    ("{\"a\":\u{2212}1}", "minus sign"),
    ("{\"a\":1\u{FF0C}\"b\":2}", "for a comma"),
    (#"{"a":"3/8" wide"}"#, "wide after a closing double quote"),
    // Comments.
    ("// of 2019\n{}", "a comment (//)"), ("/* of 2019 */ {}", "a comment (/*)"),
    ("{/* x */\"a\":1}", "a comment (/*)"),
    ("{\"a\":1} # end", "a comment (#)"),
    ("{\"a\":1, -- end\n\"b\":2}", "a comment (--)"),
    // Commas, colons, brackets.
    ("[1,]", "a trailing comma"),
    ("{\"a\":1,}", "a trailing comma"),
    ("[1,,2]", "nothing before it"),
    ("[,1]", "nothing before it"),
    ("{\"a\":}", "no value after the colon; write null"),
    ("{\"a\":,\"b\":1}", "no value after the colon; write null"),
    ("{\"a\"=1}", "write a colon"),
    ("{\"a\":1;\"b\":2}", "JSON separates values with commas"),
    ("{\"a\":1 \"b\":2}", "a comma is missing"),
    ("[{} {}]", "a comma is missing"),
    ("{\"a\":[1}", "a \"]\" is missing"),
    ("[{\"a\":1]", "a \"}\" is missing"),
    ("{}}", "one closing bracket is too many"),
    // Strings.
    ("{\"a\":\"x\ny\"}", "a line break in a string; write \\n"),
    ("{\"a\":\"x\ty\"}", "a tab in a string; write \\t"),
    ("{\"a\":\"x\u{1}y\"}", "write \\u0001"),
    (#"{"a":"C:\shop"}"#, #"found \s, which is not a JSON escape; write \\ for each backslash"#),
    (#"{"a":"C:\users"}"#, #"\u without four hexadecimal digits"#),
    (#"{"a":"\x41"}"#, #"write \u0041"#),
    (#"{"a":"it\'s"}"#, "write ' alone"),
    ("{\"a\":\"x\\\ny\"}", "a backslash at the end of a line"),
    // The end.
    ("{\"a\":", "the file ends within a value"),
    ("{\"a\":1}\n{\"a\":2}", "let the file's name end in .jsonl"),
    ("{\"a\":1}[2]", "put several entities in an array"),
    ("{\"a\":\"x\"}\u{FEFF}{}", "byte-order mark within the file"),
    ("[\n{},\n<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> shop\n]", "merge conflict"),
    ("{\"a\":1\n=======\n}", "merge conflict"),
    ("{\"a\":1}\0\0\0\0\0\0\0\0", "zero bytes from here on"),
    ("\0\0\0\0\0\0{\"a\":1}", "found 6 zero bytes"), ("{\"a\":1}\u{C}\n", "character 0x0C between"),
    ("\u{1B}[1;39m{}", "the colors of a terminal"), ("\u{1A}", "the end of a file in DOS"),
    ("{\"a\":1}\0\n", "a zero byte after the end"), ("[]\r\n\u{1A}", "the end of a file in DOS"),
    // Text before an object.
    ("2023-11-14 10:00:00,123 INFO {\"a\":1}", "text before an object, as in a log"),
    ("[10:00:00] {\"a\":1}", "text before an object, as in a log"),
    ("shop/saw/1 {\"a\":1}", "text before an object, as in a log"),
  ])
  func slipsAreNamed(_ text: String, _ words: String) throws {
    let diagnosis = try diagnosis(text)
    #expect(diagnosis.message.contains(words), "\(diagnosis.message)")
    #expect(!diagnosis.isAboutWholeText)
  }

  @Test(arguments: [
    ("\"id\",\"name\"\n\"f1\",\"Ebony\"\n", "a table (CSV)"),
    ("\"id\";\"name\"\n\"f1\";\"E\"\n", "a table (CSV)"),
    ("import os, sys\nprint(1)\n", "a script"), ("#!/bin/sh\n", "a script"),
    ("from os import path, sep\n", "a script"), ("from,to\n1,2\n", "a table (CSV)"),
    ("<!DOCTYPE html><html></html>", "an HTML page"),
    ("  \n<html>", "an HTML page"),
    ("<?xml version=\"1.0\"?>", "XML"),
    ("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
    ("/annex/objects/SHA256E-s1--ab", "a git-annex pointer"),
    ("bplist00\u{1}", "iCloud"),
    ("\0\0\0\0\0\0", "zero bytes only"),
    ("SQLite format 3\0", "a SQLite database"),
    ("PK\u{3}\u{4}", "a ZIP archive"),
    ("%PDF-1.7", "a PDF document"),
    ("{\\rtf1", "RTF"),
    (")]}',\n{}", "some servers put before JSON"),
    ("while(1);[]", "some servers put before JSON"),
    ("callback({\"a\":1});", "JSONP"),
    ("var data = [];", "JavaScript"), ("OrderedDict([('a', 1)])", "a Python value"),
    ("[object Object]", "was lost"), ("@{a=1}", "was lost"), ("System.Object[]\n", "was lost"),
    ("---\nid: x\n", "YAML"), ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{}\n+{}\n", "a patch"),
    ("diff --git a/x b/x\nindex 1..2\n", "a patch"), ("*** x\n--- y\n***************\n", "a patch"),
    ("id: x\nname: y\n", "YAML"),
    ("id,name,ring_count\np1,Rope,3\n", "CSV"),
    ("id;name;ring_count\np1;Rope;3\n", "CSV"),
    ("\u{1E}{\"a\":1}\n", "RFC 7464"),
    ("<br />\n<b>Warning</b>: x\n[]", "an HTML page"),
    ("Warning: Undefined variable $x\n[]", "begins with a message of a program"),
    ("From: a@b\nSubject: p\n\n[]", "is a mail"), ("```json\n[]\n```\n", "Markdown"),
    ("return { id = \"rope\" }", "is a program, not JSON"), ("HTTP/1.1 200 OK\r\n", "of a server"),
    ("INSERT INTO patterns VALUES (1);\n", "is SQL"),
    ("JSON_F52E2B61-18A1-11d1-B105-00805F49916B\r\n---\r\n[]", "SQL Server"),
  ])
  func otherFormatsAreNamed(_ text: String, _ words: String) throws {
    let diagnosis = try diagnosis(text)
    #expect(diagnosis.message.contains(words), "\(diagnosis.message)")
    #expect(diagnosis.isAboutWholeText)
  }

  @Test(arguments: [
    ("{\"a\"\u{FF1A}1}", "for a colon"), ("[1, \u{2026}]", "in place of omitted content"),
  ])
  func charactersThatStandForOthersAreNamed(_ text: String, _ words: String) throws {
    #expect(try diagnosis(text).message.contains(words))
  }

  @Test(arguments: [
    ("{\"a\":1},", "a comma at the end of the line"),
    ("{\"a\":1}{\"a\":2}", "a second value on the line"),
    ("{\"a\":1}\r{\"a\":2}\r", "carriage returns"),
    ("{\"a\":", "the line ends within a value"),
  ])
  func linesAreTalkedAboutAsLines(_ text: String, _ words: String) throws {
    #expect(try diagnosis(text, .line).message.contains(words))
  }

  /// Lines into which a program cut one long line.
  @Test(arguments: [(2033, 2), (2033, 3), (1500, 3), (1500, 2), (999, 4)])
  func lineEndsThatCutALineAreNotOfTheText(_ length: Int, _ count: Int) throws {
    let line = "{\"name\": \"" + String(repeating: "é", count: length * count - 20) + "\"}"
    let characters = Array(line)
    let pieces = stride(from: 0, to: characters.count, by: length).map {
      String(characters[$0..<min($0 + length, characters.count)])
    }
    let isCut = length == 2033 || length > 1000 && count > 2
    for end in ["\n", "\r\n"] {
      let bytes = Array((pieces.joined(separator: end) + end).utf8)
      let found = JSONDiagnosis(ofCutLines: bytes, isWhole: true)
      #expect((found != nil) == isCut)
      #expect(found.map { $0.message.contains("lines of \(length) characters") } != false)
      // From within a line on.
      let rest = JSONDiagnosis(ofCutLines: Array(bytes.dropFirst(9)), isWhole: false)
      #expect(rest == nil || isCut)
    }
    #expect(JSONDiagnosis(ofCutLines: Array("{\"a\":\"x\ny\"}".utf8), isWhole: true) == nil)
  }

  @Test(arguments: [
    ("{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}\n", false), ("{\"a\": 1}\n{\"a\": 2}\n", true),
    ("\n\n{\"a\": {\"b\": 1}}\r\n{\"a\": 2}\n", true), ("{\"a\": [\n1]}\n{\"a\": 2}\n", false),
  ])
  func onlyWhatIsOnLinesIsCalledJSONLines(_ text: String, _ isOnLines: Bool) throws {
    let message = try diagnosis(text).message
    #expect(message.contains(".jsonl") == isOnLines, "\(message)")
    #expect(message.contains("put the entities in [ ]") == !isOnLines)
  }

  @Test func anotherEncodingWithinAFileIsNamed() throws {
    let wide = Array("{\"id\": 1}".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    for first in ["{\"id\": 0}\n", "", "[1, "] {
      let bytes = Array(first.utf8) + wide
      let error = try #require(scanError(of: bytes))
      let message = JSONDiagnosis(error, in: bytes).message
      #expect(message.contains("goes on in UTF-16"), "\(message)")
    }
    // Of UTF-8 appended to UTF-16 each two bytes become one character.
    let text = "{\"id\": 1}\n\u{227B}\u{6469}\u{3A22}\u{3120}"
    let bytes = Array(text.utf8)
    let error = try #require(scanError(of: bytes))
    for (encoding, isNamed) in [(SourceEncoding.utf16(isBigEndian: false), true), (.utf8, false)] {
      let excerpt = JSONDiagnosis.Excerpt(
        bytes: bytes, position: error.offset, start: 0, unit: .line, encoding: encoding)
      let message = JSONDiagnosis(error, in: excerpt).message
      #expect(message.contains("the file goes on in UTF-8") == isNamed, "\(message)")
      #expect(message.contains("count as one failure") == isNamed, "\(message)")
    }
  }

  @Test func anyBytesHaveADiagnosis() {
    var generator = SeededGenerator(seed: 12)
    let pieces: [[UInt8]] =
      [
        "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "\\u", "/", "/*", "#", "-", "--", "+", ".",
        "0", "0x", "12", "1e", "NaN", "None", "tru", "a", "(", "<", "=======", "\n", "\r", "\t",
        " ", "\0\0\0\0", "é", "\u{201C}", "\u{FEFF}", "version https://git-lfs",
      ].map { Array($0.utf8) } + [[0xFF], [0xE2], [0x80], [0x1E], [0x1F, 0x8B]]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 1...8, using: &generator)).flatMap { _ in
        pieces[Int.random(in: pieces.indices, using: &generator)]
      }
      guard let error = scanError(of: bytes) else { continue }
      #expect(!JSONDiagnosis(error, in: bytes).message.isEmpty)
      // Whatever part of the text is looked at.
      for cut in 0...min(4, error.offset) {
        let excerpt = JSONDiagnosis.Excerpt(
          bytes: Array(bytes[cut...].prefix(error.offset - cut + cut % 3)),
          position: error.offset - cut, start: cut == 0 ? 0 : nil, unit: .line)
        #expect(!JSONDiagnosis(error, in: excerpt).message.isEmpty)
      }
    }
  }
}
