import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// A stored change reads back unchanged, or reading it fails.
@Suite struct RowChangeTests {
  private func change(_ before: BeforeImage?) -> RowChange {
    RowChange(
      run: 2, kind: .patterns, id: "p", before: before, result: .written(RowDigest(rawValue: .max)))
  }

  private func stored(_ text: String?) throws -> RowChange {
    try RowChange(run: 2, kind: .patterns, id: "p", stored: (-1, text))
  }

  private func origin(of record: Record) -> Provenance {
    Provenance(
      kind: .patterns, entityID: record.id, run: 1, path: "patterns/a.json", locator: .index(3),
      byteOffset: 7, byteLength: 70, sha256: .zero, unknownMembers: #"{"x": 1}"#,
      rowDigest: RowDigest(of: record))
  }

  @Test func whatIsKeptReadsBack() throws {
    let record = StoreSamples.record(
      .patterns, "p",
      ["name": .text("\u{0}\"\u{1F3B8}"), "ring_count": .real(-0.0), "metadata": .blob([0, 255])])
    let provenance = origin(of: record)
    var more = BeforeImage(record: record, provenance: provenance)
    more.otherColumns = ["rating": .integer(5), "a \"b": .null, "c": .real(0.1)]
    more.malformedTexts = ["name": [0x61, 0xFF], "a \"b": []]
    for before in [
      nil, more, BeforeImage(record: record, provenance: nil),
      BeforeImage(record: record, provenance: provenance),
    ] {
      let change = change(before)
      #expect(try stored(change.stored.before) == change)
    }
  }

  @Test func damageIsAnErrorAndNotAbsence() throws {
    let record = StoreSamples.record(.patterns, "p")
    let image = BeforeImage(record: record, provenance: origin(of: record))
    let text = try #require(change(image).stored.before)
    let others = #","other_columns":"#
    let damaged = [
      String(text.dropLast()) + #","malformed_texts":{"name":7}}"#,
      String(text.dropLast()) + others + "7}", String(text.dropLast()) + others + #"{"a":[]}}"#,
      "", "{}", "null", String(text.dropLast()),
      text.replacing("\"values\":[", with: "\"values\":[7,"),
      text.replacing("\"path\"", with: "\"gone\""), text.replacing("\"sha256\"", with: "\"gone\""),
      text.replacing("\"length\"", with: "\"gone\""),
    ]
    for text in damaged {
      let error = #expect(throws: StoreError.self) { try stored(text) }
      #expect(error?.code == .corrupt, "\(text)")
    }
  }
}
