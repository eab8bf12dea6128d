import RMOSModels

/// `rmos-cli man`.
enum ManCommand {
  static let spec = CommandSpec(
    name: "man", summary: "Print the manual page",
    details: "The page is roff with the man macros, made from the same table as help.",
    examples: [
      .init(command: "rmos-cli man | man -l -", help: "Read it; on macOS: | mandoc | less"),
      .init(
        command: "rmos-cli man > /usr/local/share/man/man1/rmos-cli.1", help: "Install it"),
    ]
  ) { arguments, console in
    if arguments.has("json") {
      console.print(JSONOutput.success { $0.member("roff", ManualPage.roff + "\n") })
    } else {
      console.print(ManualPage.roff)
    }
    return .success
  }
}
