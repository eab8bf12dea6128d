import Testing

@testable import RMOSSystem

@Suite struct CivilTimeTests {
  @Test(
    "Times are as ISO 8601 and RFC 9110 have them",
    arguments: [
      (784_111_777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
      (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_399, "2000-02-28T23:59:59Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
      (951_782_400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
      (1_798_761_599, "2026-12-31T23:59:59Z", "Thu, 31 Dec 2026 23:59:59 GMT"),
    ])
  func times(_ seconds: Int, _ iso8601: String, _ http: String) {
    let time = UTCTime(secondsSince1970: seconds)
    #expect(time.iso8601 == iso8601)
    #expect(time.httpDate == http)
  }

  @Test func daysHaveTheirNumbers() throws {
    #expect(CivilDate(year: 1970, month: 1, day: 1).dayNumber == CivilDate.epoch)
    #expect(CivilDate(year: 2000, month: 2, day: 29).dayNumber == 730_484)
    // All days of a whole period of the calendar, in order.
    var (year, month, day) = (1, 3, 1)
    for number in 365..<(365 + 146_097 + 400) {
      let date = CivilDate(dayNumber: number)
      try #require(date == CivilDate(year: year, month: month, day: day))
      try #require(date.dayNumber == number)
      day += 1
      if day > CivilDate.dayCount(year: year, month: month) {
        (month, day) = (month + 1, 1)
        if month > 12 { (year, month) = (year + 1, 1) }
      }
    }
    #expect(CivilDate(dayNumber: 365).text == "0001-03-01")
  }
}
