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
    // 146,097 days are 400 years. Only the last day of 0000 comes before the year 1.
    let era = number / 146_097
    let dayOfEra = number % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    // Counted from March, months have 30.6 days on average.
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
  }
}
