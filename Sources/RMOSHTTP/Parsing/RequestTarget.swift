import RMOSSystem

/// A request's path and query, split and percent-decoded.
package struct RequestTarget: Sendable, Hashable {
  /// A segment of the path.
  package struct Segment: Sendable, Hashable {
    /// The segment as received.
    package var raw: String
    /// The segment, percent-decoded.
    package var text: String
  }

  /// A parameter of the query.
  package struct Parameter: Sendable, Hashable {
    /// The name.
    package var name: String
    /// The value; empty if there is none.
    package var value: String
  }

  /// The segments of the path, decoded after splitting, so that an id may contain a slash.
  package var segments: [Segment]
  /// The parameters of the query, decoded as forms encode them, in order.
  package var parameters: [Parameter]
  /// The query as received, with its question mark; empty if there is none.
  package private(set) var query: String

  /// Parses a target in origin form.
  ///
  /// - Throws: ``HTTPRefusal`` with 400.
  package init(_ target: String) throws(HTTPRefusal) {
    let bytes = Array(target.utf8.prefix { $0 != UInt8(ascii: "#") })
    guard bytes.first == UInt8(ascii: "/") else {
      throw .malformed("the request target must be a path beginning with /")
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
  ) throws(HTTPRefusal) -> String {
    guard let bytes = ASCII.percentDecoded(part) else {
      throw .malformed(
        "the \(place) has a % that is not followed by two hexadecimal digits; "
          + "write %25 for the character itself")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed("the \(place) is not UTF-8 after percent-decoding")
    }
    return text
  }
}
