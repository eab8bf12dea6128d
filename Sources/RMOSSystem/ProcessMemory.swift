import CLibrary

/// The memory that the C library keeps for the process.
package enum ProcessMemory {
  /// Makes the process give back what it no longer uses: `mallopt`.
  ///
  /// By default, glibc keeps what was freed in up to eight heaps per core, and raises the size from
  /// which an allocation gets pages of its own with each that is freed. A server whose many threads
  /// need much memory for a moment keeps all of it then. Call it before there are other threads. Does
  /// nothing with other C libraries.
  package static func keepSmall() {
    #if canImport(Glibc)
      // Not in the module of the C library.
      typealias Function = @convention(c) (Int32, Int32) -> Int32
      guard let symbol = unsafe dlsym(nil, "mallopt") else { return }
      let mallopt = unsafe unsafeBitCast(symbol, to: Function.self)
      let (trimThreshold, mapThreshold, arenaMaximum) = (Int32(-1), Int32(-3), Int32(-8))
      _ = mallopt(arenaMaximum, 1)
      _ = mallopt(mapThreshold, 256 << 10)
      _ = mallopt(trimThreshold, 256 << 10)
    #endif
  }
}
