import RMOSTestSupport
import Testing

@testable import RMOSMigration

@Suite struct IDTableTests {
  private func key(_ text: String) -> IDTable.Key { IDTable.Key(Array(text.utf8).span) }

  @Test func whatWasAddedIsThereWithItsNumberAndNothingElseIs() {
    var table = IDTable()
    #expect(table[key("a")] == nil)
    for number in 0..<5000 { table.insert(key("id-\(number)"), number: UInt64(number)) }
    #expect(table.count == 5000)
    for number in 0..<5000 { #expect(table[key("id-\(number)")] == UInt64(number)) }
    for number in 5000..<10_000 { #expect(table[key("id-\(number)")] == nil) }
  }

  /// Numbers only take memory once there is one other than 0.
  @Test(arguments: [0, 1, 30, 4999, 5000])
  func idsAddedBeforeTheFirstNumberHaveNone(_ first: Int) {
    func number(_ id: Int) -> UInt64 { id < first ? 0 : UInt64(id) }
    var table = IDTable()
    for id in 0..<5000 { table.insert(key("id-\(id)"), number: number(id)) }
    for id in 0..<5000 { #expect(table[key("id-\(id)")] == number(id)) }
    #expect(table[key("id-5000")] == nil)
  }

  @Test func theFirstNumberStays() {
    var table = IDTable()
    table.insert(key("a"), number: 1)
    table.insert(key("a"), number: 2)
    #expect(table[key("a")] == 1)
    #expect(table.count == 1)
  }

  @Test func originsComeBackByNumber() {
    var origins = OriginList()
    let names = ["patterns/a.json", "", "é/b.json", "x"].map { Array($0.utf8) } + [[0xFF]]
    #expect(names.map { origins.number(of: $0) } == [0, 1, 2, 3, 4])
    #expect(origins.number(of: [0xFF]) == 4)
    #expect((0..<5).map { origins[$0].path } == names)
    #expect((0..<5).allSatisfy { origins[$0].way == nil })
  }

  /// A path under another key, or read by another rule, is another origin.
  @Test func originsWithWays() {
    var origins = OriginList()
    let keys: [[UInt8]?] = [nil, [], [0], Array("basic".utf8), Array("a\0b".utf8)]
    let ways = [nil] + keys.map { MappedWay(rule: 1, keys: .init(own: $0)) } + [MappedWay(rule: 2)]
    #expect(ways.map { origins.number(of: [0x61], $0) } == [0, 1, 2, 3, 4, 5, 6])
    #expect(origins.number(of: [0x61], ways[6]) == 6)
    #expect((0..<7).map { origins[$0].way } == ways)
    #expect((0..<7).allSatisfy { origins[$0].path == [0x61] })
  }
}
