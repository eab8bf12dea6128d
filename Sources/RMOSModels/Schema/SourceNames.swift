/// The names other than its own under which a kind's entities and files are found in a source.
public struct SourceNames: Sendable, Hashable {
  /// Members that are read as `id` if an entity has none, in order of precedence.
  package let id: [String]
  /// Names of files at the top of a source besides that of the table, without their endings.
  package let files: [String]

  /// Creates a set of names.
  public init(id: [String] = [], files: [String] = []) {
    self.id = id
    self.files = files
  }
}

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
    sourceNames.id.map { OtherName(member: $0, field: 0) }
      + fields.enumerated().compactMap { position, field in
        guard case .json = field.type, field.column != field.member else { return nil }
        return OtherName(member: field.column, field: position)
      }
  }

  /// The names that files of the kind have at the top of a source, without their endings.
  package var fileNames: [String] { [table] + sourceNames.files }
}
