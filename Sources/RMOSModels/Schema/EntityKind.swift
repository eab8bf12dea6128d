/// A kind of entity the shop keeps: a strip family, a pattern or a job log.
///
/// The order of `allCases` is the order of migration: what others refer to comes first.
/// Everything else about a kind (fields, rules, table) is in its ``schema``.
public enum EntityKind: String, CaseIterable, Codable, Sendable, Hashable {
  /// Wood strips in stock, cut from one material to one cross section.
  case stripFamilies = "strip_families"
  /// Rosette designs cut from strip families.
  case patterns
  /// What a machine did, on which pattern and strip family.
  case joblogs

  /// The declaration that drives reading, validation and SQL for this kind.
  public var schema: EntitySchema {
    switch self {
    case .stripFamilies: .stripFamilies
    case .patterns: .patterns
    case .joblogs: .joblogs
    }
  }

  /// The table and the source directory of this kind.
  public var table: String { rawValue }

  /// The position in ``allCases``.
  package var ordinal: Int {
    switch self {
    case .stripFamilies: 0
    case .patterns: 1
    case .joblogs: 2
    }
  }
}
