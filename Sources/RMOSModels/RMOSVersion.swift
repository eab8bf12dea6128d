/// The version of the whole package, in one place.
public enum RMOSVersion {
  /// Semantic version.
  public static let current = "0.1.0"
}
