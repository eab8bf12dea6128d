extension MigrationError.Code {
  /// The directory to export to holds something already.
  public static let exportNotEmpty = MigrationError.Code(rawValue: "export.not-empty")
  /// The directory to export to cannot be written.
  public static let exportUnwritable = MigrationError.Code(rawValue: "export.unwritable")
  /// The work was given up because its caller asked for it.
  public static let cancelled = MigrationError.Code(rawValue: "cancelled")
}
