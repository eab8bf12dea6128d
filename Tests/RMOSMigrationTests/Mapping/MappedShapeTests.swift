import Foundation
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels
@testable import RMOSStore

/// Shapes of files that shops have, read with the built-in mappings into both stores.
@Suite struct MappedShapeTests {
  /// A directory, and the expected result.
  struct Shape: Sendable, CustomTestStringConvertible {
    let name: String
    let mapping: String
    /// The numbers of entities that migrate and that fail.
    let mapped: (migrated: Int, failed: Int)

    var testDescription: String { name }
    var source: String { Fixtures.package + "/Tests/Fixtures/legacy/" + name }
  }

  static let shapes = [
    Shape(name: "ring-bands", mapping: "ring-bands", mapped: (0, 1)),
    Shape(name: "pattern-model", mapping: "pattern-model", mapped: (1, 0)),
    Shape(name: "job-log-schema", mapping: "job-log", mapped: (1, 1)),
    Shape(name: "saw-runs-list", mapping: "saw-runs", mapped: (2, 0)),
    Shape(name: "saw-runs-dict", mapping: "saw-runs", mapped: (3, 1)),
    Shape(name: "art-jobs", mapping: "art-jobs", mapped: (1, 0)),
    Shape(name: "art-patterns", mapping: "art-patterns", mapped: (2, 0)),
    Shape(name: "catalogue", mapping: "catalogue", mapped: (3, 0)),
    Shape(name: "epoch-times", mapping: "epoch", mapped: (2, 0)),
  ]

  static func options(_ mapping: String, isDryRun: Bool = false) throws -> Migration.Options {
    var options = Migration.Options()
    options.isDryRun = isDryRun
    options.clock = .fixed()
    options.mappings = [try #require(Mapping.builtIn(named: mapping))]
    return options
  }

  /// Checks that a dry run predicts the run, and that a second run skips what the first migrated.
  private func check(
    _ shape: Shape, _ store: any RecordStore
  ) throws {
    let (mapping, expected) = (shape.mapping, shape.mapped)
    let dry = try RecordedMigration(
      shape.source, into: store, Self.options(mapping, isDryRun: true))
    let real = try RecordedMigration(shape.source, into: store, Self.options(mapping))
    #expect(real.summary.statistics.total.migrated == expected.migrated, "\(real.issues)")
    #expect(real.summary.statistics.total.failed == expected.failed, "\(real.issues)")
    #expect(dry.outcomes == real.outcomes)
    #expect(dry.issues == real.issues)
    #expect(real.summary.mappings.map(\.entities) == [expected.migrated + expected.failed])
    let content = try StoreContent(of: store)
    let dryAgain = try RecordedMigration(
      shape.source, into: store, Self.options(mapping, isDryRun: true))
    let again = try RecordedMigration(shape.source, into: store, Self.options(mapping))
    #expect(again.summary.statistics.total.skipped == expected.migrated)
    #expect(again.summary.issueCounts[.duplicateDiffers] == nil, "\(again.issues)")
    #expect(dryAgain.outcomes == again.outcomes)
    #expect(try StoreContent(of: store) == content)
  }

  @Test(arguments: shapes, Backend.allCases)
  func mapped(_ shape: Shape, _ backend: Backend) throws {
    try TemporaryDirectory.use { directory in
      try check(shape, backend.store(in: directory))
    }
  }

  /// An export is read without a mapping, and gives the same rows.
  @Test(arguments: shapes)
  func exportedAndMigrated(_ shape: Shape) throws {
    try TemporaryDirectory.use { directory in
      let store = InMemoryStore()
      _ = try RecordedMigration(shape.source, into: store, Self.options(shape.mapping))
      let exported = directory.file("exported")
      try export(store, to: exported)
      let copy = InMemoryStore()
      let again = try RecordedMigration(exported, into: copy)
      #expect(again.summary.statistics.total.failed == 0, "\(again.issues)")
      let (first, second) = (try StoreContent(of: store), try StoreContent(of: copy))
      #expect(first.records == second.records)
      #expect(first.provenance.map(\.unknownMembers) == second.provenance.map(\.unknownMembers))
    }
  }

  private func export(_ store: any RecordStore, to directory: String) throws {
    _ = try Export(of: store, to: directory).runSynchronously()
  }

  // MARK: Of the result

  private func migrate(_ name: String, _ mapping: String) throws -> (
    RecordedMigration, InMemoryStore
  ) {
    let store = InMemoryStore()
    let source = Fixtures.package + "/Tests/Fixtures/legacy/" + name
    return (try RecordedMigration(source, into: store, Self.options(mapping)), store)
  }

  private func value(
    _ store: InMemoryStore, _ kind: EntityKind, _ id: String, _ member: String
  ) throws -> Value {
    let record = try #require(try store.read { try $0.record(kind, id: id) }, "\(id)")
    return record.values[try #require(kind.schema.position(ofMember: member))]
  }

  private func kept(_ store: InMemoryStore, _ kind: EntityKind, _ id: String) throws -> JSONValue? {
    try store.read { try $0.provenance(kind, id: id) }?.unknownMembers.map {
      try JSONValue(parsing: $0)
    }
  }

  @Test func sawRunsInAList() throws {
    let (recorded, store) = try migrate("saw-runs-list", "saw-runs")
    let (first, second) = (
      "saw_run_20251127_120000_000001", "saw_run_20251127_130000_000002"
    )
    #expect(try value(store, .joblogs, first, "status") == .text("completed"))
    #expect(try value(store, .joblogs, second, "status") == .text("cancelled"))
    #expect(try value(store, .joblogs, first, "duration_seconds") == .real(182.5))
    #expect(
      try value(store, .joblogs, first, "start_time")
        == .text("2025-11-27T12:00:00.000001+00:00"))
    #expect(
      try value(store, .joblogs, first, "end_time") == .text("2025-11-27T12:03:02.500001+00:00"))
    #expect(try value(store, .joblogs, second, "end_time") == .null)
    let derived = recorded.issues.filter { $0.code == .timeDerived }
    #expect(derived.map(\.id) == [first])
    #expect(derived.map(\.severity) == [.warning])
    #expect(try kept(store, .joblogs, first)?["mapped_from"]?["status"]?.string == "success")
    #expect(try kept(store, .joblogs, second)?["mapped_from"]?["status"]?.string == "aborted")
    let custom = recorded.issues.first { $0.code == .fieldUnknownValue && $0.id == second }
    #expect(custom?.line == 39)
    #expect(custom?.message.contains("/op_type") == true)
  }

  @Test func sawRunsInADictionary() throws {
    let (recorded, store) = try migrate("saw-runs-dict", "saw-runs")
    #expect(try value(store, .joblogs, "r-1", "duration_seconds") == .real(330))
    #expect(try value(store, .joblogs, "r-2", "status") == .text("pending"))
    #expect(try value(store, .joblogs, "r-3", "results") == .text(#"{"error":"blade bound"}"#))
    guard case .text(let parameters) = try value(store, .joblogs, "r-1", "parameters") else {
      Issue.record("no parameters")
      return
    }
    #expect(parameters.hasPrefix(#"{"op_type":"slice","machine_profile":"saw-1""#))
    #expect(try kept(store, .joblogs, "r-1")?["gcode"]?.string == "G21 G90")
    let failed = try #require(recorded.outcomes.first { $0.outcome == .failed })
    #expect(failed.id == "r-4" && failed.locator == "/runs/r-4")
    #expect(
      recorded.issues.first { $0.id == "r-4" && $0.severity == .error }?.pointer == "/end_time")
    // Provenance is of the bytes in the source.
    let provenance = try #require(try store.read { try $0.provenance(.joblogs, id: "r-1") })
    let file = try [UInt8](
      Data(
        contentsOf: URL(
          fileURLWithPath: Fixtures.package
            + "/Tests/Fixtures/legacy/saw-runs-dict/joblogs/saw_runs.json")))
    let range = provenance.byteOffset..<provenance.byteOffset + provenance.byteLength
    #expect(file[range].first == UInt8(ascii: "{") && file[range].last == UInt8(ascii: "}"))
    let digest = Array(file[range]).withUnsafeBytes { SHA256.hash($0) }
    #expect(provenance.sha256 == digest)
  }

  @Test func artJobs() throws {
    let (_, store) = try migrate("art-jobs", "art-jobs")
    #expect(
      try value(store, .joblogs, "cam_job_1", "created_at") == .text("2025-12-06T08:56:34.179Z"))
    #expect(
      try value(store, .joblogs, "cam_job_1", "parameters")
        == .text(
          #"{"post_preset":"grbl","rings":3,"z_passes":2,"length_mm":512.5,"gcode_lines":340,"meta":{"kind":"RosetteCam"}}"#
        ))
    #expect(try value(store, .joblogs, "cam_job_1", "job_type") == .text("rosette_cam"))
  }

  @Test func artPatterns() throws {
    let (_, store) = try migrate("art-patterns", "art-patterns")
    #expect(try value(store, .patterns, "rosette_0a", "ring_count") == .integer(1))
    #expect(try value(store, .patterns, "rosette_0a", "name") == .text("Simple ring"))
    #expect(try value(store, .patterns, "rosette_0a", "pattern_type") == .text("simple_ring"))
    #expect(
      try value(store, .patterns, "rosette_0a", "created_at") == .text("2025-12-01T09:56:01.125Z"))
    #expect(
      try value(store, .patterns, "rosette_0b", "created_at") == .text("2025-12-01T10:56:01Z"))
    guard case .text(let geometry) = try value(store, .patterns, "rosette_0b", "geometry") else {
      Issue.record("no geometry")
      return
    }
    #expect(geometry.contains(#""inner_radius":1.5"#) && geometry.contains(#""units":"inch""#))
    #expect(
      try value(store, .patterns, "rosette_0a", "metadata")
        == .text(#"{"lane":"rosette","preset":"Safe"}"#))
    #expect(
      try value(store, .patterns, "rosette_0b", "metadata") == .text(#"{"lane":"rosette"}"#))
    // The parts of the payload that became members are not kept with it.
    let payload = try kept(store, .patterns, "rosette_0b")?["payload"]
    #expect(payload?["payload"] == nil && payload?["preset"] == .null)
    #expect(payload?["job_id"]?.string == "rosette_0b")
  }

  @Test func catalogue() throws {
    let (_, store) = try migrate("catalogue", "catalogue")
    #expect(try value(store, .patterns, "rope_5x9", "ring_count") == .integer(5))
    #expect(
      try value(store, .patterns, "wave_7x11", "metadata")
        == .text(
          #"{"category":"modern","materials":["black","white","red"],"notes":"steep"}"#))
    guard case .text(let geometry) = try value(store, .patterns, "wave_7x11", "geometry") else {
      Issue.record("no geometry")
      return
    }
    #expect(geometry.hasPrefix(#"{"rows":7,"columns":11,"totals":{"#))
    #expect(geometry.contains("7.699999999999999"))
    #expect(try kept(store, .patterns, "wave_7x11") == nil)
  }

  @Test func ringBands() throws {
    let (recorded, _) = try migrate("ring-bands", "ring-bands")
    let missing = try #require(recorded.issues.first { $0.severity == .error })
    #expect(missing.code == .referenceMissing && missing.pointer == "/strip_family_id")
    #expect(missing.line == 13)
    let store = InMemoryStore()
    try store.add(
      family: "bw_checker_main")
    let source = Fixtures.package + "/Tests/Fixtures/legacy/ring-bands"
    _ = try RecordedMigration(source, into: store, Self.options("ring-bands"))
    #expect(
      try value(store, .patterns, "rosette_default", "strip_family_id") == .text("bw_checker_main"))
    #expect(try value(store, .patterns, "rosette_default", "ring_count") == .integer(1))
    guard case .text(let geometry) = try value(store, .patterns, "rosette_default", "geometry")
    else {
      Issue.record("no geometry")
      return
    }
    #expect(geometry.contains(#""ring_bands":[{"id":"r0""#))
  }

  @Test func patternModel() throws {
    let (_, store) = try migrate("pattern-model", "pattern-model")
    #expect(try value(store, .patterns, "rosette_01", "name") == .text("Demo"))
    #expect(try value(store, .patterns, "rosette_01", "ring_count") == .integer(2))
    guard case .text(let geometry) = try value(store, .patterns, "rosette_01", "geometry") else {
      Issue.record("no geometry")
      return
    }
    #expect(geometry.hasPrefix(#"{"rings":[{"ring_id":"a""#))
    #expect(geometry.hasSuffix(#""outer_radius_mm":52.0,"inner_radius_mm":40.0}"#))
  }

  @Test func jobLogs() throws {
    let (recorded, store) = try migrate("job-log-schema", "job-log")
    let plan = try #require(recorded.issues.first { $0.severity == .error })
    #expect(plan.code == .referenceMissing && plan.pointer == "/pattern_id" && plan.line == 14)
    let batch = "saw_batch_2025-11-20-001"
    #expect(try value(store, .joblogs, batch, "status") == .text("pending"))
    guard case .text(let results) = try value(store, .joblogs, batch, "results"),
      case .text(let parameters) = try value(store, .joblogs, batch, "parameters")
    else {
      Issue.record("no results")
      return
    }
    #expect(results.hasPrefix(#"{"yield_estimate":21,"slice_risks":[{"index":0"#))
    #expect(
      parameters.hasPrefix(#"{"pipeline_id":null,"node_id":null,"extra":{},"machine_profile""#))
    #expect(parameters.contains(#""operator_notes":"one chip""#))
    #expect(try kept(store, .joblogs, batch) == nil)
  }

  @Test func epochTimes() throws {
    let (_, store) = try migrate("epoch-times", "epoch")
    #expect(
      try value(store, .stripFamilies, "fam-001", "created_at")
        == .text("2025-12-06T08:56:34.1790996Z"))
    #expect(
      try value(store, .stripFamilies, "fam-001", "updated_at")
        == .text("2025-12-06T08:56:34.179Z"))
    #expect(try value(store, .joblogs, "job-001", "end_time") == .text("2025-12-06T09:41:34Z"))
  }

  /// Windows PowerShell's ConvertTo-Json writes a date of Get-Date as an object.
  @Test func datesOfWindowsPowerShell() throws {
    let date =
      #"{"value":"\/Date(1705313700000)\/","DisplayHint":2,"DateTime":"Monday, January 15, 2024"}"#
    let tree = try SourceTree([
      "joblogs/j.json": """
      {"id":"j","job_type":"cnc","status":"pending","parameters":{"a":1},"start_time":\(date),
       "created_at":"2024-01-15T10:00:00Z"}
      """
    ])
    let store = InMemoryStore()
    let recorded = try RecordedMigration(tree, into: store, Self.options("epoch"))
    #expect(recorded.summary.statistics.total.migrated == 1)
    #expect(try value(store, .joblogs, "j", "start_time") == .text("2024-01-15T10:15:00.000Z"))
    #expect(try value(store, .joblogs, "j", "created_at") == .text("2024-01-15T10:00:00Z"))
    #expect(try kept(store, .joblogs, "j")?.text.contains("Monday, January 15, 2024") == true)
  }

  /// A built-in mapping overrides no member that the entity has itself.
  @Test(arguments: [
    (
      "ring-bands", "patterns",
      #"{"name":"A","ring_count":4,"geometry":{"g":1},"strip_family_id":"f","ring_bands":[{}]}"#
    ),
    (
      "pattern-model", "patterns",
      #"{"pattern_id":"x","pattern_name":"N","name":"A","ring_count":4,"geometry":{"g":1},"rings":[]}"#
    ),
    (
      "art-patterns", "patterns",
      #"{"name":"A","ring_count":4,"geometry":{"g":1},"pattern_type":"t","metadata":{"m":1},"payload":{"payload":{"name":"B","pattern_type":"u"}}}"#
    ),
    (
      "saw-runs", "joblogs",
      #"{"run_id":"x","job_type":"batch","status":"completed","start_time":"2025-01-01","end_time":"2025-01-02","duration_seconds":5,"parameters":{"p":1},"results":{"r":1},"op_type":"slice","timestamp":"2025-01-03T00:00:00","actual_time_s":9,"blade_id":"b","error_message":"e"}"#
    ),
    (
      "saw-runs", "joblogs",
      #"{"run_id":"x","job_type":"batch","status":"completed","start_time":"2025-01-01","end_time":"2025-01-02","duration_seconds":5,"parameters":{"p":1},"results":{"r":1},"meta":{"op_type":"slice"},"started_at":"2025-01-03T00:00:00","completed_at":"2025-01-04T00:00:00","error_message":"e"}"#
    ),
    (
      "job-log", "joblogs",
      #"{"job_type":"slice","pattern_id":"p","plan_pattern_id":"q","results":{"r":1},"extra":{}}"#
    ),
    ("job-log", "joblogs", #"{"job_type":"slice","results":{"r":1},"slice_risks":[1],"extra":{}}"#),
  ])
  func ownMembersComeFirst(_ mapping: String, _ table: String, _ object: String) throws {
    let object = object.contains(#"_id":"x""#) ? object[...] : object.dropLast() + #","id":"x"}"#
    let kind = try #require(EntityCatalog.rmos.kinds.first { $0.table == table })
    let mapped = try MappedObject(
      String(object), as: kind, by: #require(Mapping.builtIn(named: mapping)))
    let source = try JSONValue(parsing: String(object))
    for field in kind.schema.fields {
      guard let own = source[field.member] else { continue }
      #expect(mapped.value?[field.member] == own, "\(field.member)")
    }
    #expect(mapped.value?["mapped_from"] == nil && mapped.remarks.isEmpty, "\(mapped.text ?? "")")
  }

  /// The category is the key of a list or of a dictionary of patterns.
  @Test func categoriesOfACatalogue() throws {
    let rope = #"{"name":"n","rows":2,"columns":3}"#
    let tree = try SourceTree([
      "patterns/a.json": #"{"categories":{"basic":{"rope":\#(rope)},"modern":[\#(rope),\#(rope)]}}"#
    ])
    let store = InMemoryStore()
    for isDryRun in [true, false] {
      let made = try RecordedMigration(
        tree, into: store, Self.options("catalogue", isDryRun: isDryRun))
      #expect(
        made.outcomes.map(\.id) == [
          "rope", "legacy:patterns/a.json#/categories/modern/0",
          "legacy:patterns/a.json#/categories/modern/1",
        ])
    }
    #expect(
      try value(store, .patterns, "rope", "metadata") == .text(#"{"category":"basic"}"#))
    #expect(
      try value(store, .patterns, "legacy:patterns/a.json#/categories/modern/1", "metadata")
        == .text(#"{"category":"modern"}"#))
    // Members that a pattern has itself come first.
    let own = #"{"id":"own","name":"n","rows":2,"columns":3,"ring_count":9,"metadata":{"m":1}}"#
    try tree.add("patterns/c.json", Array(#"{"categories":{"basic":[\#(own)]}}"#.utf8))
    _ = try RecordedMigration(tree, into: store, Self.options("catalogue"))
    #expect(try value(store, .patterns, "own", "ring_count") == .integer(9))
    #expect(try value(store, .patterns, "own", "metadata") == .text(#"{"m":1}"#))
    // A dry run reads an entity again with the same keys.
    try tree.add(
      "patterns/b.json", Array(#"{"categories":{"other":{"rope":\#(rope)}}}"#.utf8))
    let empty = InMemoryStore()
    let dry = try RecordedMigration(tree, into: empty, Self.options("catalogue", isDryRun: true))
    let real = try RecordedMigration(tree, into: empty, Self.options("catalogue"))
    #expect(dry.issues == real.issues)
    #expect(real.issues.contains { $0.code == .duplicateDiffers })
  }

  @Test(arguments: Mapping.builtIn.map(\.name))
  func nothingIsInvented(_ mapping: String) throws {
    let (recorded, _) = try migrate("sandbox-families", mapping)
    #expect(recorded.summary.statistics.total.failed == 1)
    let members = recorded.issues.filter { $0.severity == .error }.compactMap(\.pointer)
    #expect(
      Set(members).isSuperset(of: ["/strip_width_mm", "/strip_thickness_mm", "/strips"]))
  }
}

extension InMemoryStore {
  /// Migrates a strip family with an id into the store.
  fileprivate func add(family id: String) throws {
    let tree = try SourceTree([
      "strip_families/f.json":
        #"{"id":"\#(id)","name":"n","strip_width_mm":1,"strip_thickness_mm":1,"material_type":"m","strips":[{}]}"#
    ])
    _ = try RecordedMigration(tree, into: self)
  }
}
