import Testing

@testable import RMOSModels

/// Tests of what the rest of the package assumes about every schema.
@Suite struct EntitySchemaTests {
  @Test(arguments: EntityCatalog.rmos.kinds)
  func declarationsAreConsistent(_ kind: EntityKind) {
    let schema = kind.schema
    #expect(schema.kind == kind)
    #expect(schema.fields.first?.member == "id")
    #expect(Set(schema.fields.map(\.member)).count == schema.fields.count)
    #expect(Set(schema.fields.map(\.column)).count == schema.fields.count)
    for field in schema.fields {
      #expect(schema.position(ofMember: field.member) == schema.position(ofColumn: field.column))
      if field.isRequired { #expect(field.defaultValue == .null) }
      if case .sameAs(let member) = field.defaultValue {
        #expect(schema.position(ofMember: member) != nil)
      }
    }
    for rule in schema.rules {
      switch rule {
      case .substitutable(let field, let substitute):
        #expect(schema.fields[field].isRequired && !schema.fields[substitute].isRequired)
        guard case .json = schema.fields[field].type else {
          Testing.Issue.record("only JSON is stored as {}")
          continue
        }
      case .requiredWhen(let field, let condition, let value, _):
        #expect(!schema.fields[field].isRequired)
        guard case .text(let rule) = schema.fields[condition].type else {
          Testing.Issue.record("a condition is a text")
          continue
        }
        #expect(rule.knownValues.contains(value))
      case .ordered(let earlier, let later):
        #expect(schema.fields[earlier].type == .timestamp)
        #expect(schema.fields[later].type == .timestamp)
      }
    }
  }

  @Test(arguments: EntityCatalog.rmos.kinds)
  func whatOthersReferToComesFirst(_ kind: EntityKind) throws {
    for reference in kind.schema.references {
      #expect(kind.schema.fields[reference.field].type == .reference(reference.target))
      let position = try #require(EntityCatalog.rmos.position(of: reference.target))
      #expect(position < EntityCatalog.rmos.position(of: kind) ?? 0)
    }
    #expect(
      kind.schema.foreignKeys.allSatisfy { key in
        kind.schema.references.contains { $0 == key }
      })
  }

  @Test(arguments: EntityCatalog.rmos.kinds)
  func everyNameIsMatchedFromEveryPosition(_ kind: EntityKind) {
    for first in kind.schema.fields {
      var matcher = MemberMatcher(schema: kind.schema)
      for field in [first] + kind.schema.fields + kind.schema.fields.reversed() {
        let name = Array(field.member.utf8) + Array(repeating: 0x78, count: 8)
        let match = name.withUnsafeBufferPointer { name in
          name.baseAddress.flatMap { matcher.field(named: $0, field.member.utf8.count) }
        }
        #expect(match == kind.schema.position(ofMember: field.member))
      }
    }
  }

  @Test func theRequiredFieldsAreThoseOfTheContract() {
    func required(_ kind: EntityKind) -> [String] {
      kind.schema.fields.filter(\.isRequired).map(\.member)
    }
    #expect(
      required(.stripFamilies) == [
        "name", "strip_width_mm", "strip_thickness_mm", "material_type", "strips",
      ])
    #expect(required(.patterns) == ["name", "ring_count", "geometry"])
    #expect(required(.joblogs) == ["job_type", "parameters"])
  }

  @Test func aSetOfFieldsHoldsWhatWasPutIntoIt() {
    var set = FieldSet()
    #expect(set.count == 0)
    let members = [0, 5, 31, 32, FieldSet.capacity - 1]
    for field in members {
      #expect(!set.contains(field))
      set.insert(field)
      #expect(set.contains(field) && !set.contains(field + 1))
    }
    #expect((0..<FieldSet.capacity).filter(set.contains) == members)
    #expect(!set.contains(FieldSet.capacity))
    let fields = EntityKind.joblogs.schema.fields
    let required = FieldSet(fields) { $0.isRequired }
    for position in fields.indices {
      #expect(required.contains(position) == fields[position].isRequired)
    }
  }

  @Test func aSetOfFieldsRefusesAPositionBeyondIt() async {
    await #expect(processExitsWith: .failure) {
      var set = FieldSet()
      set.insert(FieldSet.capacity)
    }
  }

  /// A member may have a name that SQL reserves if its column has another.
  @Test func columnsHaveNoNamesThatSQLReserves() async {
    func schema(_ field: FieldSchema) -> EntitySchema {
      EntitySchema(
        table: "things", singular: "thing", plural: "things",
        fields: [.id, field, .createdAt, .updatedAt])
    }
    #expect(schema(FieldSchema("order", column: "place", .text(.any))).fields.count == 4)
    await #expect(processExitsWith: .failure) {
      _ = EntitySchema(
        table: "things", singular: "thing", plural: "things",
        fields: [.id, FieldSchema("order", .text(.any)), .createdAt, .updatedAt])
    }
    await #expect(processExitsWith: .failure) {
      _ = EntitySchema(
        table: "things", singular: "thing", plural: "things",
        fields: [.id, .createdAt, .updatedAt], indexes: [(name: "Things", columns: "id")])
    }
  }
}
