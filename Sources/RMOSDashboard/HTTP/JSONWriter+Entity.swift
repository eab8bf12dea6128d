import RMOSModels

extension JSONWriter {
  /// Writes an entity with the members of its files; JSON columns as JSON, not as text.
  ///
  /// What does not fit its column, which damaged or foreign rows may hold, stands as what it is;
  /// bytes are null.
  mutating func entity(_ record: Record) {
    object { writer in
      for (field, value) in zip(record.kind.schema.fields, record.values) {
        writer.member(field.member) { $0.stored(value, field.type) }
      }
    }
  }

  private mutating func stored(_ value: Value, _ type: FieldType) {
    switch (value, type) {
    case (.text(let text), .json):
      if let json = try? JSONText(verbatim: text) { self.json(json) } else { string(text) }
    case (.text(let text), _): string(text)
    case (.integer(let number), _): integer(number)
    case (.real(let number), _): self.number(number)
    case (.null, _), (.blob, _): null()
    }
  }

  /// Writes a list of entities as a member.
  mutating func entities(_ kind: EntityKind, _ records: [Record]) {
    member(kind.rawValue) { writer in
      writer.array {
        for record in records { $0.entity(record) }
      }
    }
  }
}

extension Record {
  /// The entity as JSON.
  var entityJSON: [UInt8] {
    var writer = JSONWriter()
    writer.entity(self)
    return writer.utf8
  }

  /// The tag of its content.
  var entityTag: String { EntityTag.of(entityJSON) }
}
