/// An entity as a typed value: ``StripFamily``, ``Pattern`` or ``JobLog``.
///
/// For people's code. The stores hold ``Record``s; an entity is made from one and turns into one
/// without loss: for every record it can be made from, `Self(record: r).record == r`.
/// In `Codable` formats the keys are the member names of the JSON files, such as `ring_count`.
public protocol Entity: Codable, Hashable, Identifiable, Sendable where ID == String {
  /// The kind whose records these are.
  static var kind: EntityKind { get }

  /// The id, unique within the kind.
  var id: String { get set }

  /// The record that holds the same values.
  var record: Record { get }

  /// The entity a record holds.
  ///
  /// - Throws: ``RecordError`` where a value is not what the schema declares.
  init(record: Record) throws(RecordError)
}
