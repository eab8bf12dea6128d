import RMOSHTML
import RMOSModels
import RMOSSystem

/// The URLs of pages.
enum PageLink {
  /// The maximum length of a path with its query; servers refuse longer request lines.
  static let longestLink = 12_000

  /// The URL of an entity's page; `nil` if it would be too long, or lead to another entity.
  static func link(to kind: EntityKind, id: String) -> String? {
    if id.mayBeBroken { return nil }
    // Browsers resolve the segments . and .., even if they are escaped.
    let isStep = id.isEmpty || id == "." || id == ".."
    let link = "/\(kind.pathName)\(isStep ? "?id=" : "/")\(id.percentEncoded.dotsEscaped(isStep))"
    return link.utf8.count <= longestLink ? link : nil
  }

  /// The URL of a kind's list with parameters; `nil` if it would be too long.
  static func link(to kind: EntityKind, _ parameters: [(String, String)]) -> String? {
    link(to: "/\(kind.pathName)", parameters)
  }

  /// The URL of a path with parameters; `nil` if it would be too long.
  static func link(to path: String, _ parameters: [(String, String)]) -> String? {
    let query = parameters.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&")
    let link = path + (query.isEmpty ? "" : "?\(query)")
    return link.utf8.count <= longestLink ? link : nil
  }

  /// The URL of a run's page.
  static func run(_ id: Int64) -> String { "/runs/\(id)" }

  /// "run 12", linked if the ledger has it.
  static func name(ofRun id: Int64, isThere: Bool) -> HTML {
    isThere ? "<a href=\"\(run(id))\">run \(id)</a>" : "run \(id)"
  }
}

extension String {
  /// Whether the text may come from bytes that are not UTF-8, so that it differs from the stored
  /// id.
  var mayBeBroken: Bool { unicodeScalars.contains("\u{FFFD}") }

  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}
