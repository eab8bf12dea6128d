import RMOSModels

extension RecordQuery {
  /// The position of a member in the schema.
  ///
  /// - Throws: ``StoreError/Code/unknownMember``.
  func position(of member: String) throws(StoreError) -> Int {
    if let position = kind.schema.position(ofMember: member) { return position }
    let members = kind.schema.fields.map(\.member).joined(separator: ", ")
    throw StoreError(
      .unknownMember, "a \(kind.schema.singular) has no member “\(member)”; it has \(members)")
  }
}
