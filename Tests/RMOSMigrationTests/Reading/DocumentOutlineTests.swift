import RMOSSystem
import RMOSTestSupport
import Testing

@testable import RMOSMigration
@testable import RMOSModels

@Suite struct DocumentOutlineTests {
  private func shape(_ text: String, chunk: Int = 64) throws -> DocumentShape {
    try DocumentOutline(for: .patterns, limits: SourceWindow.Limits(chunk: chunk))
      .examine(Array(text.utf8)).shape
  }

  private func wrapper(_ pointers: String...) -> DocumentShape {
    .wrapper(EntitySelection(pointers: pointers.compactMap(EntityPointer.init)))
  }

  private static let entity = #"{"name": "n", "ring_count": 1}"#

  @Test(arguments: [
    #"{"a": {}}"#, " \n{ \"a\" : { } , \"b\" : {\"c\": [1, \"}\"]} } ", #"{"metadata": {}}"#,
    #"{"": {}}"#, #"{"\ud800": {}}"#, #"{"a": {}, "a": {}}"#, #"{"a": {"name": 1}}"#,
    #"{"p1": \#(entity), "p2": {}}"#, #"{"p1": \#(entity), "p2": {"a": {"b": {"name": 1}}}}"#,
    #"{"info": \#(entity), "_p": \#(entity)}"#,
    #"{"p1": {"a": 1, "b": 2, "parts": [{"l": 1}]}}"#,
    #"{"p1": {"a": 1, "b": 2, "parts": [{"l": 1}]}, "p2": {"a": 1, "parts": [{"l": 1}]}}"#,
    // Documents that break off after the first entry.
    #"{"a": {}"#, #"{"a": {},"#, #"{"a": {}, "b": {"#, #"{"a": {}, b: 1}"#, #"{"a": {} "b": {}}"#,
    #"{"a": {}, "b"}"#, #"{"p1": \#(entity), "p2": {"na"#,
  ])
  func objectsOfObjectsAreDictionaries(_ text: String) throws {
    #expect(try shape(text) == .dictionary)
  }

  @Test(arguments: [
    "", " ", "[]", "{}", "{", "1", "\"a\"", #"{"a": 1}"#, #"{"a": {}, "b": 1}"#, #"{"a": []}"#,
    #"{"name": {}}"#, #"{"n\u0061me": {}}"#, #"{"a": {}, "geometry": {}}"#, #"{"a": {"#, #"{"a": "#,
    #"{"a"}"#, #"{"a": {x}}"#, #"{"a": [1, [2]]}"#, #"{"geometry": {}, "rosette_geometry": {}}"#,
    // A member of the kind, under any of its names, makes an object an entity.
    #"{"name": 1, "patterns": [\#(entity)]}"#, #"{"patterns": [\#(entity)], "id": 1}"#,
    #"{"patterns": [\#(entity)], "Ring-Count": 1}"#, #"{"pattern_id": 1, "rings": [{"a": 1}]}"#,
    #"{"geometry_json": 1, "rings": [{"a": 1}]}"#,
    // An object that has as many values of its own as the objects in its list have members.
    #"{"a": 1, "b": "x", "parts": [{"l": 1}, {"l": 2}]}"#,
    #"{"a": 1, "b": 2, "sizes": {"x": {"l": 1}, "y": {"l": 2}}, "parts": [{"l": 1}]}"#,
    #"{"a": 1, "b": 2, "c": {"parts": [{"l": 1}]}}"#,
    #"{"n": 1, "p1": {"a": 1, "b": 2, "parts": [{"l": 1}]}}"#,
    // Documents that break off after a field are broken entities.
    #"{"metadata": {}, "b": {"#, #"{"rosette_geometry": {"a": 1}, "#, #"{"rings": [{"id": 1}, "#,
  ])
  func otherObjectsAreEntities(_ text: String) throws {
    #expect(try shape(text) == .entity)
  }

  @Test(arguments: [
    (#"{"patterns": [\#(entity)]}"#, ["/patterns/*"]),
    (#"{"success": true, "x": [\#(entity), null], "total": 2, "tags": ["a"]}"#, ["/x/*"]),
    (#"{"x": {"a": \#(entity), "b": {}}}"#, ["/x/*"]),
    (#"{"meta": {"by": "me"}, "x": {"a": \#(entity)}}"#, ["/x/*"]),
    (#"{"c": {"b": [\#(entity)], "m": [\#(entity)], "n": 1}}"#, ["/c/b/*", "/c/m/*"]),
    (#"{"v": 1, "c": {"b": {"p": \#(entity)}, "m": {"q": \#(entity)}}}"#, ["/c/b/*", "/c/m/*"]),
    (
      #"{"c": {"b": [\#(entity)], "m": {"q": \#(entity)}, "x": [{"y": 1}]}}"#, ["/c/b/*", "/c/m/*"]
    ),
    (#"{"data": {"patterns": [\#(entity)], "total": 1}}"#, ["/data/patterns/*"]),
    (#"{"patterns": [], "total": 0}"#, ["/patterns/*"]), (#"{"Items": {}, "n": 0}"#, ["/Items/*"]),
    // The collection that looks most like entities is meant.
    (#"{"errors": [{"name": 1}], "x": [\#(entity)]}"#, ["/x/*"]),
    (#"{"x": [{"y": 1}], "z": 1}"#, ["/x/*"]), (#"{"runs": {"a": {"b": {"c": 1}}}}"#, ["/runs/*"]),
    // Objects that do not look like entities, but have more members than the object around them.
    (#"{"by": "x", "at": 1, "cuts": [{"a": 1}, {"a": 1, "b": 2, "c": 3}]}"#, ["/cuts/*"]),
    (#"{"by": "x", "at": 1, "items": [{"a": 1}]}"#, ["/items/*"]),
    (#"{"success": true, "count": 1, "version": 2, "cuts": [{"a": 1}]}"#, ["/cuts/*"]),
    (#"{"__metadata": {"a": 1}, "results": [\#(entity)]}"#, ["/results/*"]),
    // Documents that break off after the first entity.
    (#"{"patterns": [\#(entity), {"na"#, ["/patterns/*"]),
    (#"{"x": {"a": \#(entity), "b": {"#, ["/x/*"]), (#"{"c": {"b": [\#(entity), "#, ["/c/b/*"]),
  ])
  func objectsAroundCollectionsAreWrappers(_ text: String, _ pointers: [String]) throws {
    let expected = EntitySelection(pointers: pointers.compactMap(EntityPointer.init))
    for chunk in [64, 4096] {
      guard case .wrapper(let selection, _) = try shape(text, chunk: chunk) else {
        Issue.record("\(text) is no wrapper")
        continue
      }
      #expect(selection == expected)
    }
  }

  @Test(arguments: [
    (#"{"jobs": [\#(entity)], "archive": [{"x": 1}], "n": 1}"#, ["/archive"]),
    (#"{"2025": [{"name": 1}], "2024": [\#(entity)]}"#, ["/2025"]),
    (#"{"jobs": [\#(entity)], "a/b": {"k": {"x": 1}}, "m": {"k": {"x": 1}}}"#, ["/a~1b", "/m"]),
    (#"{"jobs": {"2024": [\#(entity)], "saws": [{"x": 1}]}, "n": 1}"#, ["/jobs/saws"]),
    (#"{"p1": \#(entity), "n": 1, "p2": \#(entity), "saws": [{"x": 1}]}"#, ["/saws"]),
    // Objects with one member of the kind around objects with several.
    (#"{"a": [\#(entity)], "b": {"name": 1, "l": [\#(entity)]}}"#, ["/b/l/*"]),
    (#"{"a": [\#(entity)], "b": {"id": 1, "x": {"y": {"z": \#(entity)}}}}"#, ["/b/x/y/*"]),
    (#"{"r": {"a": {"id": 1, "doc": \#(entity)}, "b": {"doc": \#(entity)}}}"#, ["/r/a"]),
    (#"{"r": {"a": {"id": 1, "l": [\#(entity)]}, "b": [\#(entity)], "n": 1}}"#, ["/r/a"]),
    (#"{"a": [\#(entity)], "x": {"n": 1, "b": {"name": 1, "l": [\#(entity)]}}}"#, ["/x"]),
    // Members that describe the document, hold no objects, or are one object.
    (#"{"jobs": [\#(entity)], "settings": {"a": {"x": 1}}, "errors": [{"x": 1}]}"#, []),
    (#"{"jobs": [\#(entity)], "tags": ["a"], "shop": {"city": "Kassel"}, "none": []}"#, []),
    (#"{"jobs": [\#(entity)], "shop": {"name": "x", "phones": [{"n": 1}]}}"#, []),
    (#"{"jobs": [\#(entity)], "x": {"geometry": {"rings": [\#(entity)]}}}"#, []),
  ])
  func collectionsThatAreNotMeantAreNamed(_ text: String, _ leftOut: [String]) throws {
    guard case .wrapper(_, let found) = try shape(text) else {
      Issue.record("\(text) is no wrapper")
      return
    }
    #expect(found == leftOut)
  }

  @Test func aDictionaryMayHaveOtherMembers() throws {
    let any = try #require(EntityPointer("/*"))
    for (text, excluded) in [
      (#"{"version": 2, "p1": \#(Self.entity), "p2": {}}"#, []),
      (#"{"_meta": {"by": "me"}, "p1": \#(Self.entity)}"#, ["_meta"]),
      (#"{"p1": \#(Self.entity), "tags": [1], "info": {}, "p2": {"name": 1}}"#, ["info"]),
    ] {
      let found = try shape(text)
      guard case .wrapper(let selection, _) = found else {
        Issue.record("\(text) is \(found)")
        continue
      }
      #expect(selection.pointers == [any] && selection.onlyObjects)
      #expect(selection.excluded.map { String(decoding: $0, as: UTF8.self) } == excluded)
    }
  }

  @Test(arguments: [
    (#"{"old": [\#(entity)], "new": [\#(entity)]}"#, ["old", "new"]),
    (#"{"a": {"x": \#(entity)}, "b": [\#(entity)], "c": 1}"#, ["a", "b"]),
    (#"{"a": [\#(entity)], "a": [\#(entity)]}"#, ["a", "a"]),
    (#"{"patterns": [\#(entity)], "p9": \#(entity)}"#, ["patterns", "p9"]),
    (#"{"a": [{"x": 1}], "b": [{"x": 1}]}"#, ["a", "b"]),
    // Groups of which one has a member of the kind.
    (#"{"a": {"name": 1, "l": [\#(entity)]}, "b": {"l": [\#(entity)]}}"#, ["b", "a"]),
    (#"{"a": {"id": 1, "doc": \#(entity)}, "b": {"doc": \#(entity)}}"#, ["b", "a"]),
    (
      #"{"v": 1, "p1": {"a": 1, "b": 2, "l": [{"c": 1}]}, "p2": {"a": 1, "b": 2, "l": [{"c": 1}]}}"#,
      ["p1", "p2"]
    ),
  ])
  func severalCollectionsAreAmbiguous(_ text: String, _ names: [String]) throws {
    #expect(try shape(text) == .ambiguous(names))
  }

  @Test func aTableByColumnsIsKnown() throws {
    #expect(try shape(#"{"id": {"0": "a"}, "name": {"0": "A"}, "x": {"0": 1}}"#) == .columns)
    #expect(try shape(#"{"name": {"0": "A"}, "ring_count": {"0": 1}}"#) == .columns)
  }

  /// Many collections under one member are not kept by name.
  @Test func collectionsWithoutNumberAreTaken() throws {
    let lists = (0..<500).map { "\"c\($0)\": [\(Self.entity)]" }.joined(separator: ",")
    #expect(try shape("{\"c\": {\(lists)}}") == wrapper("/c/*/*"))
  }

  /// The outline decides like the reader, which needs it for large objects.
  @Test(arguments: UInt64(0)..<4)
  func anObjectIsReadAlikeInPieces(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let names = [
      "a", "b", "name", "metadata", "ring_count", "", "n\\u0061me", "\\ud800", "patterns",
    ]
    let values = [
      "{}", "{\"name\": 1}", "{ \"x\": [{}] }", "{\"s\": \"}{\"}", "[{\"name\": 1, \"id\": 2}]",
      "{\"q\": {\"name\": 1, \"id\": 2}}", "1", "[]", "null",
    ]
    for _ in 0..<80 {
      let members = (0..<random.int(0...5)).map { _ in
        "\"\(random.pick(names))\": \(random.pick(values))"
      }
      let text = "{\(members.joined(separator: ", "))}"
      let large = text.replacing("{}", with: "{\(String(repeating: " ", count: 300))}")
      let whole = try SourceReading(Array(text.utf8))
      let pieces = try SourceReading(Array(large.utf8), limits: SourceWindow.Limits(chunk: 64))
      #expect(pieces.content == whole.content, "\(text)")
      #expect(pieces.notices.map(\.code) == whole.notices.map(\.code), "\(text)")
    }
  }

  @Test func bytesThatCannotBeReadAreAFailure() {
    struct Broken: ByteSource {
      let size = 1
      func read(
        into buffer: UnsafeMutablePointer<UInt8>, count: Int, at offset: Int
      ) throws(SystemError) -> Int {
        throw SystemError.hasChanged
      }
    }
    let outline = DocumentOutline(for: .patterns)
    #expect(throws: ReadFailure.self) { try outline.examine(Broken()) }
  }

  // MARK: Pointers

  @Test func pointersAreReadStepByStep() {
    #expect(EntityPointer("")?.steps == [])
    #expect(
      EntityPointer("/*/a~1b~0/0")?.steps == [.any, .named(Array("a/b~".utf8)), .named([0x30])])
    #expect(EntityPointer("/")?.steps == [.named([])])
    for text in ["a", "/~", "/~2", "*"] { #expect(EntityPointer(text) == nil) }
  }
}
