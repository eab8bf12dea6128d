extension MigrationSummary {
  /// The report of the run as a JSON object, as ``JSONReportFormat`` writes it, without a line
  /// break at its end.
  ///
  /// O(number of issues kept).
  public var json: String { json(as: JSONReportFormat()) }

  /// The report of a run that an error ended: as ``json``, with `error` (`code` and `message`).
  public func json(errorCode: String, message: String) -> String {
    json(as: JSONReportFormat(errorCode: errorCode, message: message))
  }

  private func json(as format: JSONReportFormat) -> String {
    var text = MigrationReport(of: self).text(as: format)
    text.removeLast()
    return text
  }
}
