import RMOSHTTP
import RMOSModels
import RMOSSystem

extension RequestTarget {
  /// A parameter as a whole number.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 if it is not a number, out of range or given twice.
  func integer(_ name: String, in range: ClosedRange<Int>, default defaultValue: Int) throws -> Int
  {
    try parameter(name, Self.wholeNumber(in: range)) { text in
      text.wholeNumber.flatMap { Int(exactly: $0) }.flatMap { range.contains($0) ? $0 : nil }
    } ?? defaultValue
  }

  /// The description of a whole number in a range.
  static func wholeNumber(in range: ClosedRange<Int>) -> String {
    "a whole number from \(range.lowerBound) to \(range.upperBound)"
  }

  /// A parameter as a value of a closed set.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 if `read` returns `nil`, or if it is given twice.
  func choice<Choice>(
    _ name: String, of known: @autoclosure () -> [String], _ read: (String) -> Choice?
  ) throws -> Choice? {
    try parameter(name, "one of \(known().joined(separator: ", "))", read)
  }

  /// The interpreted value of a parameter; `nil` if it is not given.
  ///
  /// - Parameters:
  ///   - name: The parameter's name.
  ///   - expected: The values that are accepted, in words.
  ///   - read: Interprets the parameter's text; `nil` if it is not accepted.
  /// - Returns: The value that `read` returns.
  /// - Throws: ``HTTPRefusal`` with 422 if `read` returns `nil`, or if it is given twice.
  func parameter<Meaning>(
    _ name: String, _ expected: @autoclosure () -> String, _ read: (String) throws -> Meaning?
  ) throws -> Meaning? {
    guard let text = try parameter(name) else { return nil }
    guard let meaning = try read(text) else {
      throw HTTPRefusal(name, mustBe: expected(), found: text)
    }
    return meaning
  }

  /// The value of a parameter; `nil` if it is not given.
  ///
  /// - Throws: ``HTTPRefusal`` with 422 if it is given twice.
  func parameter(_ name: String) throws -> String? {
    let values = parameters.filter { $0.name == name }
    guard values.count < 2 else { throw HTTPRefusal(422, "\"\(name)\" is given twice") }
    return values.first?.value
  }

  /// Refuses unknown parameters, which would otherwise be ignored silently.
  ///
  /// - Throws: ``HTTPRefusal`` with 422.
  func checkParameters(_ known: [String]) throws {
    guard let unknown = parameters.first(where: { !known.contains($0.name) }) else { return }
    throw HTTPRefusal(422, Self.unknownParameter(unknown.name, known: known))
  }

  /// The message about an unknown parameter.
  static func unknownParameter(_ name: String, known: [String]) -> String {
    let hint: String
    if known.isEmpty {
      hint = "there are none"
    } else if let meant = Suggestion.nearest(to: name, among: known) {
      hint = "did you mean \"\(meant)\"?"
    } else {
      hint = "known: \(known.joined(separator: ", "))"
    }
    return "\"\(name.shortened)\" is not a query parameter here; \(hint)"
  }

  /// The target without trailing slashes in its path; `nil` if there are none.
  ///
  /// It begins with exactly one slash: after two, clients expect a host.
  var withoutTrailingSlash: String? {
    guard segments.count > 1, segments.last?.raw.isEmpty == true else { return nil }
    let kept = segments.reversed().drop { $0.raw.isEmpty }.reversed().drop { $0.raw.isEmpty }
    guard !kept.isEmpty else { return nil }
    return "/" + kept.map(\.raw).joined(separator: "/") + query
  }

  /// The segments of a page's path, decoded, without an empty one at the end; none for `/`.
  var pagePath: [String] {
    let texts = segments.map(\.text)
    return segments.last?.raw.isEmpty == true ? texts.dropLast() : texts
  }

  /// The last value of a parameter, which pages use; `nil` if it is absent.
  subscript(name: String) -> String? { parameters.last { $0.name == name }?.value }
}

extension HTTPRefusal {
  /// Creates the refusal of a parameter's value.
  init(_ name: String, mustBe expected: String, found text: String) {
    self.init(422, "\"\(name)\" must be \(expected), found \"\(text.shortened)\"")
  }
}

extension String {
  /// An id as a segment of an entity's path.
  ///
  /// Clients resolve the segments `.` and `..`, most of them only if they are not escaped; and
  /// `statistics` is the path of the kind's statistics.
  var pathSegment: String {
    switch self {
    case ".", "..": String(repeating: "%2E", count: utf8.count)
    case "statistics": "%73tatistics"
    default: percentEncoded
    }
  }
}
