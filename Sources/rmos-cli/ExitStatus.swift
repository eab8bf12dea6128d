/// The exit status of the program.
enum ExitStatus: Int32 {
  /// Ran, and found nothing wrong.
  case success = 0
  /// Ran, and found failures.
  case failures = 1
  /// The command line makes no sense.
  case usage = 2
  /// Could not run, or could not go on.
  case couldNotRun = 3
  /// Stopped by SIGINT, SIGTERM or SIGHUP.
  case interrupted = 130
}
