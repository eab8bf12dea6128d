import RMOSModels

/// The JSON objects that are the program's own; all others come from the libraries.
enum JSONOutput {
  /// The answer of a command that could not run.
  static func failure(code: String, message: String) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.member("success", false)
    writer.key("error")
    writer.beginObject()
    writer.member("code", code)
    writer.member("message", message)
    writer.endObject()
    writer.endObject()
    return writer.text
  }

  /// A successful answer with further members.
  static func success(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(style: .pretty)
    writer.beginObject()
    writer.member("success", true)
    write(&writer)
    writer.endObject()
    return writer.text
  }
}
