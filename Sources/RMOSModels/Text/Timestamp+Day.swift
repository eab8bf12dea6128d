extension Timestamp {
  /// The day in UTC, `YYYY-MM-DD`; the day as written where the text gives no zone.
  ///
  /// - Complexity: O(1).
  public var utcDay: String {
    var number = dayNumber
    if let time, let offset = time.zoneOffset {
      let second = time.hour * 3600 + time.minute * 60 + time.second - offset
      number += second < 0 ? -1 : second >= 86_400 ? 1 : 0
    }
    return Timestamp.dayText(number)
  }

  /// The date of a day by its number since 0000-03-01.
  private static func dayText(_ number: Int) -> String {
    let (year, month, day) = date(dayNumber: number)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}
