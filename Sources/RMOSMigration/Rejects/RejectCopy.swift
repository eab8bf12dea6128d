import RMOSModels

/// A copy of the part of a source file that failed, with text around it by which a migration reads
/// it as before.
struct RejectCopy {
  /// The name of the copy in the directory that is named after the file; `nil` if the whole file is
  /// copied.
  var name: String?
  /// The range of the part in the file's bytes; without an end, up to the end of the file.
  var offset = 0
  var end: Int?
  /// The text before and after the part.
  var opening = ""
  var closing = ""
  /// The SHA-256 of the part, if it is known.
  var digest: SHA256.Digest?

  /// Creates the copy of an entry; `nil` if there is nothing to copy.
  init?(of source: SourceBatch, at index: Int, _ issues: ArraySlice<Issue>) {
    let batch = source.records
    let entry = batch.entries[index]
    // Where a mapping looks for entities, its pointers must lead to the copy too.
    var pointer: String?
    let isSelected = source.sourcesWithPointers[entry.source]
    if isSelected == true, case .pointer(let span, _) = entry.locator { pointer = batch.text(span) }
    switch source.rejectedSpans[index] {
    case .nothing: return nil
    case .file: return
    case .rest(let offset, let opening):
      self.offset = offset
      self.opening = opening
      name = "~rest.json"
    case .item(let offset, let end, let containers):
      self.offset = offset
      self.end = end
      name = Self.name(of: entry, in: batch)
      if let containers {
        (opening, closing) = (containers.opening, containers.closing)
      } else if let pointer {
        enclose(in: pointer, isInList: entry.locator.key == nil)
      } else if let key = entry.locator.key {
        enclose(inKey: batch.text(key))
      } else if issues.contains(where: { $0.code == .shapeNotObject }) {
        // A list would be read as a list of entities.
        (opening, closing) = ("[", "]")
      }
    case nil:
      guard entry.locator != .none else { return }
      offset = entry.place.offset
      end = offset + entry.byteLength
      digest = batch.digest(at: index)
      name = Self.name(of: entry, in: batch)
      let hasOwnID = entry.given.contains(0)
      if let pointer {
        enclose(in: pointer, isInList: entry.locator.key == nil)
      } else if let key = entry.locator.key {
        enclose(inKey: batch.text(key))
      } else if entry.id.isEmpty || hasOwnID && isSelected == false {
        // Without a list around it, it might be read as a dictionary, or pointers of the mapping
        // might lead into it.
        (opening, closing) = ("[", "]")
      } else if !hasOwnID {
        enclose(inKey: batch.text(entry.id))
      }
    }
  }

  /// Encloses the entity in a dictionary, so that it keeps the id that its key gives.
  private mutating func enclose(inKey key: String) {
    opening = "{\(JSONValue.string(key).text):"
    closing = "}"
  }

  /// Encloses the entity in containers, so that the same pointer leads to it.
  private mutating func enclose(in pointer: String, isInList: Bool) {
    guard let steps = EntityPointer.literal(pointer)?.steps else { return }
    for (position, step) in steps.enumerated() {
      guard case .named(let name) = step else { continue }
      if isInList, position == steps.count - 1 {
        opening += "["
        closing = "]" + closing
      } else {
        opening += "{\(JSONValue.string(String(decoding: name, as: UTF8.self)).text):"
        closing = "}" + closing
      }
    }
  }

  private static func name(of entry: RecordBatch.Entry, in batch: RecordBatch) -> String {
    switch entry.locator {
    case .none: "~item.json"
    case .index(let number), .line(let number): "\(number).json"
    case .key(let key): ExportFileName.name(for: batch.text(key))
    case .pointer(let pointer, _): ExportFileName.name(for: batch.text(pointer))
    }
  }

  /// The names for the case that ``name`` is taken, in the order in which they are tried: by a key
  /// that appears twice, or by the same object, which failed as an entity of another kind too.
  func otherNames(for kind: EntityKind) -> [String] {
    guard let name, name.hasSuffix(".json") else { return [] }
    let stem = "\(name.dropLast(5))~\(offset)"
    return ["\(stem).json", "\(stem)~\(kind.table).json"]
  }
}

extension RecordBatch.EntryLocator {
  /// The entity's key in a dictionary; `nil` if it has none.
  fileprivate var key: RecordBatch.TextSpan? {
    switch self {
    case .key(let key), .pointer(_, .some(let key)): key
    case .none, .index, .line, .pointer(_, nil): nil
    }
  }
}
