import RMOSHTTP
import RMOSModels
import RMOSSystem

extension RequestTarget {
  /// A parameter as a whole number.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 where it is none, out of range or given twice.
  func integer(_ name: String, in range: ClosedRange<Int>, default standIn: Int) throws -> Int {
    guard let text = try parameter(name) else { return standIn }
    guard let number = text.wholeNumber, let number = Int(exactly: number), range.contains(number)
    else { throw HTTPRefusal(notWhole: name, in: range, found: text) }
    return number
  }

  /// The value of a parameter; nil where it is not given.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 where it is given twice.
  func parameter(_ name: String) throws -> String? {
    let values = parameters.filter { $0.name == name }
    guard values.count < 2 else { throw HTTPRefusal(422, "‘\(name)’ is given twice") }
    return values.first?.value
  }

  /// Refuses a parameter that means nothing here: what it was to do would silently not be done.
  ///
  /// - Throws: ``HTTPRefusal`` with 422.
  func checkParameters(_ known: [String]) throws {
    guard let unknown = parameters.first(where: { !known.contains($0.name) }) else { return }
    throw HTTPRefusal(422, Self.unknownParameter(unknown.name, known: known))
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

extension HTTPRefusal {
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
}
