/// Abandons work of a reader that goes through its rows itself, which nothing else can interrupt.
///
/// The reader has one, runs ``within(_:_:)`` for its ``StoreReader/withCancellation(_:_:)``, and
/// calls ``poll()`` for each row.
public final class CancellationCheck {
  private var checks: [() -> Bool] = []
  private var count = 0

  /// Creates a check that never cancels.
  public init() {}

  /// Runs `body`, within which ``poll()`` throws once `isCancelled` returns `true`.
  ///
  /// - Throws: ``StoreError/Code/cancelled``, or what `body` throws.
  public func within<Result>(
    _ isCancelled: () -> Bool, _ body: () throws -> Result
  ) throws -> Result {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      checks.append(isCancelled)
      defer { checks.removeLast() }
      return try body()
    }
  }

  /// Asks whether the work is cancelled, at every 64th call.
  ///
  /// - Throws: ``StoreError/Code/cancelled``.
  public func poll() throws(StoreError) {
    guard !checks.isEmpty else { return }
    count &+= 1
    guard count.isMultiple(of: 64) else { return }
    if checks.contains(where: { $0() }) { throw .cancelled }
  }
}
