// The differences between C libraries. A port to a new system needs changes only here and in the
// list of imports in CLibrary.

@unsafe @preconcurrency import CLibrary

extension stat {
  /// The time of the last change of the content.
  var modificationTime: (seconds: Int, nanoseconds: Int) {
    #if canImport(Darwin)
      (st_mtimespec.tv_sec, st_mtimespec.tv_nsec)
    #else
      (Int(st_mtim.tv_sec), Int(st_mtim.tv_nsec))
    #endif
  }
}

extension sigaction {
  /// The function to call.
  var handler: (@convention(c) (Int32) -> Void)? {
    get {
      #if canImport(Darwin)
        __sigaction_u.__sa_handler
      #elseif canImport(Musl)
        __sa_handler.sa_handler
      #else
        unsafe __sigaction_handler.sa_handler
      #endif
    }
    set {
      #if canImport(Darwin)
        __sigaction_u.__sa_handler = newValue
      #elseif canImport(Musl)
        __sa_handler.sa_handler = newValue
      #else
        unsafe __sigaction_handler.sa_handler = newValue
      #endif
    }
  }
}

/// Initializes a condition variable whose waits do not depend on the wall clock, which can be set.
func initializeCondition(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
  #if canImport(Darwin)
    pthread_cond_init(condition, nil)
  #else
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  #endif
}

/// Waits for a condition variable, at most for a duration.
func waitForCondition(
  _ condition: UnsafeMutablePointer<pthread_cond_t>, _ mutex: UnsafeMutablePointer<pthread_mutex_t>,
  _ duration: timespec
) {
  var time = duration
  #if canImport(Darwin)
    pthread_cond_timedwait_relative_np(condition, mutex, &time)
  #else
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    let nanoseconds = now.tv_nsec + time.tv_nsec
    time.tv_sec += now.tv_sec + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    unsafe pthread_cond_timedwait(condition, mutex, &time)
  #endif
}

/// `PRIO_PROCESS`, which is an enumerator in one C library and a macro in another; `nil` where
/// threads have no priority of their own.
///
/// With process 0, Linux means the calling thread, and new threads inherit its priority.
#if os(Linux) || os(Android)
  let threadPriority: Int32? = 0
#else
  let threadPriority: Int32? = nil
#endif

/// The numbers of `F_SETSIG`, `F_SETLEASE` and `F_GETLEASE`, which are not in the module of the C
/// library; `nil` if the system has no leases on files.
#if os(Linux) || os(Android)
  let leaseCommands: (setSignal: Int32, set: Int32, get: Int32)? = (10, 1024, 1025)
#else
  let leaseCommands: (setSignal: Int32, set: Int32, get: Int32)? = nil
#endif

/// `MADV_HUGEPAGE`; `nil` if programs cannot ask the system for large pages.
#if os(Linux) || os(Android)
  let largePagesAdvice: Int32? = 14
#else
  let largePagesAdvice: Int32? = nil
#endif

/// `syncfs`, which is not in the module of the C library; `nil` if there is none.
var fileSystemSynchronizer: (@convention(c) (Int32) -> Int32)? {
  #if canImport(Glibc)
    guard let symbol = unsafe dlsym(nil, "syncfs") else { return nil }
    return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
  #else
    return nil
  #endif
}

/// `mallopt`, which is not in the module of the C library; `nil` if there is none.
var memoryOptionSetter: (@convention(c) (Int32, Int32) -> Int32)? {
  #if canImport(Glibc)
    guard let symbol = unsafe dlsym(nil, "mallopt") else { return nil }
    return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
  #else
    return nil
  #endif
}

#if canImport(Darwin)
  typealias DirectoryStream = UnsafeMutablePointer<DIR>
#else
  typealias DirectoryStream = OpaquePointer
#endif

#if canImport(Darwin)
  let streamType = SOCK_STREAM
  let sendFlags: Int32 = 0
  /// The socket option that prevents SIGPIPE when the peer has closed the connection.
  let noSignalOption: Int32? = SO_NOSIGPIPE
  var emptyThread: pthread_t? { nil }
  func startedThread(_ thread: pthread_t?) -> pthread_t? { thread }
  func threadNumber(_ thread: pthread_t) -> UInt { UInt(bitPattern: thread) }
  var emptySpawnSettings: (posix_spawn_file_actions_t?, posix_spawnattr_t?) { (nil, nil) }
  var environmentVector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    _NSGetEnviron()?.pointee
  }
#else
  let sendFlags = Int32(MSG_NOSIGNAL)
  let noSignalOption: Int32? = nil
  var emptyThread: pthread_t { pthread_t() }
  func startedThread(_ thread: pthread_t) -> pthread_t? { thread }
  var emptySpawnSettings: (posix_spawn_file_actions_t, posix_spawnattr_t) {
    unsafe (posix_spawn_file_actions_t(), posix_spawnattr_t())
  }
  // Reading the variable of the C library is safe because this package never changes the
  // environment.
  var environmentVector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { unsafe environ }

  #if canImport(Musl)
    let streamType = SOCK_STREAM
    func threadNumber(_ thread: pthread_t) -> UInt { UInt(bitPattern: thread) }
  #else
    let streamType = Int32(SOCK_STREAM.rawValue)
    func threadNumber(_ thread: pthread_t) -> UInt { UInt(thread) }
  #endif
#endif
