import Foundation

/// The data that ships with the tests.
public enum Fixtures {
  /// The package's root.
  public static let package: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.path
  }()

  /// The example tree of the README: 8 strip families, 24 patterns, 40 job logs.
  public static var exampleTree: String { package + "/Examples/rmos_legacy" }

  /// The directory of the conformance cases.
  public static var conformance: String { package + "/Tests/Fixtures/conformance" }

  /// A database that an application of schema `version` (1 to 4) wrote.
  ///
  /// Copy it before use.
  public static func database(version: Int) -> String {
    package + "/Tests/Fixtures/databases/version\(version).db"
  }

  /// Copies a database of schema `version` (1 to 4) into `directory`.
  ///
  /// - Returns: The copy's path.
  /// - Throws: What the file system says.
  public static func copyDatabase(
    version: Int, into directory: TemporaryDirectory
  ) throws -> String {
    let copy = directory.file("version\(version).db")
    try FileManager.default.copyItem(atPath: database(version: version), toPath: copy)
    return copy
  }

  /// The contract's cases, by name.
  ///
  /// An empty list where they cannot be read, which a test on its own would not notice: see
  /// `FixturesTests`.
  package static let contractCases: [ContractCase] = (try? ContractCase.all()) ?? []
}

extension ContractCase {
  /// The path of its source tree.
  package var source: String { "\(Fixtures.conformance)/\(name)/source" }
}
