import RMOSSystem
import Synchronization

/// The text of the Date field, made once a second.
final class DateClock: Sendable {
  private let current = Mutex((second: -1, text: ""))

  /// The date now.
  var text: String {
    let second = WallClock.now.seconds
    return current.withLock { current in
      if current.second != second { current = (second, UTCTime(secondsSince1970: second).httpDate) }
      return current.text
    }
  }
}
