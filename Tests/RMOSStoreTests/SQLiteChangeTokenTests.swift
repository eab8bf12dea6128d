import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

@Suite struct SQLiteChangeTokenTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.file("rmos.db") }

  init() throws { directory = try TemporaryDirectory() }

  private func insert(_ id: String, into store: SQLiteStore) throws {
    try store.write { try $0.insert(StoreSamples.record(.patterns, id)) }
  }

  @Test(arguments: [SQLiteStore.Access.create, .readWrite, .readOnly])
  func commitsOfOtherStoresShow(_ access: SQLiteStore.Access) throws {
    let writer = try SQLiteStore(path: path)
    try insert("a", into: writer)
    let store = try SQLiteStore(path: path, access: access)
    var tokens = [try #require(store.changeToken())]
    for id in ["b", "c", "d"] {
      try insert(id, into: writer)
      tokens.append(try #require(store.changeToken()))
      #expect(store.changeToken() == tokens.last)
    }
    #expect(Set(tokens).count == 4)
  }

  @Test func aFileAtRestHasATokenToo() throws {
    do { try insert("a", into: try SQLiteStore(path: path)) }
    let store = try SQLiteStore(path: path, access: .readOnly)
    let first = try #require(store.changeToken())
    #expect(store.changeToken() == first)
    do { try insert("b", into: try SQLiteStore(path: path)) }
    #expect(store.changeToken() != first)
    let second = store.changeToken()
    let writer = try SQLiteStore(path: path)
    try insert("c", into: writer)
    #expect(store.changeToken() != second)
  }

  @Test func tokensOfTwoStoresDiffer() throws {
    let stores = [try SQLiteStore(path: path), try SQLiteStore(path: path)]
    #expect(stores[0].changeToken() != stores[1].changeToken())
  }
}
