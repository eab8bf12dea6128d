import Testing

@testable import RMOSSystem

@Suite struct SocketTests {
  @Test func addressesKnowWhatTheyAre() throws {
    let loopback = try #require(SocketAddress.addresses(of: "127.0.0.1", port: 80).first)
    #expect(loopback.host == "127.0.0.1" && loopback.port == 80)
    #expect(loopback.isLoopback && !loopback.isWildcard && !loopback.isIPv6)
    let all = try #require(SocketAddress.addresses(of: "0.0.0.0", port: 0).first)
    #expect(all.isWildcard && !all.isLoopback)
    let six = try #require(SocketAddress.addresses(of: "::1", port: 65_535).first)
    #expect(six.isIPv6 && six.isLoopback && six.port == 65_535)
    #expect(SocketAddress.addresses(of: "no host at all", port: 80).isEmpty)
  }

  @Test func addressesAreRead() {
    #expect(SocketAddress.isIPv4("192.0.2.1"))
    for text in ["192.0.2", "192.0.2.256", "a.b.c.d", "192.0.2.1\u{0}", ""] {
      #expect(!SocketAddress.isIPv4(text))
    }
    #expect(SocketAddress.canonicalIPv6("2001:DB8:0:0::1") == "2001:db8::1")
    for text in ["::1\u{0}", "1", "::g", ""] { #expect(SocketAddress.canonicalIPv6(text) == nil) }
  }

  @Test func aTakenPortIsSaidToBe() throws {
    var address = try #require(SocketAddress.addresses(of: "127.0.0.1", port: 0).first)
    let listener = try Descriptor(listeningOn: address)
    defer { listener.close() }
    address.port = try listener.boundAddress().port
    #expect(address.port > 0)
    let error = #expect(throws: SystemError.self) { try Descriptor(listeningOn: address) }
    #expect(error?.isAddressInUse == true)
  }

  @Test func aPipeWakesAPoll() throws {
    let pipe = try WakePipe()
    var set = PollSet()
    set.add(pipe.reading, .readable)
    try set.wait(.zero)
    #expect(set[0].isEmpty)
    pipe.wake()
    pipe.wake()
    try set.wait(nil)
    #expect(set[0] == .readable)
    pipe.drain()
    try set.wait(.milliseconds(1))
    #expect(set[0].isEmpty)
  }
}
