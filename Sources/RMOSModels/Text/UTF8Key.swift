/// A text that is compared by its bytes, as in SQL.
///
/// `String` treats composed and decomposed characters as equal.
package struct UTF8Key: Hashable, Comparable, Sendable {
  /// The text.
  package let text: String

  /// Creates the key of a text.
  package init(_ text: String) { self.text = text }

  package static func == (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.hasSameUTF8(as: right.text)
  }
  package static func < (left: UTF8Key, right: UTF8Key) -> Bool {
    left.text.precedesInUTF8(right.text)
  }
  package func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
