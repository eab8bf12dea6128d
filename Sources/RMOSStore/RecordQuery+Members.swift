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

extension String {
  /// The text with the letters A to Z in lower case and nothing else changed, as SQL's lower()
  /// does it.
  var lowercasedASCII: String {
    String(
      decoding: utf8.map { byte in
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
      }, as: UTF8.self)
  }
}
