import RMOSSystem
import RMOSModels

/// A request's path and query, taken apart and percent-decoded.
struct RequestTarget: Sendable, Hashable {
  /// A segment of the path.
  struct Segment: Sendable, Hashable {
    /// As received.
    var raw: String
    /// Percent-decoded.
    var text: String
  }

  /// A parameter of the query.
  struct Parameter: Sendable, Hashable {
    /// Its name.
    var name: String
    /// Its value, empty where it has none.
    var value: String
  }

  /// Why a target cannot be understood.
  struct Malformed: Error { var detail: String }

  /// What stands between the slashes of the path.
  ///
  /// Decoded after it was split, so that an id may hold a slash.
  var segments: [Segment]
  /// The parameters of the query, decoded as forms encode them, in order.
  var parameters: [Parameter]
  /// The query as received, with its question mark; empty where there is none.
  private(set) var query: String

  /// Takes a target in origin form apart.
  init(_ target: String) throws(Malformed) {
    let bytes = Array(target.utf8.prefix { $0 != UInt8(ascii: "#") })
    guard bytes.first == UInt8(ascii: "/") else {
      throw Malformed(detail: "the request target must be a path that begins with /")
    }
    let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
    segments = []
    for part in bytes[1..<(mark ?? bytes.count)].split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    {
      segments.append(
        Segment(
          raw: String(decoding: part, as: UTF8.self), text: try Self.decoded(part, "path")))
    }
    parameters = []
    query = mark.map { String(decoding: bytes[$0...], as: UTF8.self) } ?? ""
    guard let mark else { return }
    for part in bytes[(mark + 1)...].split(separator: UInt8(ascii: "&")) {
      let halves = part.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
      ).map { half in half.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 } }
      parameters.append(
        Parameter(
          name: try Self.decoded(halves[0][...], "query"),
          value: halves.count > 1 ? try Self.decoded(halves[1][...], "query") : ""))
    }
  }

  private static func decoded(
    _ part: ArraySlice<UInt8>, _ place: String
  ) throws(Malformed) -> String {
    guard let bytes = ASCII.percentDecoded(part) else {
      throw Malformed(
        detail: "the \(place) holds a % that two hexadecimal digits do not follow; "
          + "write %25 for the sign itself")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Malformed(detail: "the \(place) is not UTF-8 where it is percent-decoded")
    }
    return text
  }
}

extension RequestTarget {
  /// A parameter as a whole number.
  ///
  /// - Throws: ``Refusal`` with 422 where it is none, out of range or given twice.
  func integer(_ name: String, in range: ClosedRange<Int>, default standIn: Int) throws -> Int {
    guard let text = try parameter(name) else { return standIn }
    guard let number = text.wholeNumber, let number = Int(exactly: number), range.contains(number)
    else { throw Refusal(notWhole: name, in: range, found: text) }
    return number
  }

  /// The value of a parameter; nil where it is not given.
  ///
  /// - Throws: ``Refusal`` with 422 where it is given twice.
  func parameter(_ name: String) throws -> String? {
    let values = parameters.filter { $0.name == name }
    guard values.count < 2 else { throw Refusal(422, "‘\(name)’ is given twice") }
    return values.first?.value
  }

  /// Refuses a parameter that means nothing here: what it was to do would silently not be done.
  ///
  /// - Throws: ``Refusal`` with 422.
  func checkParameters(_ known: [String]) throws {
    guard let unknown = parameters.first(where: { !known.contains($0.name) }) else { return }
    throw Refusal(422, Self.unknownParameter(unknown.name, known: known))
  }

  /// What is said of a parameter that is not known.
  static func unknownParameter(_ name: String, known: [String]) -> String {
    let way: String
    if known.isEmpty {
      way = "this takes none"
    } else if let meant = Suggestion.nearest(to: name, among: known) {
      way = "did you mean ‘\(meant)’?"
    } else {
      way = "known: \(known.joined(separator: ", "))"
    }
    return "‘\(name.shortened)’ is not a query parameter here; \(way)"
  }
}

extension Refusal {
  /// A number that is none, or out of range.
  init(notWhole name: String, in range: ClosedRange<Int>, found text: String) {
    self.init(
      422,
      "‘\(name)’ must be a whole number from \(range.lowerBound) to \(range.upperBound), "
        + "found “\(text.shortened)”")
  }
}

extension String {
  /// The number that the text is, in decimal digits alone; `nil` if it is none or too large.
  var wholeNumber: Int64? {
    !isEmpty && utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int64(self) : nil
  }
}

extension RequestTarget {
  /// The target without the slashes at the end of its path; `nil` if there are none.
  ///
  /// It begins with one slash whatever was asked, so that no client takes it for another host.
  var withoutTrailingSlash: String? {
    guard segments.count > 1, segments.last?.raw.isEmpty == true else { return nil }
    let kept = segments.reversed().drop { $0.raw.isEmpty }.reversed().drop { $0.raw.isEmpty }
    guard !kept.isEmpty else { return nil }
    return "/" + kept.map(\.raw).joined(separator: "/") + query
  }
}

extension RequestTarget {
  /// The segments of a page's path, decoded; none for `/`, and none for a slash at the end.
  var pagePath: [String] {
    let texts = segments.map(\.text)
    return segments.last?.raw.isEmpty == true ? texts.dropLast() : texts
  }

  /// The last value of a parameter, as pages take it; nil where it is absent.
  subscript(name: String) -> String? { parameters.last { $0.name == name }?.value }
}

extension String {
  /// An id as the segment of an entity's path.
  ///
  /// Dots alone are a step in a path to many clients, but to most of them only as plain dots.
  var pathSegment: String {
    switch self {
    case ".", "..": String(repeating: "%2E", count: utf8.count)
    case "statistics": "%73tatistics"
    default: percentEncoded
    }
  }

  /// At most 120 Unicode scalars of the text.
  var shortened: String {
    let shown = unicodeScalars.prefix(120)
    return shown.endIndex == endIndex ? self : String(shown) + "…"
  }
}
