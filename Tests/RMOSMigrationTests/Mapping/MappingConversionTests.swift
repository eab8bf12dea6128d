import Testing

@testable import RMOSMigration
@testable import RMOSModels

/// Conversions are exact to the last digit.
@Suite struct MappingConversionTests {
  /// Converts a value; `nil` if it stays as it is.
  private func convert(_ value: String, _ words: String) throws -> String? {
    let mapped = try MappedObject(
      #"{"a":\#(value)}"#, as: .joblogs,
      by: .joblogs(#"{"members":{"results":{"from":"/a",\#(words)}}}"#))
    let result = mapped.value?["results"]?.text
    // Only the original of a converted value is kept.
    let isKept = mapped.value?["a"] != nil
    return isKept ? result : nil
  }

  @Test(arguments: [
    ("1765011394", "2025-12-06T08:56:34Z"), ("1765011394.179", "2025-12-06T08:56:34.179Z"),
    ("1765011394.1790996", "2025-12-06T08:56:34.1790996Z"), ("0", "1970-01-01T00:00:00Z"),
    ("1765011394.0", "2025-12-06T08:56:34.0Z"), ("1.765011394e9", "2025-12-06T08:56:34Z"),
    ("17650113941e-1", "2025-12-06T08:56:34.1Z"), (#""1765014094""#, "2025-12-06T09:41:34Z"),
    (#"" 5.25 ""#, "1970-01-01T00:00:05.25Z"), ("-1", "1969-12-31T23:59:59Z"),
    ("-0.25", "1969-12-31T23:59:59.75Z"), ("-86400", "1969-12-31T00:00:00Z"),
    ("-86400.5", "1969-12-30T23:59:59.5Z"), ("0.05", "1970-01-01T00:00:00.05Z"),
    ("253402300799", "9999-12-31T23:59:59Z"), ("-62135596800", "0001-01-01T00:00:00Z"),
    ("1709164800", "2024-02-29T00:00:00Z"),
  ])
  func epochSeconds(_ value: String, _ time: String) throws {
    #expect(try convert(value, #""as":"epoch-seconds""#) == "\"\(time)\"")
  }

  @Test(arguments: [
    ("1765011394179", "2025-12-06T08:56:34.179Z"), ("1765011394000", "2025-12-06T08:56:34.000Z"),
    ("5", "1970-01-01T00:00:00.005Z"), ("1765011394179.25", "2025-12-06T08:56:34.17925Z"),
  ])
  func epochMilliseconds(_ value: String, _ time: String) throws {
    #expect(try convert(value, #""as":"epoch-milliseconds""#) == "\"\(time)\"")
  }

  @Test(arguments: [
    ("7258118399", "2199-12-31T23:59:59Z"), ("631152000000", "1990-01-01T00:00:00.000Z"),
    ("1765011394179", "2025-12-06T08:56:34.179Z"), ("1765011394.5", "2025-12-06T08:56:34.5Z"),
    (#""1765011394179""#, "2025-12-06T08:56:34.179Z"), ("1e12", "2001-09-09T01:46:40Z"),
  ])
  func epoch(_ value: String, _ time: String) throws {
    #expect(try convert(value, #""as":"epoch""#) == "\"\(time)\"")
  }

  /// Dates without hyphens, day numbers of spreadsheets, ticks and years.
  @Test(arguments: [
    "1.0000000000000000000000000000000000000001", "20230403", "20230403123000", "202304031230",
    "45019.5", "2023", "0", "-5",
    "638355168000000000",
    "\"20230403\"", "7258118400", "631151999.9",
  ])
  func numbersThatAreNotSince1970(_ value: String) throws {
    #expect(try convert(value, #""as":"epoch""#) == nil)
  }

  /// Times as Windows PowerShell and .NET write them.
  @Test(arguments: [
    (#""\/Date(1700000000000)\/""#, "2023-11-14T22:13:20.000Z"),
    (#""/Date(1700000000123+0200)/""#, "2023-11-14T22:13:20.123Z"),
    (#""/Date(-1000)/""#, "1969-12-31T23:59:59.000Z"),
    (#""/Date(0)/""#, "1970-01-01T00:00:00.000Z"),
  ])
  func timesOfPowerShell(_ value: String, _ time: String) throws {
    for form in ["epoch", "epoch-milliseconds"] {
      #expect(try convert(value, #""as":"\#(form)""#) == "\"\(time)\"")
    }
    #expect(try convert(value, #""as":"epoch-seconds""#) == nil)
    for other in [
      #""/Date(-62135596800000)/""#, #""/Date(-62135596800000+0100)/""#, #""/Date(x)/""#,
      #""/Date()/""#, #""/Date(1)""#, #""/Date(1+2)/""#,
    ] {
      #expect(try convert(other, #""as":"epoch""#) == nil)
    }
  }

  @Test(arguments: [
    "true", "[1]", #""2025-01-01""#, "253402300800", "1e300", "-1e300", #""""#, #""five""#,
  ])
  func noEpoch(_ value: String) throws {
    #expect(try convert(value, #""as":"epoch-seconds""#) == nil)
  }

  @Test(arguments: [
    (#""2.5""#, "2.5"), (#"" 2.50 ""#, "2.50"), (#""+3""#, "3"), (#""007""#, "7"), (#""0""#, "0"),
    (#""-0.5""#, "-0.5"), (#"".5""#, "0.5"), (#""-.5""#, "-0.5"), (#""5.""#, "5"),
    (#""1e3""#, "1e3"), (#""12345678901234567890.123""#, "12345678901234567890.123"),
  ])
  func number(_ value: String, _ expected: String) throws {
    #expect(try convert(value, #""as":"number""#) == expected)
  }

  @Test(arguments: [
    #""2,5""#, #""2.5 mm""#, #""""#, #""-""#, #""1.2.3""#, #""Infinity""#, "5", "true", #""0x10""#,
    #""1 000""#, #""--1""#, #"".""#, #""-.""#,
  ])
  func noNumber(_ value: String) throws {
    #expect(try convert(value, #""as":"number""#) == nil)
  }

  @Test(
    arguments: [
      (#""2,5""#, "2.5"), (#"",5""#, "0.5"), (#""7""#, "7"), (#""1.234,5""#, nil), (#"",""#, nil),
    ] as [(String, String?)])
  func numberWithComma(_ value: String, _ expected: String?) throws {
    #expect(try convert(value, #""as":"number","decimal":",""#) == expected)
  }

  @Test(
    arguments: [
      ("2.50", #""2.50""#), ("true", #""true""#), (#""x""#, nil), ("[1]", nil), ("{}", nil),
    ] as [(String, String?)])
  func text(_ value: String, _ expected: String?) throws {
    #expect(try convert(value, #""as":"text""#) == expected)
  }

  @Test(
    arguments: [
      (#""{\"a\": 1.50}""#, #"{"a":1.50}"#), (#""[]""#, "[]"), (#""no""#, nil), (#""{""#, nil),
      ("5", nil),
    ] as [(String, String?)])
  func json(_ value: String, _ expected: String?) throws {
    #expect(try convert(value, #""as":"json""#) == expected)
  }

  @Test(
    arguments: [
      ("1", "25.4"), ("1.75", "44.45"), ("0.001", "0.0254"), ("10", "254"), ("-2", "-50.8"),
      ("0", nil), ("1e2", "2540"), ("0.1", "2.54"), (#""1.5""#, "38.1"),
      ("7.699999999999999", "195.5799999999999746"), ("1e40", "254e39"), ("1e-70", "254e-71"),
    ] as [(String, String?)])
  func inches(_ value: String, _ expected: String?) throws {
    #expect(try convert(value, #""as":"inches""#) == expected)
  }

  private func pair(_ first: String, _ second: String, _ pair: String) throws -> MappedObject {
    try MappedObject(
      #"{"a":\#(first),"b":\#(second)}"#, as: .joblogs,
      by: .joblogs(#"{"members":{"results":{"from":["/a","/b"],"as":"\#(pair)"}}}"#))
  }

  @Test(arguments: [
    (#""2025-10-02T08:01:00""#, #""2025-10-02T08:06:30""#, "330.0"),
    (#""2025-10-02T08:00:00Z""#, #""2025-10-02T10:00:00+02:00""#, "0.0"),
    (#""2025-10-02 08:00:00.25""#, #""2025-10-03T08:00""#, "86399.75"),
    ("1765011394", "1765014094.5", "2700.5"),
    (#""2025-01-01T00:00:00Z""#, #""2025-01-01T00:00:00.000000001Z""#, "0.000000001"),
  ])
  func difference(_ first: String, _ second: String, _ expected: String) throws {
    let mapped = try pair(first, second, "difference")
    #expect(mapped.value?["results"]?.text == expected)
    #expect(mapped.remarks.isEmpty)
    #expect(mapped.value?["a"] != nil && mapped.value?["b"] != nil)
  }

  @Test(arguments: [
    (#""2025-10-02T08:00:00Z""#, #""2025-10-02T10:00:00""#), (#""2025-10-02""#, #""2025-10-03""#),
    (#""soon""#, #""2025-10-03T00:00:00""#),
    // The end is before the start.
    (#""2025-10-02T08:06:30""#, #""2025-10-02T08:01:00""#), ("1700000000.5", "1700000000"),
  ])
  func noDifference(_ first: String, _ second: String) throws {
    let mapped = try pair(first, second, "difference")
    #expect(mapped.value?["results"] == nil)
    #expect(mapped.remarks.map(\.code) == [.fieldNotDerived])
    #expect(try pair(first, "null", "difference").remarks.isEmpty)
  }

  @Test(arguments: [
    (#""2025-12-31T23:59:59.5""#, "0.5", "2026-01-01T00:00:00"),
    (#""2025-12-31 23:59:59-05:00""#, "86400", "2026-01-01 23:59:59-05:00"),
    ("0", "1.25", "1970-01-01T00:00:01.25Z"),
    (#""2025-01-01T00:00Z""#, "60", "2025-01-01T00:01:00Z"),
  ])
  func sum(_ first: String, _ second: String, _ expected: String) throws {
    let mapped = try pair(first, second, "sum")
    #expect(mapped.value?["results"]?.string == expected)
    #expect(mapped.remarks.map(\.code) == [.timeDerived])
  }

  @Test(arguments: [
    (#""2025-01-01""#, "5"), (#""2025-01-01T00:00:00""#, #""5""#),
    (#""9999-12-31T23:59:59""#, "1"), (#""2025-01-01T00:00:00""#, "1e30"),
    (#""2025-01-01T00:00:00""#, "5e19"), (#""2025-01-01T00:00:00""#, "9.3e18"),
    (#""2025-01-01T00:00:00""#, "1e20"), (#""2025-01-01T00:00:00""#, "9223372036854775807"),
    (#""2025-01-01T00:00:00""#, "-5e19"),
  ])
  func noSum(_ first: String, _ second: String) throws {
    let mapped = try pair(first, second, "sum")
    #expect(mapped.value?["results"] == nil)
    #expect(mapped.remarks.map(\.code) == [.fieldNotDerived])
  }
}
