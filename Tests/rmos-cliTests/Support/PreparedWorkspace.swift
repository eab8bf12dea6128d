import Foundation

/// The files of a workspace that is prepared once for many tests.
struct PreparedWorkspace: Sendable {
  /// The contents of the files, by their paths in the workspace.
  private let files: [String: Data]

  init(_ prepare: (Workspace) throws -> Void) throws {
    let workspace = try Workspace()
    try prepare(workspace)
    var files: [String: Data] = [:]
    for name in workspace.listing {
      var isDirectory: ObjCBool = false
      let path = workspace.file(name)
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      if !isDirectory.boolValue { files[name] = try Data(contentsOf: URL(fileURLWithPath: path)) }
    }
    self.files = files
  }

  /// Creates a workspace with these files for one test.
  func copy() throws -> Workspace {
    let workspace = try Workspace()
    for (name, data) in files {
      let url = URL(fileURLWithPath: workspace.file(name))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: url)
    }
    return workspace
  }

  /// A small tree, and the database `x.db` into which it was migrated.
  static let migrated = Result {
    try PreparedWorkspace { workspace in
      try workspace.writeSmallTree()
      try require(Tool.run(["migrate", "legacy", "--db", "x.db"], in: workspace))
    }
  }

  /// Expects a step of a preparation to succeed.
  static func require(_ result: Tool.Result) throws {
    guard result.status == 0 else { throw Failure(errors: result.errors) }
  }

  struct Failure: Error {
    var errors: String
  }
}
