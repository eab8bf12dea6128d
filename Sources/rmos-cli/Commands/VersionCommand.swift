import RMOSModels

/// `rmos-cli version`, also `rmos-cli --version`.
enum VersionCommand {
  static let spec = CommandSpec(
    name: "version", summary: "Show the version (also --version)", details: ""
  ) { arguments, console in
    if arguments.has("json") {
      console.print(JSONOutput.success { $0.member("version", RMOSVersion.current) })
    } else {
      console.print("rmos-cli \(RMOSVersion.current)")
    }
    return .success
  }
}
