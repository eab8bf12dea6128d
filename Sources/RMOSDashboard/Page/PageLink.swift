import RMOSModels
import RMOSSystem

/// The addresses of pages.
enum PageLink {
  /// How long a path with its query may be in a link; servers refuse request lines that are
  /// longer.
  static let longestLink = 12_000

  /// Where an entity's page is; nil where no link can be that long.
  static func link(to kind: EntityKind, id: String) -> String? {
    // Browsers take these for steps in a path, however they are escaped.
    let isStep = id.isEmpty || id == "." || id == ".."
    let link = "/\(kind.pathName)\(isStep ? "?id=" : "/")\(id.percentEncoded.dotsEscaped(isStep))"
    return link.utf8.count <= longestLink ? link : nil
  }

  /// A page of a kind's list with parameters.
  static func link(to kind: EntityKind, _ parameters: [(String, String)]) -> String? {
    let query = parameters.map { "\($0.0)=\($0.1.percentEncoded)" }.joined(separator: "&")
    let link = "/\(kind.pathName)" + (query.isEmpty ? "" : "?\(query)")
    return link.utf8.count <= longestLink ? link : nil
  }
}

extension String {
  fileprivate func dotsEscaped(_ isNeeded: Bool) -> String {
    isNeeded ? String(repeating: "%2E", count: utf8.count) : self
  }
}

extension EntityKind {
  /// The order in which pages show the kinds.
  static let pageOrder: [EntityKind] = [.patterns, .stripFamilies, .joblogs]
}
