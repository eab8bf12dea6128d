import RMOSAudit
import RMOSModels
import RMOSStore
import RMOSStoreWrapper
import RMOSTestSupport
import Testing

/// The parts of an audit run in parallel if the store can do that; the report must not show it.
@Suite struct ConcurrentAuditTests {
  /// A store that reads one part after the other.
  private struct Sequential: StoreWrapper {
    let base: any RecordStore
  }

  @Test(arguments: [1, 3, 1000])
  func theReportIsThatOfOnePartAfterTheOther(_ findingsPerRule: Int) throws {
    let fixture = try AuditFixture()
    try fixture.plant(
      """
      UPDATE patterns SET name = ' ', ring_count = 0, created_at = 'then';
      UPDATE joblogs SET status = 'lost', pattern_id = 'none', updated_at = 'now';
      UPDATE strip_families SET name = '', strips_json = '{}', created_at = '';
      DELETE FROM migration_provenance WHERE kind <> 'patterns';
      UPDATE migration_provenance SET run_id = 99;
      DROP INDEX idx_patterns_name;
      INSERT INTO patterns SELECT upper(id) || ' ', name, ring_count, geometry_json,
        strip_family_id, created_at, updated_at, metadata_json, pattern_type, rosette_geometry
        FROM patterns;
      """)
    let store = try fixture.store()
    let expected = try Auditor(of: Sequential(base: store)) { $0.findingsPerRule = findingsPerRule }
      .runSynchronously()
    #expect(expected.results.count { !$0.findings.isEmpty } > 8)
    for _ in 0..<5 {
      let report = try Auditor(of: store) { $0.findingsPerRule = findingsPerRule }
        .runSynchronously()
      #expect(report.results == expected.results)
      #expect(report.counts == expected.counts)
    }
  }
}
