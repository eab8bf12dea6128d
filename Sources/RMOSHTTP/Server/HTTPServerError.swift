/// Why a server could not start, or could not go on.
public struct HTTPServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A stable name for the failure.
  public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The code's text.
    public let rawValue: String
    /// A code of one's own.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The code's text.
    public var description: String { rawValue }

    /// Another program listens on the port.
    public static let portInUse = Code(rawValue: "serve.port-in-use")
    /// The host is unknown, or is no address of this machine.
    public static let noAddress = Code(rawValue: "serve.no-address")
    /// Others could reach the server, and no token is set.
    public static let tokenRequired = Code(rawValue: "serve.token-required")
    /// An option makes no sense.
    public static let invalidOption = Code(rawValue: "option.invalid")
    /// The system refuses a socket or a thread.
    public static let system = Code(rawValue: "serve.system")
  }

  /// What kind of failure.
  public var code: Code
  /// The whole story for people.
  public var message: String

  /// An error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
