/// The memory that the C library keeps for the process.
package enum ProcessMemory {
  /// Makes the process give back what it no longer uses: `mallopt`.
  ///
  /// By default, glibc keeps what was freed in up to eight heaps per core. A server whose many
  /// threads need much memory for a moment keeps all of it then. Call it before there are other
  /// threads. Does nothing with other C libraries.
  package static func keepSmall() {
    set((.heaps, 1), (.mapThreshold, 256 << 10), (.trimThreshold, 256 << 10))
  }

  /// Makes the process give back large blocks as soon as they are freed: `mallopt`.
  ///
  /// By default, glibc raises the size from which a block gets pages of its own with each that is
  /// freed, up to 32 MiB, and keeps what is smaller. Does nothing with other C libraries.
  package static func giveBackLargeBlocks() { set((.mapThreshold, 1 << 20)) }

  /// The options of `mallopt`.
  private enum Option: Int32 {
    case trimThreshold = -1
    case mapThreshold = -3
    case heaps = -8
  }

  private static func set(_ options: (Option, Int32)...) {
    guard let set = memoryOptionSetter else { return }
    for (option, value) in options { _ = set(option.rawValue, value) }
  }
}
