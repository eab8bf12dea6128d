import RMOSModels
public import RMOSStore

extension LedgerRun {
  /// What an undo in the ledger did.
  public struct UndoneRun: Sendable, Hashable {
    /// The run that was undone.
    public var run: Int64
    /// How many rows were removed.
    public var removed: Int
    /// How many rows were restored.
    public var restored: Int
  }

  /// What the run undid, where it is an undo.
  public var undo: UndoneRun? {
    guard command == "undo", let options = try? JSONValue(parsing: optionsJSON),
      let run = options["run"]?.int64
    else { return nil }
    func total(_ member: String) -> Int { Int(options[member]?["total"]?.int64 ?? 0) }
    return UndoneRun(run: run, removed: total("removed"), restored: total("restored"))
  }
}
