import RMOSSystem

// Texts are compared by their bytes, as in SQL: `String` treats canonically equivalent texts, such
// as é in one or two scalars, as equal, although nothing may be lost between them.

extension UnsafeBufferPointer<UInt8> {
  /// Whether the bytes come before others in lexicographic order.
  package func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
    unsafe Memory.compare(self, other) < 0
  }
}

extension String {
  /// Whether both strings have the same bytes.
  package func hasSameUTF8(as other: String) -> Bool {
    var (left, right) = (self, other)
    return left.withUTF8 { left in
      right.withUTF8 { right in
        unsafe left.count == right.count
          && Memory.areEqual(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
      }
    }
  }

  /// Whether the bytes of the string come before those of another in lexicographic order.
  package func precedesInUTF8(_ other: String) -> Bool {
    var (left, right) = (self, other)
    return left.withUTF8 { left in
      right.withUTF8 { right in unsafe left.precedes(right) }
    }
  }
}

/// A text that is compared and hashed by its bytes.
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
