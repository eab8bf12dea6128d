import CLibrary
import Synchronization

/// A thread that runs one closure.
///
/// `@unchecked Sendable`: the handle of the thread, a number or an address, never changes.
package struct SystemThread: @unchecked Sendable {
  /// The size of the stack, in bytes, of which only the part in use takes up memory.
  ///
  /// Deeply nested JSON is compared by recursion, for which the default stacks of some systems are
  /// too small: 128 KiB with musl, 512 KiB on Darwin.
  private static let stackSize = 4 << 20

  private let thread: pthread_t

  /// Starts a thread that runs `body`; ``join()`` or ``detach()`` must follow: `pthread_create`.
  package init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setstacksize(&attributes, Self.stackSize)
    let box = unsafe Unmanaged.passRetained(Body(run: body))
    var thread = emptyThread
    let result = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        let argument: UnsafeMutableRawPointer? = unsafe argument
        if let argument = unsafe argument {
          unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
      }, unsafe box.toOpaque())
    guard result == 0, let started = startedThread(thread) else {
      unsafe box.release()
      throw .code(result == 0 ? EAGAIN : result)
    }
    self.thread = started
  }

  /// Runs `body` on a detached thread.
  package static func detached(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    try SystemThread(body).detach()
  }

  /// Runs tasks on this thread and a second one, if it can be started, and returns when all have
  /// ended.
  ///
  /// The tasks begin in order.
  package static func share(_ tasks: [@Sendable () -> Void]) {
    let next = SharedCounter()
    let work: @Sendable () -> Void = {
      while true {
        let position = next.take()
        guard position < tasks.count else { return }
        tasks[position]()
      }
    }
    let thread = tasks.count > 1 ? try? SystemThread(work) : nil
    work()
    thread?.join()
  }

  private final class SharedCounter: Sendable {
    private let count = Atomic(0)

    func take() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
  }

  /// Waits for the thread to end: `pthread_join`.
  package func join() { pthread_join(thread, nil) }

  /// Lets the system release the thread when it ends: `pthread_detach`.
  package func detach() { pthread_detach(thread) }

  /// A number that identifies the current thread among those running: `pthread_self`.
  package static var current: UInt { threadNumber(pthread_self()) }

  /// Lowers the priority of this thread, and of threads that it starts later, below that of
  /// ordinary threads: `setpriority`.
  ///
  /// Has no effect on systems where threads have no priority of their own.
  package static func yieldToOthers() {
    if let threadPriority { _ = setpriority(threadPriority, 0, 10) }
  }

  /// The nice value of this thread, 0 by default; `nil` on systems where threads have none of their
  /// own: `getpriority`.
  package static var niceness: Int? {
    threadPriority.map { Int(getpriority($0, 0)) }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

extension SystemThread {
  /// Sleeps for a number of milliseconds: `usleep`.
  package static func pause(milliseconds: UInt32) { _ = usleep(milliseconds * 1000) }

  /// Sleeps for a number of seconds, even if signals arrive: `sleep`.
  package static func sleep(seconds: Int) {
    var left = UInt32(seconds)
    while left > 0 { left = CLibrary.sleep(left) }
  }
}
