import Foundation
import RMOSTestSupport

/// A document for people: README, CONTRIBUTING, Documentation/ and those of the examples.
struct Document: CustomStringConvertible, Sendable {
  /// The path in the package.
  let path: String
  let text: String

  var description: String { path }
  var session: DocumentSession { DocumentSession(text) }
  /// Whether its session builds a package, as `Scripts/check.sh` does.
  var isOfAnExample: Bool { path.hasPrefix("Examples/") }

  static let all: [Document] = {
    let manager = FileManager.default
    func names(_ directory: String) -> [String] {
      let names = try? manager.contentsOfDirectory(atPath: Fixtures.package + "/" + directory)
      return (names ?? []).sorted().map { directory + "/" + $0 }
    }
    let pages = names("Documentation").filter { $0.hasSuffix(".md") }
    let examples = names("Examples").map { $0 + "/README.md" }
    return (["README.md", "CONTRIBUTING.md"] + pages + examples).compactMap { path in
      let contents = manager.contents(atPath: Fixtures.package + "/" + path)
      return contents.map { Document(path: path, text: String(decoding: $0, as: UTF8.self)) }
    }
  }()

  /// The programs that the session needs and that are not installed.
  var missingPrograms: [String] {
    ["sqlite3", "curl", "jq", "iconv"].filter { program in
      !Tool.has(program)
        && session.steps.contains { $0.words.contains(program) }
    }
  }
}

extension Workspace {
  /// The files at the beginning of a session.
  enum Beginning {
    /// The package and the built program, as after the README's first command.
    case afterTheFirstCommand
  }

  convenience init(as beginning: Beginning) throws {
    try self.init()
    for name in ["Examples", "Scripts", "Tests"] {
      try FileManager.default.createSymbolicLink(
        atPath: file(name), withDestinationPath: "\(Fixtures.package)/\(name)")
    }
    try FileManager.default.createDirectory(
      atPath: file(".build/release"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: file(".build/release/rmos-cli"), withDestinationPath: Tool.path)
    var programs = ["rmos-cli": Self.program]
    // The user's configuration of these programs is ignored.
    for (name, options) in ["curl": "-q", "sqlite3": "-init /dev/null"] where Tool.has(name) {
      programs[name] = "#!/bin/sh\nPATH=${PATH#*:}\nexec \(name) \(options) \"$@\"\n"
    }
    for (name, text) in programs {
      try write(text, to: "bin/\(name)")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: file("bin/\(name)"))
    }
    try Self.firstDatabase.get().write(to: URL(fileURLWithPath: file("rmos.db")))
  }

  /// The database after the README's first command, created once.
  private static let firstDatabase = Result {
    let workspace = try Workspace()
    try FileManager.default.createSymbolicLink(
      atPath: workspace.file("Examples"), withDestinationPath: "\(Fixtures.package)/Examples")
    _ = try Tool.run(["migrate", "Examples/rmos_legacy", "--db", "rmos.db"], in: workspace)
    return try Data(contentsOf: URL(fileURLWithPath: workspace.file("rmos.db")))
  }

  /// The variables with which a document's commands find the programs in `bin`.
  var programs: [String: String] {
    [
      "PATH": file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
      "RMOS_CLI": Tool.path, "NO_PROXY": "*", "no_proxy": "*",
    ]
  }

  /// The program as a reader starts it, but that a server takes a free port, and is stopped as by a
  /// service manager once it has said where it is.
  private static let program = """
    #!/bin/bash
    if [[ $1 != serve ]]; then exec "$RMOS_CLI" "$@"; fi
    words=()
    while [[ $# -gt 0 ]]; do
      if [[ $1 == --port ]]; then shift 2; else words+=("$1"); shift; fi
    done
    said=$(mktemp)
    trap 'rm -f "$said"' EXIT
    "$RMOS_CLI" "${words[@]}" --port 0 >"$said" 2>&1 &
    while kill -0 $! 2>/dev/null && ! grep -q 'http://' "$said"; do sleep 0.02; done
    kill -TERM $! 2>/dev/null
    wait $!
    status=$?
    cat "$said"
    exit $status
    """
}
