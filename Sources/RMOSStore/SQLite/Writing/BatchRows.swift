import RMOSModels

/// The entities of a batch as parameters of statements, to which their texts are bound without
/// copying them.
///
/// It is a class because closures capture it: capturing a batch would copy it, and retain each of
/// its arrays.
final class BatchRows {
  /// The number of rows that one statement inserts; larger groups are not faster.
  static let groupSize = 32

  private let batch: RecordBatch
  private let run: Int64
  /// The digests and paths of the rows that are being bound.
  private var scratch: [UInt8] = []

  /// Creates the rows of a batch for the run that inserts them.
  init(_ batch: RecordBatch, run: Int64) {
    self.batch = batch
    self.run = run
  }

  /// The id of an entity.
  func id(at index: Int) -> String { batch.text(batch.entries[index].id) }

  func record(at index: Int) -> Record { batch.record(at: index) }

  /// Binds the fields of entities, one entity after another.
  ///
  /// The bound texts stay valid as long as the batch.
  func bindValues(of indices: some Collection<Int>, to statement: SQLiteStatement) throws {
    let fieldCount = batch.fieldCount
    try unsafe batch.arena.withUnsafeBufferPointer { arena in
      var parameter: Int32 = 1
      for index in indices {
        for cell in index * fieldCount..<(index + 1) * fieldCount {
          switch batch.cells[cell] {
          case .null: try statement.bindNull(at: parameter)
          case .integer(let number): try statement.bind(number, at: parameter)
          case .real(let number): try statement.bind(number, at: parameter)
          case .text(let span):
            try unsafe statement.bindBorrowed(
              text: UnsafeBufferPointer(rebasing: arena[span.range]), at: parameter)
          }
          parameter += 1
        }
      }
    }
  }

  /// Binds the parameters of ``ProvenanceColumn/replaceSQL(_:)`` or, for several rows, of
  /// ``ProvenanceColumn/insertSQL(_:rows:)``, and runs the statement.
  ///
  /// `digest` is the digest of the stored row, if that may differ from the entity.
  func bindProvenance(
    of indices: some Collection<Int>, _ digest: RowDigest? = nil, to statement: SQLiteStatement
  ) throws {
    // All digests and paths are appended before the first is bound, because growing moves them.
    scratch.removeAll(keepingCapacity: true)
    for index in indices { appendDigest(batch.digest(at: index)) }
    var paths: [Range<Int>] = []
    var lastSource: Int?
    for index in indices {
      let source = batch.entries[index].source
      if source == lastSource, let last = paths.last {
        paths.append(last)
        continue
      }
      let start = scratch.count
      scratch.append(contentsOf: batch.sources[source].utf8)
      paths.append(start..<scratch.count)
      lastSource = source
    }
    try unsafe scratch.withUnsafeBufferPointer { scratch in
      try unsafe batch.arena.withUnsafeBufferPointer { arena in
        for (position, index) in indices.enumerated() {
          let row = LedgerRow<ProvenanceColumn>(
            statement, parameter: Int32(position) * Int32(ProvenanceColumn.allCases.count - 1))
          try unsafe bind(index, digest ?? batch.rowDigest(at: index), to: row, arena)
          try unsafe row.bindBorrowed(
            text: UnsafeBufferPointer(rebasing: scratch[paths[position]]), to: .path)
          let sha256 = unsafe UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(scratch)[position * 32..<(position + 1) * 32])
          try unsafe row.bindBorrowed(blob: sha256, to: .sha256)
        }
        _ = try statement.step()
      }
    }
  }

  private func bind(
    _ index: Int, _ digest: RowDigest, to row: LedgerRow<ProvenanceColumn>,
    _ arena: UnsafeBufferPointer<UInt8>
  ) throws(StoreError) {
    let entry = batch.entries[index]
    func text(_ span: RecordBatch.TextSpan) -> UnsafeBufferPointer<UInt8> {
      unsafe UnsafeBufferPointer(rebasing: arena[span.range])
    }
    try unsafe row.bindBorrowed(text: text(entry.id), to: .entityID)
    try row.bind(run, to: .run)
    switch entry.locator {
    case .none: try row.bind(nil as Int64?, to: .locator)
    case .index(let number), .line(let number): try row.bind(Int64(number), to: .locator)
    case .key(let span), .pointer(let span, _):
      try unsafe row.bindBorrowed(text: text(span), to: .locator)
    }
    try row.bind(Int64(entry.place.offset), to: .byteOffset)
    try row.bind(Int64(entry.byteLength), to: .byteLength)
    if entry.unknownMembers.isEmpty {
      try row.bind(nil as Int64?, to: .unknownMembers)
    } else {
      try unsafe row.bindBorrowed(text: text(entry.unknownMembers), to: .unknownMembers)
    }
    try row.bind(Int64(bitPattern: digest.rawValue), to: .rowDigest)
  }

  private func appendDigest(_ digest: SHA256.Digest) {
    unsafe withUnsafeBytes(of: digest.bigEndian) { unsafe scratch.append(contentsOf: $0) }
  }
}
