import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct AdviceTests {
  /// Returns the message about a member of an otherwise valid entity; `nil` if it has none.
  private func message(
    _ kind: EntityKind, _ member: String, _ value: String, inFile: Bool = true,
    atLeast severity: Severity = .error
  ) -> String? {
    var members = [
      "id": #""a""#, "name": #""n""#, "material_type": #""m""#, "strip_width_mm": "1",
      "strip_thickness_mm": "1", "strips": "[1]", "ring_count": "1", "geometry": #"{"a":1}"#,
      "job_type": #""slice""#, "parameters": #"{"a":1}"#,
    ].filter { kind.schema.position(ofMember: $0.key) != nil }
    members[member] = value
    let text = members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    let decoder = EntityDecoder(
      kind: kind,
      options: EntityDecoder.Options(derivesIDs: true, runStart: "2026-03-01", isInFile: inFile))
    let decoding = EntityDecoding(decoder, into: RecordBatch(kind: kind), Array("{\(text)}".utf8))
    return decoding.issues.first { $0.pointer == "/\(member)" && $0.severity >= severity }?.message
  }

  /// Returns the value that a message advises to write; `nil` if it advises none.
  private func advised(_ message: String?) -> String? {
    guard let message, let start = message.firstRange(of: "; write ")?.upperBound else {
      return nil
    }
    let value = message[start...].prefix { $0 != " " && $0 != ";" }
    let isValue = JSONNumberForm.isNumber(value) || value.hasPrefix("\"")
    return isValue ? String(value) : nil
  }

  /// A number that is advised is accepted, and has the sign, the digits and the decimals of the
  /// text.
  @Test(arguments: [
    (EntityKind.stripFamilies, "strip_width_mm"), (.joblogs, "duration_seconds"),
    (.patterns, "ring_count"),
  ])
  func advisedNumbersAreThoseOfTheText(_ kind: EntityKind, _ member: String) throws {
    var random = SeededGenerator(seed: 71)
    let pieces = [
      "0", "1", "5", "12", "250", "007", ".", ",", " ", "'", "_", "-", "+", "e", "e3", "\u{2212}",
      " mm", "s", "%", "in", "'", "x",
    ]
    var count = 0
    for _ in 0..<4_000 {
      let text = (0..<random.int(1...5)).map { _ in random.pick(pieces) }.joined()
      guard let value = advised(message(kind, member, "\"\(text)\"")) else { continue }
      count += 1
      #expect(message(kind, member, value) == nil, "\(text) -> \(value)")
      #expect(meansTheSame(value, as: text), "\(text) -> \(value)")
    }
    #expect(count > 200)
  }

  private func meansTheSame(_ number: String, as text: String) -> Bool {
    func digits(_ text: some StringProtocol) -> String {
      let digits = text.filter { $0.isASCII && $0.isNumber }
      let significant = digits.drop { $0 == "0" }
      return significant.isEmpty && !digits.isEmpty ? "0" : String(significant)
    }
    let isNegative =
      text.drop(while: \.isWhitespace).first.map { "-\u{2212}".contains($0) } ?? false
    guard number.hasPrefix("-") == isNegative, !digits(text).isEmpty,
      digits(number) == digits(text)
    else { return false }
    guard let point = number.firstIndex(of: ".") else {
      // Whatever separates digits separates thousands.
      let mantissa = text.prefix { $0 != "e" }
      let rest = mantissa.drop { !$0.isNumber }.dropFirst(0).drop { $0.isASCII && $0.isNumber }
      let groups = rest.split { !($0.isASCII && $0.isNumber) }
      return groups.allSatisfy { $0.count == 3 }
    }
    let decimals = number[point...].dropFirst().prefix { $0.isNumber }
    return text.contains(".\(decimals)") || text.contains(",\(decimals)")
  }

  @Test(arguments: [
    #"".""#, #""-5""#, #""2.5""#, "2.5", "0.5", #""1e400""#, #""0""#, #""5'""#,
  ])
  func noCountIsAdvised(_ value: String) {
    let message = message(.patterns, "ring_count", value)
    #expect(message != nil && advised(message) == nil, "\(message ?? "")")
  }

  /// A unit other than that of the member is not left out.
  @Test func unitsAreThoseOfTheMember() {
    #expect(advised(message(.stripFamilies, "strip_width_mm", #""5 mm""#)) == "5")
    #expect(advised(message(.joblogs, "duration_seconds", #""5 sec""#)) == "5")
    for (kind, member, text) in [
      (EntityKind.stripFamilies, "strip_width_mm", "5 s"),
      (.stripFamilies, "strip_width_mm", "5 %"),
      (.joblogs, "duration_seconds", "5 mm"), (.joblogs, "duration_seconds", "5 min"),
    ] {
      #expect(
        message(kind, member, "\"\(text)\"")?.hasSuffix("in the unit that the member is in") == true
      )
    }
    #expect(
      message(.patterns, "ring_count", #""12 rings""#)?.hasSuffix("write the number alone") == true)
  }

  @Test(arguments: [
    ("7", "\"7\""), ("7.0", "\"7\""), ("70e-1", "\"7\""), ("7.5", "\"7.5\""), ("1e30", nil),
    ("1.5e-3", nil), ("-0", "\"-0\""), ("-0.0", "\"0\""),
  ])
  func references(_ number: String, _ id: String?) {
    #expect(advised(message(.joblogs, "pattern_id", number)) == id)
  }

  @Test(arguments: [("7", "\"7\""), ("7.5", "\"7.5\""), ("7.0", nil), ("1e3", nil)])
  func texts(_ number: String, _ text: String?) {
    #expect(advised(message(.patterns, "name", number)) == text)
  }

  /// Times that are advised are timestamps.
  @Test func advisedTimesAreValid() {
    var random = SeededGenerator(seed: 72)
    let pieces = [
      "2024", "01", "15", "1", "31", "12", "-", "/", ".", "T", " ", ":", "10:15", "Z", "+01:00",
      "pm",
      "Jan", "2024-01-15", "1700000000", "45000", "24:00", "W03",
    ]
    var count = 0
    for _ in 0..<4_000 {
      let text = (0..<random.int(1...5)).map { _ in random.pick(pieces) }.joined()
      guard let message = message(.joblogs, "start_time", "\"\(text)\""),
        let start = message.firstRange(of: "; write 2")?.upperBound
      else { continue }
      count += 1
      #expect(Timestamp("2" + message[start...]) != nil, "\(text): \(message)")
    }
    #expect(count > 50)
  }

  @Test func aDateOfPowerShellIsNamed() {
    let date = #"{"value": "\/Date(1705313700000)\/", "DisplayHint": 2, "DateTime": "Monday"}"#
    let message = message(.joblogs, "start_time", date)
    #expect(message?.contains("Windows PowerShell") == true)
    #expect(message?.contains(#"with the mapping "epoch""#) == true, "\(message ?? "")")
  }

  /// Databases represent values by objects of one member.
  @Test(arguments: [
    (#"{"S": "n"}"#, "the value of \"S\""), (#"{"stringValue": "n"}"#, "Firestore's JSON; write"),
    (#"{"$numberInt": "5"}"#, "MongoDB's extended JSON; write"),
    (
      #"{"M": {"a": {"S": "a name that is too long for a message, and for any advice"}}}"#,
      "unmarshall"
    ),
    (#"{"mapValue": {"fields": {}}}"#, "client libraries"),
  ])
  func valuesOfDatabases(_ value: String, _ words: String) {
    #expect(message(.patterns, "name", value)?.contains(words) == true)
  }

  /// A mapping reads files, so only messages about files advise one.
  @Test(arguments: [
    (EntityKind.joblogs, "status", #""""#, "leave the member out or write null"),
    (.joblogs, "duration_seconds", #""n/a""#, "if there is none, leave the member out or write"),
    (.joblogs, "start_time", "1700000000", "since 1970 it is 2023-11-14T22:13:20Z; write that"),
    (.joblogs, "start_time", #""1700000000123""#, "as milliseconds since 1970 it is 2023-11-14"),
    (.joblogs, "start_time", #""/Date(1700000000000)/""#, "write the date and time instead"),
    (.joblogs, "start_time", "0", "leave the member out or write null"),
    (.joblogs, "start_time", #""""#, "leave the member out or write null"),
    (.joblogs, "end_time", #""0001-01-01T00:00:00""#, "where there is no time; kept as is; if"),
    (.joblogs, "parameters", #""{\"a\": 1}""#, "without the quotes around it"),
    (.stripFamilies, "strips", #"{"value": [1]}"#, "write that in place of the object"),
    (.stripFamilies, "strips", #"{"$numberInt": "5"}"#, "extended JSON; write plain values"),
    (.stripFamilies, "name", #"{"S": "n"}"#, "write the value of \"S\""),
    (.stripFamilies, "id", #"{"$oid": "n"}"#, "write the value of \"$oid\""),
  ])
  func onlyMessagesAboutFilesAdviseWhatFilesAllow(
    _ kind: EntityKind, _ member: String, _ value: String, _ words: String
  ) throws {
    func advisesFiles(_ message: String) -> Bool {
      ["mapping", "mongoexport"].contains { message.contains($0) }
    }
    let ofValue = try #require(
      message(kind, member, value, inFile: false, atLeast: Severity.warning))
    #expect(ofValue.contains(words) && !advisesFiles(ofValue), "\(ofValue)")
    let ofFile = try #require(message(kind, member, value, atLeast: Severity.warning))
    #expect(advisesFiles(ofFile), "\(ofFile)")
  }

  /// A member that is required cannot be left out.
  @Test(arguments: [
    (EntityKind.patterns, "ring_count", #""""#), (.patterns, "ring_count", #""n/a""#),
    (.stripFamilies, "strip_width_mm", #""-""#),
  ])
  func noRequiredMemberIsLeftOut(_ kind: EntityKind, _ member: String, _ value: String) throws {
    let text = try #require(message(kind, member, value))
    #expect(text.hasSuffix("expected a number") || text.hasSuffix("expected a whole number"))
  }

  @Test(arguments: [#"{"S": 5}"#, #"{"N": "5", "S": "4"}"#, #"{"L": "5"}"#, "{}"])
  func otherObjectsAreNotOfDatabases(_ value: String) {
    #expect(message(.patterns, "name", value)?.hasSuffix("expected text") == true)
  }
}
