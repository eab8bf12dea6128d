/// The version of the package.
public enum RMOSVersion {
  /// The semantic version.
  public static let current = "0.1.0"
  /// The date of the version, ISO 8601.
  package static let date = "2026-11-22"
}
