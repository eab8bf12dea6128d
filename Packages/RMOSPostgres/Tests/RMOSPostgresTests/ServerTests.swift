import Testing

/// All tests that need a server.
///
/// They run one after another, since a commit changes the change token of every store on the
/// server.
@Suite(.serialized, .enabled(if: TestServer.exists, TestServer.reason))
struct ServerTests {}
