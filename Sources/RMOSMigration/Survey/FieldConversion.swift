import RMOSModels

/// The conversion of the values of a member to those of a field.
struct FieldConversion {
  /// The form that a mapping converts; `nil` if values are taken unchanged.
  var form: MappingConversion.Single.Form?
  var hasDecimalComma = false
  /// Whether the field is the number of elements.
  var isCount = false
  /// Words, and the values that replace them; `nil` if they mean that there is no value.
  var values: [(word: String, value: String?)] = []
  /// The reason for the conversion, as a clause.
  var reason: String?

  var isNeeded: Bool { form != nil || isCount || !values.isEmpty }

  /// Whether one conversion can do for both: a conversion leaves values unchanged that need none,
  /// unless they are numbers in another unit.
  func isCompatible(with other: FieldConversion) -> Bool {
    if isCount || other.isCount { return false }
    if form == other.form { return hasDecimalComma == other.hasDecimalComma }
    return (form == nil || other.form == nil) && form != .inches && other.form != .inches
  }

  /// Whether the values of a member can be those of a field.
  enum Fit {
    /// Most of them can, after a conversion.
    case certain(FieldConversion)
    /// They may mean several things, as the value says.
    case unclear(String)
    /// Most of them cannot.
    case none
  }

  /// Finds the conversion of a member's values to those of a field.
  ///
  /// - Parameters:
  ///   - profile: The member's values.
  ///   - field: The field.
  ///   - inInches: Whether the values are in inches.
  ///   - decimals: The signs of decimal points and commas around the member.
  /// - Returns: Whether the values fit, and the conversion.
  static func fit(
    of profile: MemberProfile, to field: FieldSchema, inInches: Bool, _ decimals: DecimalSigns
  ) -> Fit {
    let isText = if case .text = field.type { true } else { false }
    guard !isText, profile.emptyTexts > 0 else {
      return fit(of: profile, profile.givenCount, to: field, inInches: inInches, decimals)
    }
    var result = FieldConversion()
    if profile.emptyTexts < profile.givenCount {
      let others = profile.givenCount - profile.emptyTexts
      let fit = self.fit(of: profile, others, to: field, inInches: inInches, decimals)
      guard case .certain(let conversion) = fit, !conversion.isCount else { return fit }
      result = conversion
    }
    result.values.append(("", nil))
    result.reason = [result.reason, "empty text is taken for nothing"].compactMap { $0 }
      .joined(separator: "; ")
    return .certain(result)
  }

  /// Finds the conversion, given the number of values that are not empty.
  private static func fit(
    of profile: MemberProfile, _ given: Int, to field: FieldSchema, inInches: Bool,
    _ decimals: DecimalSigns
  ) -> Fit {
    func type(_ type: SurveyReport.ValueType) -> Int { profile.types[type, default: 0] }
    func most(_ count: Int) -> Bool { count * 2 >= given && count > 0 }
    switch field.type {
    case .text(let rule):
      guard most(type(.text) + type(.number)) else { return .none }
      if !rule.knownValues.isEmpty, rule.unknownValue == .error {
        return words(of: profile, known: rule.knownValues)
      }
      if field.member == "id", profile.pointNumbers > 0 {
        return .unclear(numbersWithPoint(profile))
      }
      // The decoder takes ids that are integers.
      guard type(.number) > 0, field.member != "id" else { return .certain(FieldConversion()) }
      return .certain(FieldConversion(form: .text, reason: "numbers become text"))
    case .reference:
      guard most(type(.text) - profile.emptyTexts + type(.number)) else { return .none }
      guard type(.number) > 0 else { return .certain(FieldConversion()) }
      if profile.pointNumbers > 0 { return .unclear(numbersWithPoint(profile)) }
      return .certain(FieldConversion(form: .text, reason: "ids that are numbers become text"))
    case .integer, .real:
      if case .integer = field.type, most(type(.list)) {
        guard profile.scalarLists == 0 else {
          // The only element may be the number.
          if profile.onlyElement != nil { return .none }
          return .unclear(
            "its lists hold plain values, which may be the number or what is to be counted: "
              + profile.sample)
        }
        return .certain(FieldConversion(isCount: true, reason: "its elements are counted"))
      }
      let inText =
        profile.numbersInText + profile.commaNumbersInText + profile.groupedNumbersInText
      guard most(type(.number) + inText) else { return .none }
      return numbers(of: profile, inInches: inInches, decimals)
    case .timestamp:
      let times = profile.timestamps + profile.epochSeconds + profile.epochMilliseconds
      guard times + profile.noTimesCount > 0, times * 2 >= given - profile.noTimesCount else {
        return .none
      }
      return .certain(self.times(of: profile))
    case .json(let shape, _, _):
      let (values, texts) =
        shape == .object
        ? (type(.object), profile.objectsInText) : (type(.list), profile.listsInText)
      guard most(values + texts) else { return .none }
      guard texts > 0 else { return .certain(FieldConversion()) }
      return .certain(FieldConversion(form: .json, reason: "JSON is written as text"))
    }
  }

  private static func numbersWithPoint(_ profile: MemberProfile) -> String {
    "its numbers are written with a point, which text would keep: \(profile.sample)"
  }

  /// Finds the conversion of numbers that may be written as text, or be in inches.
  ///
  /// The member's own signs of decimal points or commas count before those around it.
  private static func numbers(
    of profile: MemberProfile, inInches: Bool, _ decimals: DecimalSigns
  ) -> Fit {
    let own = profile.decimals
    let isOpen = own.comma == nil && own.point == nil
    if let comma = own.comma ?? (isOpen ? decimals.comma : nil),
      isOpen ? profile.unclearPointsInText > 0 : profile.pointNumbersInText > 0
    {
      return .unclear(
        "its points may separate thousands, since there is \(Violation.quoted(comma)): "
          + profile.sample)
    }
    let grouped = profile.groupedNumbersInText
    if grouped > 0, own.comma != nil || grouped > profile.numbersInText {
      return .unclear(
        "its numbers have separators between thousands, which no conversion reads: "
          + profile.sample)
    }
    let hasComma = isOpen ? decimals.comma != nil && decimals.point == nil : own.comma != nil
    if profile.unclearCommasInText > 0, isOpen, !hasComma {
      return .unclear(
        "its commas may stand for the decimal point or separate thousands: \(profile.sample)")
    }
    let isComma =
      hasComma && profile.commaNumbersInText > 0 && profile.pointNumbersInText == 0
    var result = FieldConversion(hasDecimalComma: isComma)
    if inInches {
      result.form = .inches
    } else if profile.numbersInText + profile.commaNumbersInText > 0 {
      result.form = .number
      result.reason =
        "numbers are written as text" + (isComma ? ", with a comma for the point" : "")
    }
    return .certain(result)
  }

  /// Finds the conversion of times that may be numbers.
  ///
  /// The conversion goes by their size, so that a number that is no likely time stays a number, and
  /// is refused.
  private static func times(of profile: MemberProfile) -> FieldConversion {
    var result = FieldConversion()
    var clauses: [String] = []
    let units = [
      profile.epochSeconds > 0 ? "seconds" : nil,
      profile.epochMilliseconds > 0 ? "milliseconds" : nil,
    ].compactMap { $0 }
    if !units.isEmpty {
      result.form = .epoch
      clauses.append("numbers of that size are \(units.joined(separator: " or ")) since 1970")
    }
    if !profile.noTimes.isEmpty {
      let shown = profile.noTimes.joined(separator: " and ")
      clauses.append("\(shown) \(profile.noTimes.count == 1 ? "is" : "are") taken for no time")
      result.values = profile.noTimes.map { ($0, nil) }
    }
    result.reason = clauses.isEmpty ? nil : clauses.joined(separator: "; ")
    return result
  }

  /// Finds the conversion of words to known ones.
  private static func words(of profile: MemberProfile, known: [String]) -> Fit {
    guard profile.hasAllWords else { return .none }
    var values: [(word: String, value: String?)] = []
    var (clauses, unknown): ([String], [String]) = ([], [])
    for word in profile.words {
      let text = String(decoding: word, as: UTF8.self)
      if known.contains(text) { continue }
      if let value = KnownValues.named(text, among: known) {
        values.append((text, value))
        clauses.append("\(Violation.quoted(text)) is taken for \(value)")
      } else {
        unknown.append(Violation.quoted(text))
      }
    }
    guard unknown.count < profile.words.count else { return .none }
    clauses = Array(clauses.prefix(6))
    if !unknown.isEmpty {
      clauses.append("\(unknown.prefix(6).joined(separator: ", ")) is not understood")
    }
    return .certain(
      FieldConversion(
        values: values, reason: clauses.isEmpty ? nil : clauses.joined(separator: ", ")))
  }
}
