import RMOSModels

/// The JSON objects that are the program's own; all others come from the libraries.
enum JSONOutput {
  /// The answer of a command that could not run.
  static func failure(code: String, message: String) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", false)
      $0.member("error") {
        $0.object {
          $0.member("code", code)
          $0.member("message", message)
        }
      }
    }
    return writer.text
  }

  /// The answer of a command whose result went to files.
  static func files(_ files: [String], isSuccess: Bool = true) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.object {
      $0.member("success", isSuccess)
      $0.member("files") { writer in
        writer.array { for file in files { $0.string(file) } }
      }
    }
    return writer.text
  }

  /// A successful answer with further members.
  static func success(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter(style: .pretty)
    try writer.object {
      $0.member("success", true)
      try write(&$0)
    }
    return writer.text
  }
}
