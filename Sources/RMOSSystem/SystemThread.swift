import CLibrary

/// A thread that runs one closure.
package struct SystemThread: @unchecked Sendable {
  /// JSON nested as deep as it may be is read by recursion, which does not fit into what some
  /// systems give a thread: 128 KiB with musl, 512 KiB on Darwin.
  ///
  /// Only what is used is taken.
  private static let stackSize = 4 << 20

  // `@unchecked Sendable`: it is a number or an address that never changes.
  private let thread: pthread_t

  /// Starts `body` at once; ``join()`` or ``detach()`` must follow: `pthread_create`.
  package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    let box = Unmanaged.passRetained(Body(run: body))
    var thread = emptyThread
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        let argument: UnsafeMutableRawPointer? = argument
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, box.toOpaque())
    guard result == 0, let started = startedThread(thread) else {
      box.release()
      throw .code(result == 0 ? EAGAIN : result)
    }
    self.thread = started
  }

  /// Runs `body` on a thread that ends by itself.
  package static func detached(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    try SystemThread(body).detach()
  }

  /// Waits for the thread to end: `pthread_join`.
  package func join() { pthread_join(thread, nil) }

  /// Lets the thread end by itself: `pthread_detach`.
  package func detach() { pthread_detach(thread) }

  /// A number that tells running threads apart: `pthread_self`.
  package static var current: UInt { threadNumber(pthread_self()) }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
