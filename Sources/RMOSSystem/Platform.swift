// What the C libraries write differently: with the list in CLibrary, all that a new system needs.

@preconcurrency import CLibrary

extension stat {
  /// When the content last changed.
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
        __sigaction_handler.sa_handler
      #endif
    }
    set {
      #if canImport(Darwin)
        __sigaction_u.__sa_handler = newValue
      #elseif canImport(Musl)
        __sa_handler.sa_handler = newValue
      #else
        __sigaction_handler.sa_handler = newValue
      #endif
    }
  }
}

#if canImport(Darwin)
  let streamType = SOCK_STREAM
  let sendFlags: Int32 = 0
  /// The option of a socket by which a peer that is gone gives no signal.
  let noSignalOption: Int32? = SO_NOSIGPIPE
  let fileSizeLimit = RLIMIT_FSIZE
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
    (posix_spawn_file_actions_t(), posix_spawnattr_t())
  }
  /// A variable of the C library; nothing here changes the environment.
  var environmentVector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? { environ }

  #if canImport(Musl)
    let streamType = SOCK_STREAM
    let fileSizeLimit = RLIMIT_FSIZE
    func threadNumber(_ thread: pthread_t) -> UInt { UInt(bitPattern: thread) }
  #else
    let streamType = Int32(SOCK_STREAM.rawValue)
    let fileSizeLimit = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    func threadNumber(_ thread: pthread_t) -> UInt { UInt(thread) }
  #endif
#endif
