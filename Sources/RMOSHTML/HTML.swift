import RMOSModels
import RMOSSystem

/// A fragment of HTML in which text is always escaped.
///
/// A literal is markup. Interpolated values are text unless they are fragments themselves:
///
/// ```swift
/// let row: HTML = "<td>\(issue.message)</td>"  // a message of <b> becomes &lt;b&gt;
/// ```
///
/// Attributes must be in double quotes. Characters that could control or reorder the text are shown
/// as `\u{…}`.
package struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
  /// The markup.
  package private(set) var markup: String

  /// Creates a fragment from markup.
  package init(stringLiteral markup: String) { self.markup = markup }

  /// Creates a fragment from an interpolated literal.
  package init(stringInterpolation: StringInterpolation) { markup = stringInterpolation.markup }

  /// Creates a fragment from text.
  package init(text: String) { markup = HTML.escaped(text) }

  /// Creates a fragment from a sequence of fragments.
  package init(_ pieces: some Sequence<HTML>) {
    markup = pieces.reduce(into: "") { $0 += $1.markup }
  }

  /// Concatenates two fragments.
  package static func + (left: HTML, right: HTML) -> HTML { "\(left)\(right)" }

  /// Returns a text with all special characters escaped, for elements and quoted attributes.
  package static func escaped(_ text: String) -> String {
    if text.allBytesSatisfy({ $0.isPrintableASCII && !isSpecial($0) }) { return text }
    let bytes = Array(PlainText.escaped(text).utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count + 16)
    var (start, index) = (0, 0)
    while index < bytes.count {
      let byte = bytes[index]
      if isSpecial(byte) {
        result += bytes[start..<index]
        result += entity(byte).utf8
        start = index + 1
      }
      index += 1
    }
    result += bytes[start...]
    return String(decoding: result, as: UTF8.self)
  }

  // Literals, since `UInt8(ascii:)` is a function call for each byte in debug builds.
  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte == 0x26 || byte == 0x3C || byte == 0x3E || byte == 0x22 || byte == 0x27
  }

  private static func entity(_ special: UInt8) -> String {
    switch special {
    case UInt8(ascii: "&"): "&amp;"
    case UInt8(ascii: "<"): "&lt;"
    case UInt8(ascii: ">"): "&gt;"
    case UInt8(ascii: "\""): "&quot;"
    default: "&#39;"
    }
  }

  /// Collects a literal and its interpolated values.
  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var markup = ""

    /// Creates an empty interpolation.
    package init(literalCapacity: Int, interpolationCount: Int) {
      markup.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    /// Adds markup.
    package mutating func appendLiteral(_ literal: String) { markup += literal }
    /// Adds text, escaped.
    package mutating func appendInterpolation(_ text: String) { markup += HTML.escaped(text) }
    /// Adds a number.
    package mutating func appendInterpolation(_ number: some BinaryInteger) {
      markup += String(number)
    }
    /// Adds a fragment.
    package mutating func appendInterpolation(_ piece: HTML) { markup += piece.markup }
    /// Adds fragments.
    package mutating func appendInterpolation(_ pieces: [HTML]) {
      for piece in pieces { markup += piece.markup }
    }
  }
}
