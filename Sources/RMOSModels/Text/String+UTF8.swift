extension String {
  /// Whether both strings are the same bytes.
  ///
  /// `==` also equates canonically equivalent texts, such as é in one or two scalars; where nothing
  /// may be lost these are different texts.
  package func hasSameUTF8(as other: String) -> Bool {
    var (left, right) = (self, other)
    return left.withUTF8 { left in
      right.withUTF8 { right in left.count == right.count && left.elementsEqual(right) }
    }
  }
}
