import RMOSSystem

/// The listening sockets of a configuration.
struct Binding {
  let listeners: [Descriptor]
  let port: Int
  let url: String
  let policy: AccessPolicy

  init(_ configuration: HTTPServer.Configuration) throws(HTTPServerError) {
    // An invalid configuration is reported before anything listens.
    _ = try AccessPolicy(
      port: configuration.port, hosts: configuration.allowedHosts, token: configuration.token)
    let host = configuration.host
    let addresses = SocketAddress.addresses(of: host, port: configuration.port)
    guard !addresses.isEmpty else {
      throw HTTPServerError(
        .noAddress, "the host \"\(host)\" is unknown")
    }
    if configuration.token == nil, let open = addresses.first(where: { !$0.isLoopback }) {
      throw HTTPServerError(
        .tokenRequired,
        "other machines could reach \(open.host): to listen there, set a token")
    }
    (listeners, port) = try Binding.listen(on: addresses, configuration)
    let isWildcard = addresses.contains(where: \.isWildcard)
    let name = isWildcard ? "localhost" : host
    url = "http://\(name.utf8.contains(UInt8(ascii: ":")) ? "[\(name)]" : name):\(port)/"
    do throws(HTTPServerError) {
      policy = try AccessPolicy(
        port: port, listening: Binding.names(host, addresses), isWildcard: isWildcard,
        hosts: configuration.allowedHosts, token: configuration.token)
    } catch {
      listeners.forEach { $0.close() }
      throw error
    }
  }

  private static func names(_ host: String, _ addresses: [SocketAddress]) -> Set<String> {
    var names = Set(addresses.map(\.host))
    // A name with a port, or none at all, cannot have been resolved.
    if let name = Authority(host[...])?.host { names.insert(name) }
    return names
  }

  private static func listen(
    on addresses: [SocketAddress], _ configuration: HTTPServer.Configuration
  ) throws(HTTPServerError) -> ([Descriptor], Int) {
    var listeners: [Descriptor] = []
    var port = configuration.port
    var failure = SystemError.notFound
    for var address in addresses {
      do throws(SystemError) {
        // Port 0: all addresses use the port that the first one got.
        address.port = port
        let listener = try Descriptor(listeningOn: address)
        listeners.append(listener)
        port = try listener.boundAddress().port
      } catch {
        failure = error
        // A name may have an address of a version of IP that is disabled here.
        if !error.isNoAddress {
          listeners.forEach { $0.close() }
          throw Binding.error(error, address.host, port)
        }
      }
    }
    guard !listeners.isEmpty else {
      throw Binding.error(failure, configuration.host, port)
    }
    return (listeners, port)
  }

  private static func error(
    _ failure: SystemError, _ host: String, _ port: Int
  ) -> HTTPServerError {
    if failure.isAddressInUse {
      return HTTPServerError(
        .portInUse,
        "another program listens on port \(port) of \(host)")
    }
    if failure.isNoAddress {
      return HTTPServerError(
        .noAddress, "\(host) is not an address of this machine")
    }
    return HTTPServerError(
      .system, "cannot listen on port \(port) of \(host): \(failure.reason)")
  }
}
