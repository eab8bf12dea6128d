import Testing

/// Everything that needs a server, one after another: a commit on the server changes the change
/// token of every store on it.
@Suite(.serialized, .enabled(if: TestServer.isThere, TestServer.reason))
struct ServerTests {}
