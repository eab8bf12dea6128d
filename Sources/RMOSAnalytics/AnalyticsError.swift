/// An error of figures and cut lists that is not one of the store.
///
/// Programs can rely on ``code``, which is stable; ``message`` is for people.
public struct AnalyticsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for a kind of failure.
  ///
  /// Its raw value is the code's text, such as `option.invalid`.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String

    /// Creates a code.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// An option does not make sense, such as a negative length.
    public static let invalidOption = Code(rawValue: "option.invalid")

    /// The code's text.
    public var description: String { rawValue }
  }

  /// The kind of failure.
  public let code: Code
  /// A human-readable description: what was found, and what was expected.
  public let message: String

  /// The message.
  public var description: String { message }

  /// Creates an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension Analytics.Options {
  /// Checks that the options make sense.
  func check() throws(AnalyticsError) {
    try filter.check()
    guard outlierScore >= 0, outlierScore.isFinite else {
      throw AnalyticsError(
        .invalidOption, "the outlier score is \(outlierScore); expected a number of at least 0")
    }
    guard stuckAfterDays >= 0 else {
      throw AnalyticsError(
        .invalidOption, "jobs are stuck after \(stuckAfterDays) days; expected 0 or more")
    }
    if let listLimit, listLimit < 0 {
      throw AnalyticsError(
        .invalidOption, "the limit of lists is \(listLimit); expected 0 or more, or nil")
    }
  }
}

extension JobFilter {
  /// Checks that the first day is not after the last.
  func check() throws(AnalyticsError) {
    guard let from, let to, to < from else { return }
    throw AnalyticsError(.invalidOption, "the first day, \(from), is after the last, \(to)")
  }
}

extension CutList.Options {
  /// Checks that the options make sense.
  func check() throws(AnalyticsError) {
    guard count >= 1 else {
      throw AnalyticsError(
        .invalidOption, "the number of rosettes is \(count); expected at least 1")
    }
    for (name, number) in [("scrap", scrapPercent), ("width of a saw cut", kerfMM)] {
      guard number >= 0, number.isFinite else {
        throw AnalyticsError(
          .invalidOption, "the \(name) is \(number); expected a number of at least 0")
      }
    }
    if let stickMM, !(stickMM > 0 && stickMM.isFinite) {
      throw AnalyticsError(
        .invalidOption, "the length of the sticks is \(stickMM); expected a number above 0")
    }
  }
}
