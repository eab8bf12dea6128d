import RMOSModels

/// The text of a line that tells how far a migration is.
enum ProgressBar {
  /// The state to show.
  struct State {
    var label: String
    /// Entities so far.
    var entities: Int
    /// 0 to 1; nil where the whole is not known.
    var fraction: Double?
    /// Since the start.
    var seconds: Double
  }

  /// The line, narrower than `width` columns.
  ///
  /// What does not fit is left out, the bar first.
  static func line(_ state: State, width: Int) -> String {
    var parts: [String] = []
    if let fraction = state.fraction {
      parts.append(TerminalText.padded("\(Int(fraction * 100)) %", to: 5, left: true))
    }
    parts.append(TerminalText.counted(state.entities, "entity", "entities"))
    if state.seconds >= 0.5 {
      parts.append(TerminalText.grouped(Int(Double(state.entities) / state.seconds)) + "/s")
      if let fraction = state.fraction, fraction > 0.01, fraction < 1 {
        parts.append(duration(state.seconds / fraction * (1 - fraction)) + " left")
      }
    }
    var line = TerminalText.padded(state.label, to: 14, left: false)
    let facts = parts.joined(separator: "  ")
    let room = min(40, width - 1 - line.count - facts.count - 6)
    if let fraction = state.fraction, room >= 10 {
      let full = min(room, max(0, Int(fraction * Double(room))))
      line += " [" + String(repeating: "#", count: full)
      line += String(repeating: ".", count: room - full) + "]"
    }
    return String((line + "  " + facts).prefix(max(0, width - 1)))
  }

  /// `4:05`, `1:02:03`.
  static func duration(_ seconds: Double) -> String {
    let whole = Int(min(max(0, seconds), 359_999).rounded(.up))
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    return hours > 0
      ? "\(hours):\(two(minutes)):\(two(whole % 60))" : "\(minutes):\(two(whole % 60))"
  }
}
