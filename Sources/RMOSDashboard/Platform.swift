// What differs between systems, and every call to the C library, in one place.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum Platform {
  /// A failed system call: its `errno`.
  struct SystemError: Error, Hashable {
    var code: Int32
    /// The system's words for it: `strerror_r`.
    var reason: String {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        buffer.initialize(repeating: 0)
        guard let start = buffer.baseAddress else { return "error \(code)" }
        return strerror_r(code, start, 255) == 0 ? String(cString: start) : "error \(code)"
      }
    }
    var isAddressInUse: Bool { code == EADDRINUSE }
    /// Whether the machine has no such address, or not that version of IP.
    var isNoAddress: Bool { code == EADDRNOTAVAIL || code == EAFNOSUPPORT }
    /// Whether nothing can be done now, but later.
    var isAgain: Bool { code == EAGAIN || code == EWOULDBLOCK }
    /// Whether only this one connection failed.
    var isConnectionGone: Bool {
      code == ECONNABORTED || code == EPROTO || code == ENETDOWN || code == EHOSTUNREACH
    }

    static var last: SystemError { SystemError(code: errno) }
  }

  /// Seconds of the monotonic clock: `clock_gettime`.
  static func uptime() -> Double {
    var spec = timespec()
    clock_gettime(CLOCK_MONOTONIC, &spec)
    return Double(spec.tv_sec) + Double(spec.tv_nsec) / 1e9
  }

  /// Seconds since 1970: `time`.
  static func unixTime() -> Int { Int(time(nil)) }

  // MARK: Addresses

  /// Whether the text is an IPv4 address of four decimal numbers: `inet_pton`.
  static func isIPv4(_ text: String) -> Bool {
    var address = in_addr()
    return inet_pton(AF_INET, text, &address) == 1
  }

  /// The canonical text of an IPv6 address; nil where the text is none: `inet_pton`, `inet_ntop`.
  static func canonicalIPv6(_ text: String) -> String? {
    var address = in6_addr()
    guard !text.utf8.contains(0), inet_pton(AF_INET6, text, &address) == 1 else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, inet_ntop(AF_INET6, &address, start, 64) != nil
      else { return nil }
      return String(cString: start)
    }
  }

  /// The addresses of a host to listen on: `getaddrinfo`.
  ///
  /// - Returns: None where the name is not known.
  static func addresses(of host: String, port: Int) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = streamType
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = list
    while let entry = next {
      let info = entry.pointee
      if info.ai_family == AF_INET || info.ai_family == AF_INET6, let source = info.ai_addr {
        var address = SocketAddress()
        address.length = info.ai_addrlen
        withUnsafeMutableBytes(of: &address.storage) { target in
          target.copyMemory(
            from: UnsafeRawBufferPointer(start: source, count: Int(info.ai_addrlen)))
        }
        if !addresses.contains(where: { $0.host == address.host }) { addresses.append(address) }
      }
      next = info.ai_next
    }
    return addresses
  }

  fileprivate static var streamType: Int32 {
    #if canImport(Glibc)
      Int32(SOCK_STREAM.rawValue)
    #else
      SOCK_STREAM
    #endif
  }
}

/// An IP address with a port: `sockaddr_storage`.
struct SocketAddress: Sendable {
  fileprivate var storage = sockaddr_storage()
  fileprivate var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  var isIPv6: Bool { Int32(storage.ss_family) == AF_INET6 }

  /// In both families the port follows the first two bytes, most significant byte first.
  var port: Int {
    get { withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) } }
    set {
      withUnsafeMutableBytes(of: &storage) {
        $0[2] = UInt8(truncatingIfNeeded: newValue >> 8)
        $0[3] = UInt8(truncatingIfNeeded: newValue)
      }
    }
  }

  private var addressBytes: [UInt8] {
    withUnsafeBytes(of: storage) { Array(isIPv6 ? $0[8..<24] : $0[4..<8]) }
  }

  /// Whether only this machine can reach it.
  var isLoopback: Bool {
    let bytes = addressBytes
    return isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
  }

  /// Whether it stands for every address of the machine.
  var isWildcard: Bool { addressBytes.allSatisfy { $0 == 0 } }

  /// The address as text, without a port: `getnameinfo`.
  var host: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress,
        withSocketAddress({ getnameinfo($0, $1, start, 128, nil, 0, NI_NUMERICHOST) }) == 0
      else { return "?" }
      return String(cString: start)
    }
  }

  fileprivate func withSocketAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  fileprivate mutating func fill(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> Int32 {
    withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
    }
  }
}

/// A descriptor that never blocks: of a socket or a pipe.
///
/// Closed with ``close()``.
struct Descriptor: Sendable, Hashable {
  let number: Int32

  private init(owning number: Int32) throws(Platform.SystemError) {
    guard number >= 0 else { throw .last }
    self.number = number
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
  }

  /// A socket that listens: `socket`, `bind`, `listen`.
  init(listeningOn address: SocketAddress) throws(Platform.SystemError) {
    let family = address.isIPv6 ? AF_INET6 : AF_INET
    try self.init(owning: socket(family, Platform.streamType, 0))
    // A server that starts again must not wait for the last one's connections to be forgotten.
    set(SOL_SOCKET, SO_REUSEADDR, 1)
    if address.isIPv6 {
      set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isWildcard ? 0 : 1)
    }
    #if canImport(Darwin)
      let isBound = address.withSocketAddress { Darwin.bind(number, $0, $1) } == 0
    #elseif canImport(Musl)
      let isBound = address.withSocketAddress { Musl.bind(number, $0, $1) } == 0
    #else
      let isBound = address.withSocketAddress { Glibc.bind(number, $0, $1) } == 0
    #endif
    guard isBound, listen(number, 1024) == 0 else {
      let failure = Platform.SystemError.last
      close()
      throw failure
    }
  }

  /// The next connection of a socket that listens: `accept`.
  func accept(_ peer: inout SocketAddress) throws(Platform.SystemError) -> Descriptor {
    peer = SocketAddress()
    #if canImport(Darwin)
      let descriptor = try Descriptor(owning: peer.fill { Darwin.accept(number, $0, $1) })
      descriptor.set(SOL_SOCKET, SO_NOSIGPIPE, 1)
    #elseif canImport(Musl)
      let descriptor = try Descriptor(owning: peer.fill { Musl.accept(number, $0, $1) })
    #else
      let descriptor = try Descriptor(owning: peer.fill { Glibc.accept(number, $0, $1) })
    #endif
    descriptor.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    return descriptor
  }

  /// Where a socket is bound: `getsockname`.
  func boundAddress() throws(Platform.SystemError) -> SocketAddress {
    var address = SocketAddress()
    guard address.fill({ getsockname(number, $0, $1) }) == 0 else { throw .last }
    return address
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Reads into a buffer: `read`.
  ///
  /// - Returns: 0 at the end; nil where there is nothing now.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(Platform.SystemError) -> Int? {
    while true {
      #if canImport(Darwin)
        let count = Darwin.read(number, buffer.baseAddress, buffer.count)
      #elseif canImport(Musl)
        let count = Musl.read(number, buffer.baseAddress, buffer.count)
      #else
        let count = Glibc.read(number, buffer.baseAddress, buffer.count)
      #endif
      if count >= 0 { return count }
      let failure = Platform.SystemError.last
      if failure.isAgain { return nil }
      if failure.code != EINTR { throw failure }
    }
  }

  /// Sends as much as there is room for: `send`.
  ///
  /// A peer that is gone gives an error, not a signal.
  func send(_ bytes: UnsafeRawBufferPointer) throws(Platform.SystemError) -> Int {
    while true {
      #if canImport(Darwin)
        let count = Darwin.send(number, bytes.baseAddress, bytes.count, 0)
      #elseif canImport(Musl)
        let count = Musl.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      #else
        let count = Glibc.send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      #endif
      if count >= 0 { return count }
      let failure = Platform.SystemError.last
      if failure.isAgain { return 0 }
      if failure.code != EINTR { throw failure }
    }
  }

  /// Says that nothing more is sent: `shutdown`.
  func endSending() { _ = shutdown(number, Int32(SHUT_WR)) }

  func close() {
    #if canImport(Darwin)
      _ = Darwin.close(number)
    #elseif canImport(Musl)
      _ = Musl.close(number)
    #else
      _ = Glibc.close(number)
    #endif
  }

  /// Two ends of a pipe: `pipe`.
  static func pipe() throws(Platform.SystemError) -> (reading: Descriptor, writing: Descriptor) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      let result = Darwin.pipe(&ends)
    #elseif canImport(Musl)
      let result = Musl.pipe(&ends)
    #else
      let result = Glibc.pipe(&ends)
    #endif
    guard result == 0 else { throw .last }
    return (try Descriptor(owning: ends[0]), try Descriptor(owning: ends[1]))
  }

  /// Writes one byte to a pipe; a full one has bytes enough: `write`.
  func wake() {
    var byte: UInt8 = 0
    #if canImport(Darwin)
      _ = Darwin.write(number, &byte, 1)
    #elseif canImport(Musl)
      _ = Musl.write(number, &byte, 1)
    #else
      _ = Glibc.write(number, &byte, 1)
    #endif
  }
}

/// What to wait for on many descriptors at once: `poll`.
struct PollSet {
  /// What may happen to a descriptor.
  struct Events: OptionSet {
    let rawValue: Int16
    static let readable = Events(rawValue: Int16(POLLIN))
    static let writable = Events(rawValue: Int16(POLLOUT))
    /// The connection is gone in both directions.
    static let gone = Events(rawValue: Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL))
  }

  private var entries: [pollfd] = []

  var count: Int { entries.count }
  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func add(_ descriptor: Descriptor, _ events: Events) {
    entries.append(pollfd(fd: descriptor.number, events: events.rawValue, revents: 0))
  }

  /// What happened to the descriptor that was added as number `index`.
  subscript(index: Int) -> Events { Events(rawValue: entries[index].revents) }

  /// Waits until something happens, at most for `seconds`; nil has no limit.
  mutating func wait(seconds: Double?) throws(Platform.SystemError) {
    // Rounded up, lest a deadline is waited for in many short turns.
    let milliseconds = seconds.map { Int32(min(max(0, $0 * 1000).rounded(.up), 1e9)) } ?? -1
    if poll(&entries, nfds_t(entries.count), milliseconds) < 0 {
      guard errno == EINTR || errno == EAGAIN else { throw .last }
      for index in entries.indices { entries[index].revents = 0 }
    }
  }
}

/// A thread that runs one closure and ends by itself: `pthread_create`.
enum BackgroundThread {
  /// Deep JSON is read by recursion; the stacks of threads are small on some systems.
  private static let stackSize = 2 << 20

  static func start(_ body: @escaping @Sendable () -> Void) throws(Platform.SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let box = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
      var thread: pthread_t?
      let result = pthread_create(
        &thread, &attributes, { BackgroundThread.run($0) }, box.toOpaque())
    #else
      var thread = pthread_t()
      let result = pthread_create(
        &thread, &attributes, { argument in argument.flatMap { BackgroundThread.run($0) } },
        box.toOpaque())
    #endif
    guard result == 0 else {
      box.release()
      throw Platform.SystemError(code: result)
    }
  }

  private static func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
    return nil
  }
}

private final class ThreadBody: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
