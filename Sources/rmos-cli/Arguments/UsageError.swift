/// A command line that makes no sense.
///
/// The message names the word; the hint is the way out.
struct UsageError: Error {
  let message: String
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

/// A command that could not run for a reason of its own; the libraries have their own errors.
struct CommandError: Error {
  /// A stable name for the failure.
  let code: String
  let message: String
}
