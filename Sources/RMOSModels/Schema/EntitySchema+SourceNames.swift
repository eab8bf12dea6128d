/// An alternative name of a field.
package struct OtherName: Sendable, Hashable {
  /// The name.
  package let member: String
  /// The position of the field in its schema.
  package let field: Int
}

extension EntitySchema {
  /// The other names of the kind's fields, in the order in which they count: those of the id, then
  /// the columns of the fields that are kept as JSON.
  package var otherNames: [OtherName] {
    otherIDNames.map { OtherName(member: $0, field: 0) }
      + fields.enumerated().compactMap { position, field in
        guard case .json = field.type, field.column != field.member else { return nil }
        return OtherName(member: field.column, field: position)
      }
  }

  /// The names that files of the kind have at the top of a source, without their endings.
  package var fileNames: [String] { [table] + otherFileNames }
}
