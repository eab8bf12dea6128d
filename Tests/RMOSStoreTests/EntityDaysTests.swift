import RMOSModels
import RMOSStore
import Testing

@Suite("The days on which entities came")
struct EntityDaysTests {
  @Test("a time counts on its day in UTC, and what is no time on none")
  func times() {
    var days = EntityDays()
    days.add(2, of: .patterns, at: "2025-03-01T00:30:00+02:00")
    days.add(of: .patterns, at: "2025-02-28 23:59")
    days.add(3, of: .joblogs, at: "yesterday")
    days.add(of: .joblogs, at: nil)
    #expect(days.counts == ["2025-02-28": [.patterns: 3]])
    #expect(days.undated == [.joblogs: 4])
  }
}
