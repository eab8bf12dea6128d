import Foundation
import RMOSModels
import Testing

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
