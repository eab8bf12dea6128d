/// The version of the package.
package enum RMOSVersion {
  /// The semantic version.
  package static let current = "0.2.0"
  /// The date of the version, ISO 8601.
  package static let date = "2026-11-30"
}
