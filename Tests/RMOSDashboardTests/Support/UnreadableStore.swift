import RMOSModels
import RMOSStore

/// A store that fails in the same way whatever it is asked.
struct UnreadableStore: RecordStore {
  let code: StoreError.Code
  var location: String { "nowhere" }

  func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
    throw StoreError(code, "it cannot be read")
  }
  func write<Result>(_ body: (any StoreTransaction) throws -> Result) throws -> Result {
    throw StoreError(code, "it cannot be written")
  }
  func checkWriting() throws -> [Issue] { [] }
  func rehearsal(isCancelled: () -> Bool) throws -> Rehearsal { .lookUps }
  func withExclusiveWriter<Result>(_ body: () throws -> Result) throws -> Result { try body() }
}
