/// The version of the whole package, in one place.
public enum RMOSVersion {
  /// Semantic version.
  public static let current = "0.1.0"
  /// The day the version was raised to that, ISO 8601.
  package static let date = "2026-11-22"
}
