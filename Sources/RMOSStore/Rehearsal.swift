/// How a dry run learns what a store would do with entities.
public enum Rehearsal: Sendable {
  /// What the store holds tells: it takes every sound entity whose id is new and whose references
  /// are there.
  case lookUps
  /// Only the store itself can tell. This is a private copy to write to; it goes with the value.
  case copy(any RecordStore)
  /// Only the store itself can tell, and there is no copy: why, for people.
  case unforeseeable(String)
}
