/// A set of fields of one kind, by their positions in its schema.
package struct FieldSet: Sendable, Hashable {
  /// The maximum number of fields of a kind.
  package static let capacity = UInt64.bitWidth

  private var bits: UInt64 = 0

  /// Creates an empty set.
  package init() {}

  /// Creates a set of the fields that satisfy a condition.
  package init(_ fields: [FieldSchema], where isIncluded: (FieldSchema) -> Bool) {
    for (position, field) in fields.enumerated() where isIncluded(field) { insert(position) }
  }

  /// Whether the set has no field.
  package var isEmpty: Bool { bits == 0 }

  /// Whether the field at a position is in the set.
  @inline(__always)
  package func contains(_ field: Int) -> Bool {
    field < FieldSet.capacity && bits & 1 << UInt64(field) != 0
  }

  /// Adds the field at a position.
  ///
  /// - Precondition: `field < FieldSet.capacity`
  @inline(__always)
  package mutating func insert(_ field: Int) {
    precondition(field < FieldSet.capacity, "a kind has at most \(FieldSet.capacity) fields")
    bits |= 1 << UInt64(field)
  }
}

extension FieldSet: ExpressibleByArrayLiteral {
  package init(arrayLiteral fields: Int...) {
    for field in fields { insert(field) }
  }
}
