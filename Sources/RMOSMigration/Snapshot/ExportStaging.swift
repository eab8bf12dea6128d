import RMOSModels
import RMOSSystem

/// The hidden directory that an export is written into before it takes its place.
///
/// It stands within the target, so that moving is only renaming, and its name begins with a dot, so
/// that a migration passes over what a killed export left.
struct ExportStaging {
  static let name = ".incomplete-export"

  private let target: [UInt8]
  private let root: [UInt8]
  /// Whether the target was not there before.
  private let isTargetNew: Bool

  /// Creates the target where it is missing and the staging directory in it.
  ///
  /// - Throws: ``SystemError/notEmpty`` where the target holds something.
  init(in target: [UInt8]) throws(SystemError) {
    self.target = target
    root = target + Array("/\(ExportStaging.name)".utf8)
    isTargetNew = try FileSystem.makeDirectories(target)
    guard try FileSystem.isEmpty(directory: target) else {
      throw .notEmpty
    }
    do throws(SystemError) {
      try FileSystem.makeDirectory(root)
    } catch {
      removeTarget()
      // Another export was faster.
      throw error == .exists ? SystemError.notEmpty : error
    }
  }

  /// The staged directory of a kind.
  func path(_ kind: EntityKind) -> [UInt8] { root + Array("/\(kind.table)".utf8) }

  /// The staged path of a kind's file.
  func path(_ kind: EntityKind, name: String) -> [UInt8] { path(kind) + Array("/\(name)".utf8) }

  private func final(_ kind: EntityKind) -> [UInt8] { target + Array("/\(kind.table)".utf8) }

  /// Moves everything to its place, or, where that fails, nothing; it is on the disk first, so
  /// that a power failure leaves no names without content.
  func publish() throws(SystemError) {
    try synchronize()
    for (position, kind) in EntityKind.allCases.enumerated() {
      do throws(SystemError) {
        try FileSystem.rename(path(kind), to: final(kind))
      } catch {
        for moved in EntityKind.allCases.prefix(position) {
          try? FileSystem.rename(final(moved), to: path(moved))
        }
        throw error
      }
    }
    // Nobody would miss the export for an empty directory that stays behind.
    try? FileSystem.removeDirectory(root)
    try FileSystem.synchronize(target)
    // So that the target itself is found again; one may not be allowed to open what it is in.
    if isTargetNew { try? FileSystem.synchronize(target + Array("/..".utf8)) }
  }

  /// Waits until all that was staged is on the disk.
  private func synchronize() throws(SystemError) {
    for kind in EntityKind.allCases {
      var paths = [path(kind)]
      try FileSystem.forEachEntry(ofDirectory: path(kind)) { name, _ in
        paths.append(path(kind) + [UInt8(ascii: "/")] + name)
      }
      // One after the other, 100,000 files would take minutes.
      if paths.count > 100 { FileSystem.beginSynchronizing() }
      // The directory last.
      for path in paths.reversed() { try FileSystem.synchronize(path) }
    }
  }

  /// Removes what was staged.
  func remove() {
    for kind in EntityKind.allCases {
      let directory = path(kind)
      for name in FileSystem.names(inDirectory: directory) {
        try? FileSystem.removeFile(directory + [UInt8(ascii: "/")] + name)
      }
      try? FileSystem.removeDirectory(directory)
    }
    try? FileSystem.removeDirectory(root)
    removeTarget()
  }

  /// Removes the target where it was not there before; not where another process put something in.
  private func removeTarget() {
    if isTargetNew { try? FileSystem.removeDirectory(target) }
  }
}
