import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSModels

@Suite struct TimestampTests {
  @Test(arguments: [
    "2025-01-15", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29", "2025-01-15T10:30",
    "2025-01-15 10:30", "2025-01-15T10:30:59", "2025-01-15T00:00:00.1", "2025-01-15T23:59Z",
    "2025-01-15T10:30:00.123456789012345678901234567890+23:59", "2025-01-15 10:30:00-00:00",
    "2025-01-15T10:30+01:00",
  ])
  func acceptsTheFormsOfTheContract(text: String) {
    #expect(Timestamp(text) != nil)
  }

  @Test(arguments: [
    "", "2025", "2025-01", "2025-1-15", "25-01-15", "0000-01-01", "2025-00-01", "2025-13-01",
    "2025-01-00", "2025-01-32", "2025-04-31", "2025-02-29", "1900-02-29", "2025-01-15T",
    "2025-01-15 ", " 2025-01-15", "2025-01-15t10:30", "2025-01-15T10", "2025-01-15T10:3",
    "2025-01-15T24:00", "2025-01-15T10:60", "2025-01-15T10:30:60", "2025-01-15T10:30:00.",
    "2025-01-15T10:30.5", "2025-01-15T10:30:00,5", "2025-01-15T10:30z", "2025-01-15T10:30ZZ",
    "2025-01-15Z", "2025-01-15+01:00", "2025-01-15T10:30+01", "2025-01-15T10:30+0100",
    "2025-01-15T10:30+24:00", "2025-01-15T10:30+01:60", "2025-01-15T10:30 Z", "+2025-01-15",
    "2025/01/15", "20250115", "2025-W03-3", "2025-015", "２０２５-01-15", "2025-01-15T10:30\0",
    "2025-01-15T10:30:00.1.2", "-001-01-01", "2025-01-15T-1:30",
  ])
  func refusesEverythingElse(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func givesTheParts() throws {
    let full = try #require(Timestamp("2025-01-15 10:31:07.0250-03:30"))
    #expect((full.year, full.month, full.day) == (2025, 1, 15))
    let time = try #require(full.time)
    #expect((time.hour, time.minute, time.second) == (10, 31, 7))
    #expect(time.nanosecond == 25_000_000)
    #expect(time.zoneOffset == -12_600)
    let short = try #require(Timestamp("2025-01-15T10:31"))
    #expect(short.time?.second == 0 && short.time?.zoneOffset == nil)
    #expect(Timestamp("2025-01-15")?.time == nil)
    #expect(Timestamp("2025-01-15T10:31Z")?.time?.zoneOffset == 0)
    #expect(Timestamp("2025-01-15T10:31:00.9999999999")?.time?.nanosecond == 999_999_999)
  }

  @Test(arguments: [
    ("2025-01-15T10:30", "2025-01-15T10:31", Timestamp.Order.before),
    ("2025-01-15T10:30", "2025-01-15 10:30:00.000", .same),
    ("2025-01-15T10:30:00.000000002", "2025-01-15T10:30:00.000000001", .after),
    ("2025-01-15T10:30Z", "2025-01-15T11:30+01:00", .same),
    ("2025-01-15T10:30Z", "2025-01-15T11:00+01:00", .after),
    ("2025-01-01T00:30+01:00", "2024-12-31T23:29Z", .after),
    ("2025-01-15", "2025-01-15T23:59", .same),
    ("2025-01-15T00:00Z", "2025-01-14", .after),
    ("2024-02-29", "2024-03-01", .before),
    ("0001-01-01", "9999-12-31", .before),
  ])
  func ordersInBothDirections(left: String, right: String, order: Timestamp.Order) throws {
    let (left, right) = (try #require(Timestamp(left)), try #require(Timestamp(right)))
    #expect(left.order(relativeTo: right) == order)
    let opposite: Timestamp.Order =
      order == .before ? .after : order == .after ? .before : .same
    #expect(right.order(relativeTo: left) == opposite)
  }

  @Test func oneZoneAloneLeavesTheOrderUnknown() throws {
    let zoned = try #require(Timestamp("2025-01-15T10:30Z"))
    let local = try #require(Timestamp("2030-01-15T10:30"))
    #expect(zoned.order(relativeTo: local) == nil)
    #expect(local.order(relativeTo: zoned) == nil)
  }

  @Test func everyDayOfTheCalendarIsReadAndFollowsTheOneBefore() throws {
    var previous: Timestamp?
    var count = 0
    for year in [1, 4, 100, 400, 1582, 1899, 1900, 1999, 2000, 2023, 2024, 9999] {
      previous = nil
      for month in 0...13 {
        for day in 0...32 {
          func pad(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
          }
          let text = "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))"
          guard let date = Timestamp(text) else { continue }
          count += 1
          if let previous { #expect(previous.order(relativeTo: date) == .before, "\(text)") }
          previous = date
        }
      }
    }
    let leapYears = 4  // 4, 400, 2000 and 2024
    #expect(count == 12 * 365 + leapYears)
  }

  @Test func instantsAgreeWithFoundation() throws {
    var random = SeededGenerator(seed: 1)
    let formatter = ISO8601DateFormatter()
    for _ in 0..<500 {
      let dates = (0..<2).map { _ in
        Date(timeIntervalSince1970: Double(random.int(0...4_000_000_000)))
      }
      let texts = dates.map { date in
        formatter.timeZone = TimeZone(secondsFromGMT: random.int(-700...700) * 60) ?? .gmt
        return formatter.string(from: date)
      }
      let left = try #require(Timestamp(texts[0]), "\(texts[0])")
      let right = try #require(Timestamp(texts[1]), "\(texts[1])")
      let expected: Timestamp.Order =
        dates[0] < dates[1] ? .before : dates[0] == dates[1] ? .same : .after
      #expect(left.order(relativeTo: right) == expected, "\(texts)")
    }
  }
}

@Suite struct TimestampDayTests {
  @Test(arguments: [
    ("2025-06-02", "2025-06-02"), ("2025-06-02T23:59:59", "2025-06-02"),
    ("2025-06-02T00:30:00+01:00", "2025-06-01"), ("2025-06-02T23:30:00-01:00", "2025-06-03"),
    ("2025-06-02T01:00:00+01:00", "2025-06-02"), ("2025-03-01 00:00+00:01", "2025-02-28"),
    ("2024-03-01 00:00+00:01", "2024-02-29"), ("2024-12-31T23:00-23:59", "2025-01-01"),
    ("0001-01-01T00:00+00:01", "0000-12-31"), ("9999-12-31T23:59-00:01", "10000-01-01"),
  ])
  func theDayIsThatInUTC(_ text: String, _ day: String) throws {
    #expect(try #require(Timestamp(text)).utcDay == day)
  }

  @Test func everyDayOf400YearsIsItself() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
    let start = try #require(calendar.date(from: DateComponents(year: 1999, month: 1, day: 1)))
    for number in stride(from: 0, to: 146_200, by: 1) {
      let date = start.addingTimeInterval(Double(number) * 86_400)
      let parts = calendar.dateComponents([.year, .month, .day], from: date)
      let text = String(
        format: "%04d-%02d-%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
      #expect(Timestamp(text)?.utcDay == text)
    }
  }
}
