/// How grave an issue is.
public enum Severity: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
  /// Worth knowing; nothing is wrong.
  case info
  /// Odd, but kept.
  case warning
  /// Refused.
  case error

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }

  /// Orders by gravity.
  public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
}
