// Threads, one name for each system's.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A thread that runs one closure.
package final class SystemThread {
  private let thread: pthread_t

  /// Starts `body` at once on a thread of its own.
  package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let box = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = pthread_create(&thread, nil, { SystemThread.run($0) }, box.toOpaque())
    #else
      var thread = pthread_t()
      let result = pthread_create(
        &thread, nil, { argument in argument.flatMap { SystemThread.run($0) } }, box.toOpaque())
    #endif
    guard result == 0 else {
      box.release()
      throw SystemError(code: result)
    }
    #if canImport(Darwin)
      guard let thread else { throw SystemError(code: EAGAIN) }
    #endif
    self.thread = thread
  }

  private static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
    return nil
  }

  /// Waits for the thread to end.
  func join() { pthread_join(thread, nil) }

  /// Lets the thread end by itself.
  package func detach() { pthread_detach(thread) }
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
