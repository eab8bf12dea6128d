import Foundation
import RMOSMigration
import RMOSModels
import RMOSStore
import RMOSTestSupport

@testable import RMOSDashboard

/// A legacy tree with many kinds of faults, and a series of runs over it.
struct MessyShop {
  let tree: SourceTree

  /// Creates a tree of which about a third of the job logs and some of the patterns fail.
  init() throws {
    tree = try SourceTree([
      "strip_families/bw.json":
        #"{"id": "bw", "name": "Black & <b>white</b>", "material_type": "Ebony", "#
        + #""strip_width_mm": 2.0, "strip_thickness_mm": 0.6, "strips": [{"color": "black"}]}"#,
      "patterns/rope.json":
        #"{"id": "rope", "name": "Rope", "ring_count": 2, "geometry": {"rings": []}, "#
        + #""strip_family_id": "bw"}"#,
      "patterns/lost.json":
        #"{"id": "lost", "name": "Lost", "ring_count": 2, "geometry": {"a": 1}, "#
        + #""strip_family_id": "nowhere"}"#,
      "patterns/broken.json": "{\"id\": \"broken\", \"name\": }",
      "patterns/<img src=x>\u{1b}[31m.json": #"{"id": "<script>", "ring_count": 0}"#,
      "notes/readme.json": "{}",
    ])
    for number in 0..<90 {
      let type = ["\"slice\"", "\"odd job\"", "null"][number % 3]
      try tree.add(
        "joblogs/\(number / 10)/j\(number).json",
        #"{"id": "j\#(number)", "job_type": \#(type), "parameters": {"n": 1}, "#
          + #""pattern_id": "rope"}"#)
    }
  }

  /// Migrates the tree.
  @discardableResult
  func migrate(
    into store: any RecordStore, options: Migration.Options = .init()
  ) throws -> MigrationSummary {
    try Migration(from: tree.path, into: store, options: options).runSynchronously()
  }

  /// Migrates the tree twice with a change in between, undoes a third run, writes through a server,
  /// and migrates changes of the tree with updates.
  func nights(_ fixture: DashboardFixture) throws {
    try migrate(into: fixture.store)
    try tree.add("joblogs/new.json", #"{"id": "new", "job_type": "", "parameters": {}}"#)
    try migrate(into: fixture.store)
    try tree.add(
      "joblogs/extra.json", #"{"id": "extra", "job_type": "slice", "parameters": {"a": 1}}"#)
    let third = try migrate(into: fixture.store)
    if let run = third.run { _ = try Undo(of: run, in: fixture.store).runSynchronously() }
    _ = fixture.send("PATCH", "/patterns/rope", json: #"{"name": "Rope 2"}"#)
    try tree.add(
      "joblogs/0/j0.json",
      #"{"id": "j0", "job_type": "contour", "parameters": {"n": 2}, "pattern_id": "rope"}"#)
    var options = Migration.Options()
    options.onDuplicate = .update
    try migrate(into: fixture.store, options: options)
  }
}
