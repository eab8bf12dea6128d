/// The overall result of a check, in one word.
public enum Verdict: String, Sendable, Hashable {
  /// No errors and no warnings.
  case sound
  /// Warnings, but no errors.
  case warnings
  /// Errors.
  case errors
  /// No errors, but not everything that could hold errors was checked.
  case notChecked = "not_checked"

  /// Creates the verdict for the numbers of errors and warnings; `isWhole` is whether everything
  /// that could hold errors was checked.
  package init(errors: Int, warnings: Int, isWhole: Bool = true) {
    self = errors > 0 ? .errors : !isWhole ? .notChecked : warnings > 0 ? .warnings : .sound
  }

  /// The verdict as a symbol.
  package var sign: String {
    switch self {
    case .sound: "✓"
    case .warnings: "!"
    case .errors: "✗"
    case .notChecked: "?"
    }
  }

  /// The verdict in words, such as "sound, with 2 warnings".
  ///
  /// "0 warnings" is said only if everything was checked.
  package func words(errors: Int, warnings: Int, isWhole: Bool) -> String {
    let warned = PlainText.counted(warnings, "warning")
    return switch self {
    case .sound: "sound"
    case .warnings: "sound, with \(warned)"
    case .errors:
      "not sound: \(PlainText.counted(errors, "error"))"
        + (isWhole || warnings > 0 ? ", \(warned)" : "") + (isWhole ? "" : "; not fully checked")
    case .notChecked: warnings > 0 ? "not fully checked, with \(warned)" : "not fully checked"
    }
  }
}
