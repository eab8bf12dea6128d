import Testing

@testable import RMOSModels

@Suite struct TimestampMeaningTests {
  @Test(arguments: [
    ("20240115T101500Z", "2024-01-15T10:15:00Z"),
    ("20240115", "2024-01-15"),
    ("20240115101500", "2024-01-15T10:15:00"),
    ("2024-W05-3", "2024-01-31"),
    ("2024W053", "2024-01-31"),
    ("2020-W53-5", "2021-01-01"),
    ("2024-015", "2024-01-15"),
    ("2024366", "2024-12-31"),
    ("2024-01-15T10:15:00+0100", "2024-01-15T10:15:00+01:00"),
    ("2024-01-15T10:15:00+01", "2024-01-15T10:15:00+01:00"),
    ("2024-01-15T10:15:00z", "2024-01-15T10:15:00Z"),
    ("2024-01-15t10:15:00Z", "2024-01-15T10:15:00Z"),
    ("2024-01-15T10:15:00,5Z", "2024-01-15T10:15:00.5Z"),
    ("2024-01-15 10:15:00 +01:00", "2024-01-15T10:15:00+01:00"),
    ("2024-01-15 10:15:00 UTC", "2024-01-15T10:15:00Z"),
    ("2024-01-15T24:00:00", "2024-01-16T00:00:00"),
    ("2023-12-31T24:00Z", "2024-01-01T00:00Z"),
    ("2024-01-15T10", "2024-01-15T10:00"),
    ("2024-01-15 3:05 PM", "2024-01-15T15:05"),
    ("2024-01-15T10:15:00.", "2024-01-15T10:15:00"),
    ("2024-01-15T10:15:00[Europe/Berlin]", "2024-01-15T10:15:00"),
    ("2024/01/15", "2024-01-15"), ("2024-1-5", "2024-01-05"), ("15.01.2024", "2024-01-15"),
    ("01/15/2024", "2024-01-15"), ("15/01/2024 08:30", "2024-01-15T08:30"),
    (" 2024-01-15T10:15:00Z\n", "2024-01-15T10:15:00Z"),
    ("\u{662}\u{660}\u{662}\u{664}-01-15", "2024-01-15"),
    ("2024\u{2011}01\u{2011}15", "2024-01-15"),
    ("31.12.2023, 23:59:10", "2023-12-31T23:59:10"), ("Jan 2, 2024", "2024-01-02"),
    ("2 January 2024 10:15", "2024-01-02T10:15"), ("02-Jan-2024", "2024-01-02"),
    ("Tue, 02 Jan 2024 10:00:00 GMT", "2024-01-02T10:00:00Z"),
    ("Fri 3. Mai 2024", "2024-05-03"), ("Mittwoch, 3. Oktober 2024", "2024-10-03"),
    ("45292", "2024-01-01"), ("45292.5", "2024-01-01T12:00:00"),
    (
      "Mon Jan 15 2024 10:15:00 GMT+0100 (Central European Standard Time)",
      "2024-01-15T10:15:00+01:00"
    ),
    ("Mon Jan 15 2024 10:15:00 GMT+0000 (UTC)", "2024-01-15T10:15:00+00:00"),
    ("Mon Jan 15 10:15:00 2024", "2024-01-15T10:15:00"),
    ("Mon Jan  5 10:15:00 UTC 2024", "2024-01-05T10:15:00Z"),
    ("2024-01-15_10-15-00", "2024-01-15T10:15:00"),
    ("2024-01-15T10-15-00Z", "2024-01-15T10:15:00Z"),
    ("2024-01-15 10.15.00", "2024-01-15T10:15:00"), ("2024-01-15 - 10:15", "2024-01-15T10:15"),
    ("15.1.2024 10.15.30", "2024-01-15T10:15:30"),
  ])
  func whatIsMeantIsWritten(_ text: String, _ timestamp: String) throws {
    #expect(Timestamp(text) == nil)
    let advice = try #require(Timestamp.advice(for: text)).text(inFile: true)
    #expect(advice.hasSuffix("write \(timestamp)"), "\(advice)")
    #expect(Timestamp(timestamp) != nil)
  }

  @Test(arguments: [
    ("1705313700", "\"epoch\""), ("1705313700000", "\"epoch\""), ("1705313700.5", "\"epoch\""),
    ("1705313700000000", "microseconds"), ("1705313700000000000", "nanoseconds"),
    ("1705313700000000000000", "not in the years"), ("253402300800000", "not in the years"),
    ("1705313700", "\"epoch\""), ("/Date(1705313700000)/", "\"epoch\""),
    ("638355168000000000", "ticks of .NET"), ("133444736000000000", "a file time of Windows"),
    ("2024-01-15T23:59:60Z", "no second 60"), ("2024-02-30", "has 29 days"),
    ("2023-02-29", "has 28 days"), ("2024-13-01", "no such date"), ("0000-01-01", "no such date"),
    ("2024-01-15T25:00", "no such time"), ("2024-01-15T10:61", "no such time"),
    ("2024-01-15T10:15:00+24:00", "no such offset"), ("9999-12-31T24:00:00Z", "no such date"),
    ("2024-01-15T10:15:00+05:75", "no such offset"),
    ("15.1.24", "four digits"), ("15-JAN-24", "four digits"), ("01/02/24 10:15", "four digits"),
    ("2024-W03", "the day is missing"), ("2024W03", "the day is missing"),
    ("2024-01", "the day is missing"), ("2024", "the month and the day"), ("", "write null"),
    ("  ", "\"values\": {\"  \": null}"),
    ("/Date(-62135596800000)/", "{\"/Date(-62135596800000)/\": null}"),
    ("/Date(-62135596800000+0100)/", "where there is no time"), ("/Date(-1000)/", "\"epoch\""),
  ])
  func whatCannotBeWrittenIsExplained(_ text: String, _ words: String) throws {
    let advice = try #require(Timestamp.advice(for: text)).text(inFile: true)
    #expect(advice.contains(words), "\(advice)")
  }

  /// Numbers that are dates in other forms than seconds since 1970, or no dates.
  @Test(arguments: [
    ("20230403", "write 2023-04-03"), ("20230403123000", "write 2023-04-03T12:30:00"),
    ("202304031230", "write 2023-04-03T12:30"), ("45019.5", "write 2023-04-03T12:00:00"),
    ("45019", "write 2023-04-03"), ("2023", "the month and the day"), ("0", "write null"),
    ("-5", "not in the years"), ("20239999", "not in the years"), ("1e12", "\"epoch\""),
    ("1680480000", "\"epoch\""), ("702345600.5", "it is 1992-04-04T"),
    ("3786912000000", "as milliseconds since 1970 it is 2090-01-01T00:00:00Z"),
    ("2304031015", "as seconds since 1970 it is 2043-01-"),
  ])
  func numbersAreExplained(_ number: String, _ words: String) {
    let advice = Timestamp.advice(forNumber: number).text(inFile: true)
    #expect(advice.contains(words), "\(advice)")
  }

  /// Ambiguous texts get no suggestion.
  @Test(arguments: [
    "01/02/2024", "Jan", "Jan 2", "2 Foo 2024", "Tuesday", "may 2024", "yesterday", "x",
    "+12024-01-15", "2024-01-15T10:15:00 CEST", "2024-W54-1",
    "2024-W03-8",
  ])
  func nothingIsGuessed(_ text: String) {
    #expect(Timestamp.advice(for: text)?.text(inFile: true).contains("write 2") != true)
  }
}

@Suite struct MeantValueTests {
  @Test(arguments: [
    ("canceled", "cancelled"), ("done", "completed"), ("in progress", "running"),
    ("IN_PROGRESS", "running"), ("Completed", "completed"), ("complete", "completed"),
    ("aborted", "cancelled"), ("created", "pending"), ("success", "completed"),
    ("pendng", "pending"), ("failled", "failed"), (" Failed ", "failed"),
  ])
  func statuses(_ text: String, _ status: String) {
    #expect(KnownValues.meant(by: text, among: JobStatus.allCases.map(\.rawValue)) == status)
  }

  @Test(arguments: [
    ("Rosette Slice Batch", "rosette_slice_batch"), ("RosettePreview", "rosette_preview"),
    ("saw-slice", "saw_slice"), ("asembly", "assembly"),
  ])
  func jobTypes(_ text: String, _ type: String) {
    #expect(KnownValues.meant(by: text, among: JobLog.knownTypes) == type)
  }

  @Test(arguments: ["", "?", "xyz", "inlay_routing"])
  func nothingIsMeant(_ text: String) {
    #expect(KnownValues.meant(by: text, among: JobStatus.allCases.map(\.rawValue)) == nil)
    #expect(KnownValues.meant(by: text, among: JobLog.knownTypes) == nil)
  }

  @Test(arguments: [
    ("2,5", "2.5"), ("+5", "5"), ("05", "5"), (".5", "0.5"), ("9.", "9"), ("1.234,5", "1234.5"),
    ("1,234.5", "1234.5"), ("1 000", "1000"), ("-0,75", "-0.75"), ("1e3", "1e3"), ("0", "0"),
    ("0.50", "0.50"), ("00", "0"), ("1'234'567", "1234567"), ("- 1 000", "-1000"), (" 5 ", "5"),
    ("1 000,5", "1000.5"), ("1_000", "1000"), ("1.234.567,8", "1234567.8"), ("\u{2212}5", "-5"),
    ("0,234", "0.234"), ("1,2345", "1.2345"), ("1,5e3", "1.5e3"),
  ])
  func numbers(_ text: String, _ number: String) {
    #expect(JSONNumberForm.number(meantBy: text) == number)
    #expect(JSONNumberForm.isNumber(number))
  }

  @Test(arguments: [
    "", "x", "1,234", "1,2,3", "1.2.3", "-", "1e", "2.5 mm", "2'5", "2 5", "5'11",
    ".", ",", "-.", "+", "5'", "5''", "\u{2019}5", "1_0", "1,2.5", "1.2,5", "1,2345.6", "1,234e3",
    "1234 567", "+-5", ".e5", "1..5", "1,,5", "_", "'",
  ])
  func noNumbers(_ text: String) { #expect(JSONNumberForm.number(meantBy: text) == nil) }
}

@Suite struct SimilarIDTests {
  @Test(arguments: [
    ("Se\u{301}ville", "S\u{E9}ville", SimilarID.Difference.composition),
    ("S\u{E9}ville", "Se\u{301}ville", .composition),
    ("torres", "Torres", .letterCase), ("TORRES", "torres", .letterCase),
    ("los torres", "Los Torres", .letterCase), ("Torres ", "Torres", .whiteSpace),
    ("Torres", "Torres ", .whiteSpace), ("a  b", "a b", .whiteSpace),
    ("s\u{E9}ville", "Se\u{301}ville", .letterCase),
    ("patterns/p.json#0", "legacy:patterns/p.json#0", .derived),
    ("rope\u{200B}", "rope", .invisible), ("\u{FEFF}ro\u{AD}pe", "rope", .invisible),
    ("rope", "legacy:patterns/rope.json", .fileName),
  ])
  func isFound(_ text: String, _ id: String, _ difference: SimilarID.Difference) throws {
    let found = try #require(
      SimilarID.first(like: text, of: .patterns) { $0.utf8.elementsEqual(id.utf8) })
    #expect(found.difference == difference && found.id.utf8.elementsEqual(id.utf8))
  }

  @Test func lookUpsAreFew() {
    let text = "A\u{E9} \u{212B} Torres " + String(repeating: "x\u{301}", count: 1000)
    #expect(SimilarID.candidates(for: text, of: .patterns).count <= 40)
    #expect(SimilarID.candidates(for: "", of: .patterns).allSatisfy { !$0.id.isEmpty })
    // Each form of a text would take as much memory as the text.
    let long = String(repeating: "Ab ", count: 2000)
    #expect(SimilarID.candidates(for: long, of: .patterns).isEmpty)
  }
}
