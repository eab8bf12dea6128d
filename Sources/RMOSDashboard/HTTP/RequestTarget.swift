import RMOSSystem

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
    let isNumber = !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
    guard isNumber, let number = Int(text), range.contains(number) else {
      let expected =
        range.upperBound == .max
        ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
      throw Refusal(
        422, "‘\(name)’ must be a whole number \(expected), found “\(text.shortened)”")
    }
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
  /// At most 120 Unicode scalars of the text.
  var shortened: String {
    let shown = unicodeScalars.prefix(120)
    return shown.endIndex == endIndex ? self : String(shown) + "…"
  }
}
