public import RMOSModels
public import RMOSStore

/// What a store holds: all records of all kinds, and their provenance but for the run, so that two
/// stores can be compared.
public struct StoreContent: Sendable, Hashable {
  /// The records, by kind and id.
  public private(set) var records: [Record] = []
  /// Their provenance, the run left out.
  public private(set) var provenance: [Provenance] = []

  /// Reads everything.
  ///
  /// - Throws: What the store throws.
  public init(of store: any RecordStore) throws {
    self = try store.read { try StoreContent(of: $0) }
  }

  /// Reads everything.
  ///
  /// - Throws: What the reader throws.
  public init(of reader: any StoreReader) throws {
    for kind in reader.catalog.kinds { try reader.forEachRecord(kind) { records.append($0) } }
    for record in records {
      guard var origin = try reader.provenance(record.kind, id: record.id) else { continue }
      origin.run = 0
      provenance.append(origin)
    }
  }
}
