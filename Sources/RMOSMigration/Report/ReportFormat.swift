/// A way to write a report.
///
/// ```swift
/// let report = try MigrationReport(ofRun: nil, in: store)
/// var page = ""
/// HTMLReportFormat().write(report, to: &page)
/// ```
public protocol ReportFormat: Sendable {
  /// The format's name, which is also the ending of its files: `json`.
  var fileExtension: String { get }

  /// Writes the whole report, with a line break at its end.
  func write(_ report: MigrationReport, to stream: inout some TextOutputStream)
}
