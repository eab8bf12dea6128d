import RMOSSystem

// Explanations in messages about texts that are not timestamps.

extension Timestamp {
  /// Explains a text that is not a timestamp, and how to write the time that it means.
  ///
  /// - Parameter text: The text.
  /// - Returns: The advice; `nil` if the meaning is unknown.
  package static func advice(for text: String) -> Advice? {
    if text.allSatisfy(\.isWhitespace) { return .leaveOut(text) }
    if isNoDate(ofDotNET: text) {
      return .leaveOut(text, if: ".NET writes it where there is no time; if so")
    }
    var reader = MeaningReader(text)
    return reader.advice()
  }

  /// Advice about a time that is a number.
  fileprivate static func epochAdvice(
    _ text: String = "write the date and time instead"
  ) -> Advice {
    Advice(text, forFiles: MappingAdvice.epoch.words)
  }

  /// Whether a text is the first day of the calendar as .NET writes it, `/Date(-62135596800000)/`,
  /// with or without an offset.
  private static func isNoDate(ofDotNET text: String) -> Bool {
    guard text.hasPrefix("/Date(-"), text.hasSuffix(")/"),
      let milliseconds = Int(text.dropFirst(7).prefix { $0.isASCII && $0.isNumber })
    else { return false }
    return 62_135_510_400_000...62_135_683_200_000 ~= milliseconds
  }

  /// The range in which a number of unknown unit is read as seconds since 1970: the years 1990 to
  /// 2199.
  ///
  /// Numbers outside of it are dates without hyphens, day numbers of spreadsheets, years or no
  /// times at all; as seconds, they would be in 1970 or in the far future.
  package static let likelySeconds = 631_152_000..<7_258_118_400

  /// Whether a number is probably a number of seconds since 1970.
  package static func isLikely(seconds number: Double) -> Bool {
    Double(likelySeconds.lowerBound) <= number && number < Double(likelySeconds.upperBound)
  }

  /// Advice about a time that is a number.
  ///
  /// - Parameter number: The number in decimal, as the source has it.
  /// - Returns: The advice.
  package static func advice(forNumber number: some StringProtocol) -> Advice {
    guard let value = Double(number) else { return epochAdvice() }
    // The message shows the time, so that a number that counts from another day is noticed.
    if let seconds = [value, value / 1e3].first(where: { isLikely(seconds: $0) }) {
      let time = UTCTime(secondsSince1970: Int(seconds.rounded(.down)))
      return epochAdvice(
        "as \(seconds == value ? "" : "milli")seconds since 1970 it is \(time.iso8601); write that")
    }
    if value == 0 { return .leaveOut(String(number)) }
    if 1900...2199 ~= value, value.rounded() == value {
      return "it looks like a year; the month and the day are missing"
    }
    if let text = dateWithoutHyphens(number) { return "it looks like a date; write \(text)" }
    if let text = dateOfSpreadsheet(value) {
      return "it looks like a spreadsheet's number for a date; write \(text)"
    }
    // .NET counts from the beginning of the year 1, and Windows from that of 1601; the constants
    // are the seconds from there to 1970.
    let forms: [(seconds: Double, name: String)] = [
      (value / 1e7 - 62_135_596_800, "ticks of .NET"),
      (value / 1e7 - 11_644_473_600, "a file time of Windows"),
      (value / 1e6, "microseconds since 1970"), (value / 1e9, "nanoseconds since 1970"),
    ]
    if let form = forms.first(where: { isLikely(seconds: $0.seconds) }) {
      return "it looks like \(form.name); write the date and time instead"
    }
    return """
      as seconds or milliseconds since 1970 it is not in the years 1990 to 2199; write the date and \
      time instead
      """
  }

  /// The date and time that a number such as 20240115 or 20240115101500 means.
  private static func dateWithoutHyphens(_ number: some StringProtocol) -> String? {
    let digits = Array(number.utf8)
    guard [8, 12, 14].contains(digits.count), digits.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
    var text = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))"
    if digits.count > 8 { text += "T\(part(8..<10)):\(part(10..<12))" }
    if digits.count > 12 { text += ":" + part(12..<14) }
    guard 1900...2199 ~= Int(part(0..<4)) ?? 0, Timestamp(text) != nil else { return nil }
    return text
  }

  /// The date and time of a spreadsheet's day number, which counts from 1899-12-30; `nil` if it is
  /// outside of the years 1990 to 2099.
  fileprivate static func dateOfSpreadsheet(_ days: Double) -> String? {
    guard 32_874..<73_051 ~= days else { return nil }
    // 1970-01-01 is day 25569.
    let time = UTCTime(secondsSince1970: Int(((days - 25_569) * 86_400).rounded()))
    return days.rounded() == days ? time.date.text : String(time.iso8601.dropLast())
  }
}

/// Reads texts that look like dates and times, in the forms that people and programs write.
private struct MeaningReader {
  private var rest: Substring
  /// The first reason why the text is not a timestamp.
  private var reason: String?
  /// Whether the text is a week without a day.
  private var isWeek = false
  /// Whether the text is a date whose year has two digits.
  private var hasShortYear = false

  init(_ text: String) {
    // Digits of other scripts and typographic hyphens are read as ASCII.
    let plain = String(
      text.map { character -> Character in
        if character.isASCII { return character }
        if let digit = character.wholeNumberValue, 0...9 ~= digit {
          return Character(String(digit))
        }
        let dashes: [Character] = [
          "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}",
        ]
        return dashes.contains(character) ? "-" : character
      })
    if plain != text { reason = "it has characters that only look like those of a date" }
    rest = plain[...].trimmed
    if rest.count != plain.count { note("there is white space around it") }
  }

  private mutating func note(_ reason: String) { if self.reason == nil { self.reason = reason } }

  mutating func advice() -> Advice? {
    if rest.hasPrefix("/Date(") { return Timestamp.epochAdvice() }
    guard let first = rest.first else { return nil }
    if first.isLetter { skipWeekday() }
    guard rest.first.map({ isDigit($0) || $0.isLetter }) == true else { return nil }
    let number = rest.drop { $0.isASCII && $0.isNumber }
    let isNumber = number.isEmpty || number.first == "." && number.dropFirst().allSatisfy(isDigit)
    let whole = rest.count - number.count
    // The advice if the digits are not a date and time without separators.
    let isOfSpreadsheet = isNumber && Double(rest).flatMap(Timestamp.dateOfSpreadsheet) != nil
    let ifNumber =
      isNumber && (whole > 8 || isOfSpreadsheet)
      ? Timestamp.advice(forNumber: rest) : nil
    guard let date = date() else {
      if let ifNumber { return ifNumber }
      if isNumber, whole == 4, number.isEmpty { return "the month and the day are missing" }
      if hasShortYear { return "the year has four digits" }
      return isYearAndMonth || isWeek ? "the day is missing" : nil
    }
    if let ifNumber, whole != 14 && whole != 12 { return ifNumber }
    guard 1...9999 ~= date.year, 1...12 ~= date.month else {
      return ifNumber ?? "there is no such date"
    }
    let days = CivilDate.dayCount(year: date.year, month: date.month)
    guard 1...days ~= date.day else {
      return ifNumber
        ?? "there is no such day: month \(date.month) of \(date.year) has \(days) days"
    }
    guard !rest.isEmpty else { return written(date, "") }
    guard let time = time() else { return ifNumber }
    switch (time.hour, time.minute, time.second) {
    case (24, 0, ""), (24, 0, "00"):
      guard time.fraction.allSatisfy({ $0 == "0" }) else { return "there is no such time of day" }
      note("midnight is the beginning of the next day")
      return written(
        CivilDate(dayNumber: date.dayNumber + 1), "T00:00\(time.second.isEmpty ? "" : ":00")",
        zone: time.zone)
    case (0...23, 0...59, "60"): return "there is no second 60; write 59"
    case (0...23, 0...59, ""), (0...23, 0...59, "00"..."59"): break
    default:
      return ifNumber ?? "there is no such time of day"
    }
    var text = "T\(time.hour.zeroPadded()):\(time.minute.zeroPadded())"
    if !time.second.isEmpty { text += ":" + time.second }
    if !time.fraction.isEmpty { text += "." + time.fraction }
    return written(date, text, zone: time.zone)
  }

  /// The advice to write a timestamp, after the reason; another explanation if it is not valid.
  private func written(_ date: CivilDate, _ time: String, zone: String = "") -> Advice? {
    let text = date.text + time + zone
    guard Timestamp(text) != nil else {
      guard date.year <= 9999 else { return "there is no such date" }
      return zone.isEmpty ? nil : "there is no such offset from UTC as \(zone)"
    }
    return "\(reason.map { $0 + "; " } ?? "")write \(text)"
  }

  // MARK: Dates

  private func isDigit(_ character: Character) -> Bool { character.isASCII && character.isNumber }

  /// Takes as many digits as there are, up to the upper bound; `nil` if there are too few.
  private mutating func digits(_ counts: ClosedRange<Int>) -> Substring? {
    let digits = rest.prefix(counts.upperBound).prefix(while: isDigit)
    guard digits.count >= counts.lowerBound else { return nil }
    rest = rest[digits.endIndex...]
    return digits
  }

  /// Takes a number of so many digits.
  private mutating func number(_ counts: ClosedRange<Int>) -> Int? {
    digits(counts).flatMap { Int($0) }
  }

  /// Takes the next character if it is one of some characters, and returns whether it is.
  private mutating func take(_ characters: String) -> Bool {
    guard let first = rest.first, characters.contains(first) else { return false }
    rest.removeFirst()
    return true
  }

  private var isYearAndMonth: Bool {
    rest.count == 7 && rest.prefix(4).allSatisfy(isDigit) && rest.suffix(2).allSatisfy(isDigit)
      && "-/.".contains(rest[rest.index(rest.startIndex, offsetBy: 4)])
  }

  private var digitsAhead: Int { rest.prefix(while: isDigit).count }

  private mutating func date() -> CivilDate? {
    let before = self
    if let date = digitsAhead >= 4 ? dateFromYear() : dateFromDay() { return date }
    let first = self
    self = before
    if let date = dateWithName() { return date }
    let isShort = first.hasShortYear || hasShortYear
    self = before
    isWeek = first.isWeek
    hasShortYear = isShort
    return nil
  }

  private mutating func dateFromYear() -> CivilDate? {
    let ahead = digitsAhead
    guard let year = number(4...4) else { return nil }
    if ahead == 7, let day = number(3...3) {
      return ordinal(year, day, "this is an ordinal date in the basic form of ISO 8601")
    }
    if ahead > 4 {
      guard ahead >= 8, let month = number(2...2),
        let day = number(2...2)
      else { return nil }
      note("this is the basic form of ISO 8601")
      return CivilDate(year: year, month: month, day: day)
    }
    let separator = rest.first
    if take("Ww") { return weekDate(year) }
    guard take("-/.") else { return nil }
    if take("Ww") { return weekDate(year) }
    if separator == "-", digitsAhead == 3, let day = number(3...3) {
      return ordinal(year, day, "this is an ordinal date")
    }
    guard let month = digits(1...2), take("-/."), let day = digits(1...2) else { return nil }
    if separator != "-" { note("a date has hyphens") }
    if month.count == 1 || day.count == 1 { note("months and days have two digits") }
    return CivilDate(year: year, month: Int(month) ?? 0, day: Int(day) ?? 0)
  }

  private mutating func weekDate(_ year: Int) -> CivilDate? {
    guard year > 0, let week = number(2...2), 1...53 ~= week else {
      return nil
    }
    _ = take("-")
    isWeek = rest.isEmpty
    guard let day = number(1...1), 1...7 ~= day else { return nil }
    note("this is a week date")
    // Week 1 is the week with January 4.
    let fourth = CivilDate(year: year, month: 1, day: 4)
    let monday = fourth.dayNumber - (fourth.weekday + 6) % 7
    return CivilDate(dayNumber: monday + (week - 1) * 7 + day - 1)
  }

  private mutating func ordinal(_ year: Int, _ day: Int, _ reason: String) -> CivilDate? {
    guard year > 0 else { return nil }
    note(reason)
    let first = CivilDate(year: year, month: 1, day: 1).dayNumber
    let last = CivilDate(year: year, month: 12, day: 31).dayNumber
    return day >= 1 && first + day - 1 <= last ? CivilDate(dayNumber: first + day - 1) : nil
  }

  /// Takes a year of four digits at the end of a date.
  private mutating func year() -> Int? {
    hasShortYear = digitsAhead == 2
    return number(4...4)
  }

  private mutating func dateFromDay() -> CivilDate? {
    guard let first = number(1...2), let separator = rest.first, take("-/."),
      let second = number(1...2), take(String(separator)),
      let year = year()
    else { return nil }
    note("a date begins with the year")
    if separator == "." || first > 12 { return CivilDate(year: year, month: second, day: first) }
    if second > 12 { return CivilDate(year: year, month: first, day: second) }
    // Either number may be the month.
    return nil
  }

  /// The months by the first three letters of their names, in English and German.
  private static let months = [
    "jan": 1, "feb": 2, "mar": 3, "mär": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
    "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12,
  ]
  private static let weekdays: Set = [
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "die", "mit", "don", "fre", "sam", "son",
  ]

  private mutating func letters() -> String {
    let word = rest.prefix(while: \.isLetter)
    rest = rest[word.endIndex...]
    return word.lowercased()
  }

  private mutating func skipSeparators() {
    rest = rest.drop { $0.isWhitespace || ",.-/".contains($0) }
  }

  /// Skips the name of a weekday, as at the beginning of a date in mail.
  private mutating func skipWeekday() {
    let before = rest
    let word = letters()
    guard word.count >= 3, Self.weekdays.contains(String(word.prefix(3))),
      rest.first.map({ !$0.isLetter }) == true
    else { return rest = before }
    note("a date has no day of the week")
    skipSeparators()
  }

  /// Reads a date with the name of a month, such as 2 Jan 2024 or Jan 2, 2024.
  private mutating func dateWithName() -> CivilDate? {
    func month(_ word: String) -> Int? {
      word.count < 3 ? nil : Self.months[String(word.prefix(3))]
    }
    var day = number(1...2)
    if day != nil { skipSeparators() }
    guard let month = month(letters()) else { return nil }
    skipSeparators()
    if day == nil {
      day = number(1...2)
      skipSeparators()
    }
    guard let day, let year = yearAtEnd() ?? year() else { return nil }
    note("a date has the number of the month, and begins with the year")
    return CivilDate(year: year, month: month, day: day)
  }

  /// Takes the year after the time, where C's `ctime` and the command `date` write it, as in
  /// Jan 15 10:15:00 2024.
  private mutating func yearAtEnd() -> Int? {
    let words = rest.split(whereSeparator: \.isWhitespace)
    guard words.count > 1, words[0].contains(":"), let last = words.last, last.count == 4,
      last.allSatisfy(isDigit), let year = Int(last)
    else { return nil }
    rest = rest[..<words[words.count - 2].endIndex]
    return year
  }

  // MARK: Times

  private struct Time {
    var hour: Int
    var minute: Int
    var second: Substring = ""
    var fraction: Substring = ""
    var zone = ""
  }

  private mutating func time() -> Time? {
    for separator in [",", "_", " - "] where rest.hasPrefix(separator) {
      rest.removeFirst(separator.count)
      note("a T or a space is between date and time")
    }
    if take("t") {
      note("the T before the time is a capital")
    } else if !take("T") {
      let before = rest.count
      rest = rest.drop(while: \.isWhitespace)
      if rest.count < before - 1 { note("there is more than one space before the time") }
    }
    let ahead = digitsAhead
    guard let hour = number(1...2) else { return nil }
    var time = Time(hour: hour, minute: 0)
    if ahead == 4 || ahead == 6 {
      note("this is the basic form of ISO 8601")
      guard let minute = number(2...2) else { return nil }
      time.minute = minute
      if ahead == 6 { time.second = digits(2...2) ?? "" }
    } else if take(":") {
      if ahead == 1 { note("hours have two digits") }
      guard let minute = number(2...2) else { return nil }
      time.minute = minute
      if take(":") {
        guard let second = digits(2...2) else { return nil }
        time.second = second
      }
    } else if ahead == 2, let (minute, second) = partsWithoutColons() {
      note("colons are between hours, minutes and seconds")
      time.minute = minute
      time.second = second
    } else {
      note("the minutes are missing")
    }
    if let mark = rest.first, !time.second.isEmpty, take(".,") {
      if mark == "," { note("fractions of a second follow a point") }
      time.fraction = rest.prefix(while: isDigit)
      if time.fraction.isEmpty { note("there are no digits after the point") }
      rest = rest[time.fraction.endIndex...]
    }
    return halfOfDay(&time) && zone(&time) && rest.isEmpty ? time : nil
  }

  /// Takes the minutes and seconds of a time that can be part of a file's name, such as 10-15-00 or
  /// 10.15.00.
  private mutating func partsWithoutColons() -> (minute: Int, second: Substring)? {
    let before = rest
    guard let separator = rest.first, take("-."), let minute = number(2...2),
      take(String(separator)), let second = digits(2...2)
    else {
      rest = before
      return nil
    }
    return (minute, second)
  }

  private mutating func halfOfDay(_ time: inout Time) -> Bool {
    let word = rest.drop(while: \.isWhitespace).prefix(2).lowercased()
    guard word == "am" || word == "pm" else { return true }
    rest = rest.drop(while: \.isWhitespace).dropFirst(2)
    guard 1...12 ~= time.hour else { return false }
    note("hours are 00 to 23")
    time.hour = time.hour % 12 + (word == "pm" ? 12 : 0)
    return true
  }

  private mutating func zone(_ time: inout Time) -> Bool {
    if let bracket = rest.firstIndex(of: "["), rest.last == "]" {
      note("the name of a time zone is not read")
      rest = rest[..<bracket]
    }
    let trimmed = rest.drop(while: \.isWhitespace)
    if trimmed.count < rest.count, !trimmed.isEmpty { note("no space is allowed before the zone") }
    rest = trimmed
    if rest.last == ")", let comment = rest.firstIndex(of: "(") {
      rest = rest[..<comment]
      while rest.last?.isWhitespace == true { rest.removeLast() }
    }
    for name in ["GMT", "UTC"] where rest.hasPrefix(name + "+") || rest.hasPrefix(name + "-") {
      rest.removeFirst(name.count)
    }
    guard let first = rest.first else { return true }
    let name = rest.lowercased()
    if name == "z" || name == "utc" || name == "gmt" {
      if rest != "Z" { note("UTC is written Z") }
      rest = ""
      time.zone = "Z"
      return true
    }
    guard take("+-"), let hours = digits(2...2) else { return false }
    time.zone = "\(first)\(hours)"
    if take(":") {
      guard let minutes = digits(2...2) else { return false }
      time.zone += ":\(minutes)"
    } else if let minutes = digits(2...2) {
      note("the offset has a colon")
      time.zone += ":\(minutes)"
    } else {
      note("the offset has hours and minutes")
      time.zone += ":00"
    }
    return true
  }
}
