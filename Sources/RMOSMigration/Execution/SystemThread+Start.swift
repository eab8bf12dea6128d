import RMOSSystem

extension SystemThread {
  /// Starts a thread, or says in the terms of a migration why there is none.
  static func start(_ body: @escaping @Sendable () -> Void) throws(MigrationError) -> SystemThread {
    do throws(SystemError) {
      return try SystemThread(body)
    } catch {
      throw MigrationError(
        .noThread,
        "the system gives no thread to work on: \(error.reason); free some and run again")
    }
  }
}
