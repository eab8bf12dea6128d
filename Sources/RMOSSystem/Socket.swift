import CLibrary

/// An IP address with a port: `sockaddr_storage`.
package struct SocketAddress: Sendable {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  /// Creates an empty address, for functions that fill it in.
  package init() {}

  private init(_ info: addrinfo, _ source: UnsafePointer<sockaddr>) {
    length = unsafe info.ai_addrlen
    unsafe withUnsafeMutableBytes(of: &storage) { target in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: Int(length)))
    }
  }

  /// The addresses of a host on which to listen; none if the name is unknown: `getaddrinfo`.
  package static func addresses(of host: String, port: Int) -> [SocketAddress] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    unsafe hints.ai_socktype = streamType
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0 else { return [] }
    defer { unsafe freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      let info = unsafe entry.pointee
      if unsafe info.ai_family == AF_INET || info.ai_family == AF_INET6,
        let source = unsafe info.ai_addr
      {
        let address = unsafe SocketAddress(info, source)
        if !addresses.contains(where: { $0.host == address.host }) { addresses.append(address) }
      }
      unsafe next = unsafe info.ai_next
    }
    return addresses
  }

  /// Whether the text is an IPv4 address of four decimal numbers: `inet_pton`.
  package static func isIPv4(_ text: String) -> Bool {
    var address = in_addr()
    return unsafe !text.utf8.contains(0) && inet_pton(AF_INET, text, &address) == 1
  }

  /// The canonical text of an IPv6 address; `nil` if the text is not one: `inet_pton`, `inet_ntop`.
  package static func canonicalIPv6(_ text: String) -> String? {
    var address = in6_addr()
    guard !text.utf8.contains(0), unsafe inet_pton(AF_INET6, text, &address) == 1 else {
      return nil
    }
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      unsafe buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress, unsafe inet_ntop(AF_INET6, &address, start, 64) != nil
      else { return nil }
      return unsafe String(cString: start)
    }
  }

  package var isIPv6: Bool { Int32(storage.ss_family) == AF_INET6 }

  /// The port.
  package var port: Int {
    // In both families it follows the first two bytes, most significant byte first.
    get { unsafe withUnsafeBytes(of: storage) { unsafe Int($0[2]) << 8 | Int($0[3]) } }
    set {
      unsafe withUnsafeMutableBytes(of: &storage) {
        unsafe $0[2] = UInt8(truncatingIfNeeded: newValue >> 8)
        unsafe $0[3] = UInt8(truncatingIfNeeded: newValue)
      }
    }
  }

  private var addressBytes: [UInt8] {
    unsafe withUnsafeBytes(of: storage) { unsafe Array(isIPv6 ? $0[8..<24] : $0[4..<8]) }
  }

  /// Whether only this machine can reach the address.
  package var isLoopback: Bool {
    let bytes = addressBytes
    return isIPv6 ? bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1 : bytes[0] == 127
  }

  /// Whether the address stands for all addresses of the machine.
  package var isWildcard: Bool { addressBytes.allSatisfy { $0 == 0 } }

  /// The address as text, without a port: `getnameinfo`.
  package var host: String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      unsafe buffer.initialize(repeating: 0)
      guard let start = buffer.baseAddress,
        unsafe withSocketAddress({ unsafe getnameinfo($0, $1, start, 128, nil, 0, NI_NUMERICHOST) })
          == 0
      else { return "?" }
      return unsafe String(cString: start)
    }
  }

  fileprivate func withSocketAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, length) }
    }
  }

  fileprivate mutating func fill(
    _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> Int32 {
    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, &length) }
    }
  }
}

/// A descriptor of a socket or pipe, non-blocking by default, closed with ``close()``.
package struct Descriptor: Sendable, Hashable {
  let number: Int32

  private init(owning number: Int32, blocks: Bool = false) throws(SystemError) {
    guard number >= 0 else { throw .last }
    self.number = number
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    if !blocks { _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) }
  }

  /// Creates a socket that listens: `socket`, `bind`, `listen`.
  package init(listeningOn address: SocketAddress) throws(SystemError) {
    let family = address.isIPv6 ? AF_INET6 : AF_INET
    try self.init(owning: socket(family, streamType, 0))
    // A restarted server must not wait until the connections of the previous one time out.
    set(SOL_SOCKET, SO_REUSEADDR, 1)
    if address.isIPv6 {
      set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isWildcard ? 0 : 1)
    }
    let isBound = unsafe address.withSocketAddress { unsafe CLibrary.bind(number, $0, $1) } == 0
    guard isBound, listen(number, 1024) == 0 else {
      let failure = SystemError.last
      close()
      throw failure
    }
  }

  /// Accepts the next connection of a listening socket, and stores the address of its other end in
  /// `peer`: `accept`.
  package func accept(_ peer: inout SocketAddress) throws(SystemError) -> Descriptor {
    peer = SocketAddress()
    let descriptor = try unsafe Descriptor(
      owning: peer.fill { unsafe CLibrary.accept(number, $0, $1) })
    if let noSignal = noSignalOption { descriptor.set(SOL_SOCKET, noSignal, 1) }
    descriptor.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    return descriptor
  }

  /// The address to which the socket is bound: `getsockname`.
  package func boundAddress() throws(SystemError) -> SocketAddress {
    var address = SocketAddress()
    guard unsafe address.fill({ unsafe getsockname(number, $0, $1) }) == 0 else { throw .last }
    return address
  }

  private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
    var value = value
    _ = unsafe setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Reads into a buffer: `read`.
  ///
  /// - Returns: The number of bytes; 0 at the end, `nil` if none are available now.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
    do throws(SystemError) {
      return try retrying { unsafe CLibrary.read(number, buffer.baseAddress, buffer.count) }
    } catch {
      if error.isAgain { return nil }
      throw error
    }
  }

  /// Sends as much as there is room for, and returns the number of bytes: `send`.
  ///
  /// If the peer has closed the connection, that is an error, not a signal.
  func send(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int {
    do throws(SystemError) {
      return try retrying {
        unsafe CLibrary.send(number, bytes.baseAddress, bytes.count, sendFlags)
      }
    } catch {
      if error.isAgain { return 0 }
      throw error
    }
  }

  /// Sends as much of the bytes from `start` on as there is room for, and returns their number.
  package func send(_ bytes: [UInt8], from start: Int) throws(SystemError) -> Int {
    try unsafe UnsafeRawBufferPointer.of(bytes) { bytes throws(SystemError) in
      try unsafe send(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }
  }

  /// Closes the connection for sending: `shutdown`.
  package func endSending() { _ = shutdown(number, Int32(SHUT_WR)) }

  /// Closes the descriptor: `close`.
  package func close() { _ = CLibrary.close(number) }

  /// Creates a pipe, and returns its two ends: `pipe`.
  static func pipe(
    blocksReader: Bool = false, blocksWriter: Bool = false
  ) throws(SystemError) -> (reading: Descriptor, writing: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe CLibrary.pipe(&ends) == 0 else { throw .last }
    return (
      try Descriptor(owning: ends[0], blocks: blocksReader),
      try Descriptor(owning: ends[1], blocks: blocksWriter)
    )
  }
}

/// The events to wait for on many descriptors at once: `poll`.
package struct PollSet {
  /// The events of a descriptor.
  package struct Events: OptionSet, Sendable {
    package let rawValue: Int16
    package init(rawValue: Int16) { self.rawValue = rawValue }
    package static let readable = Events(rawValue: Int16(POLLIN))
    package static let writable = Events(rawValue: Int16(POLLOUT))
    /// The connection is gone in both directions.
    package static let gone = Events(rawValue: Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL))
    static let hungUp = Events(rawValue: Int16(POLLHUP))
    /// Everything that ends a wait for room, including errors of the next write.
    static let anythingButReadable: Events = [.writable, .gone]
  }

  private var entries: [pollfd] = []

  /// Creates a set without descriptors.
  package init() {}

  /// Removes all descriptors.
  package mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  /// Adds a descriptor and the events to wait for.
  package mutating func add(_ descriptor: Descriptor, _ events: Events) {
    entries.append(pollfd(fd: descriptor.number, events: events.rawValue, revents: 0))
  }

  /// The events that happened to the descriptor at `index`, in the order in which they were added.
  package subscript(index: Int) -> Events { Events(rawValue: entries[index].revents) }

  /// Waits until an event happens, at most for `duration`; `nil` for no limit: `poll`.
  package mutating func wait(_ duration: Duration?) throws(SystemError) {
    // Rounded up: a wait of less than a millisecond would otherwise not wait at all.
    let milliseconds =
      duration.map { Int32(min(max(0, ($0 / .milliseconds(1)).rounded(.up)), 1e9)) } ?? -1
    if unsafe poll(&entries, nfds_t(entries.count), milliseconds) < 0 {
      guard errno == EINTR || errno == EAGAIN else { throw .last }
      for index in entries.indices { entries[index].revents = 0 }
    }
  }
}

/// A pipe by which one thread ends another's wait in ``PollSet``.
package final class WakePipe: Sendable {
  /// The end that the waiting thread adds to its set; readable after ``wake()``.
  package let reading: Descriptor
  private let writing: Descriptor

  /// Creates a pipe: `pipe`.
  package init() throws(SystemError) { (reading, writing) = try Descriptor.pipe() }

  deinit {
    reading.close()
    writing.close()
  }

  /// Wakes the waiting thread: `write`.
  ///
  /// A signal handler may call it. That the pipe is full is no error: it is readable then.
  package func wake() {
    var byte: UInt8 = 0
    // In a signal handler, the interrupted thread may be about to read errno.
    let number = errno
    defer { errno = number }
    _ = unsafe CLibrary.write(writing.number, &byte, 1)
  }

  /// Empties the pipe, so that it is readable only after another ``wake()``.
  package func drain() {
    unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      // Fewer bytes than fit the buffer mean that none are left.
      while let count = try? unsafe reading.read(into: buffer), count == buffer.count {}
    }
  }
}
