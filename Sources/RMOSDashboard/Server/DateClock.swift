import Synchronization

/// The text of the Date field, made once a second.
final class DateClock: Sendable {
  private let current = Mutex((second: -1, text: ""))

  /// The date now.
  var text: String {
    let second = Platform.unixTime()
    return current.withLock { current in
      if current.second != second { current = (second, HTTPDate.text(second)) }
      return current.text
    }
  }
}
