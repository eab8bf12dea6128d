import RMOSMigration
import RMOSStore

extension Undo {
  /// Creates an undo with other options than the default ones.
  init(of id: Int64, in store: any RecordStore, _ change: (inout Options) -> Void) {
    var options = Options()
    change(&options)
    self.init(of: id, in: store, options: options)
  }
}
