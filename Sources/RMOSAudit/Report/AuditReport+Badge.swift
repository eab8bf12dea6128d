import RMOSModels

extension AuditReport {
  /// The verdict as a status badge, in the JSON that Shields takes from an endpoint.
  ///
  /// Source of the format: <https://shields.io/badges/endpoint-badge>.
  ///
  /// ```swift
  /// report.badge  // {"schemaVersion":1,"label":"RMOS audit","message":"sound","color":"brightgreen"}
  /// ```
  public var badge: String {
    let (message, color) =
      switch verdict {
      case .sound: ("sound", "brightgreen")
      case .warnings: (Self.count(warningCount, "warning"), "yellow")
      case .errors: (Self.count(errorCount, "error"), "red")
      case .notChecked: ("not fully checked", "lightgrey")
      }
    var writer = JSONWriter()
    writer.object {
      $0.member("schemaVersion", 1)
      $0.member("label", "RMOS audit")
      $0.member("message", message)
      $0.member("color", color)
      if verdict == .errors { $0.member("isError", true) }
    }
    return writer.text
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(PlainText.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
  }
}
