import Foundation

/// What a test waited for in vain.
public struct NeverHappened: Error, CustomStringConvertible {
  /// What it was, and why it did not happen.
  public let description: String
}

/// Waits until `holds` returns `true`.
///
/// - Parameters:
///   - what: What is waited for, for the error.
///   - limit: How long at most; far longer than it takes, since this ends a test that hangs and
///     measures nothing.
///   - pause: How long to wait before asking again.
///   - hasEnded: Whether it cannot come to hold any more, asked before `holds`.
///   - holds: What is waited for.
/// - Throws: ``NeverHappened``, or what `holds` throws.
public func eventually(
  _ what: String, within limit: Duration = .seconds(120), every pause: Duration = .milliseconds(1),
  unless hasEnded: () -> Bool = { false }, _ holds: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + limit
  while true {
    let isLast = hasEnded()
    if try holds() { return }
    if isLast { throw NeverHappened(description: "ended before this: \(what)") }
    guard ContinuousClock.now < deadline else {
      throw NeverHappened(description: "not within \(limit): \(what)")
    }
    Thread.sleep(forTimeInterval: pause / .seconds(1))
  }
}
