import RMOSModels
import RMOSSystem

/// A fragment of a page, in which text is always escaped.
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

  /// The text with all special characters escaped, for elements and quoted attributes.
  package static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ $0.isPrintableASCII && !isSpecial($0) }) { return text }
    let text = PlainText.escaped(text)
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count + 16)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): result.append(contentsOf: "&amp;".utf8)
      case UInt8(ascii: "<"): result.append(contentsOf: "&lt;".utf8)
      case UInt8(ascii: ">"): result.append(contentsOf: "&gt;".utf8)
      case UInt8(ascii: "\""): result.append(contentsOf: "&quot;".utf8)
      case UInt8(ascii: "'"): result.append(contentsOf: "&#39;".utf8)
      default: result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""),
      UInt8(ascii: "'"):
      true
    default: false
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
