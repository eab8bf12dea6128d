import RMOSAnalytics
import RMOSModels
import RMOSStore
import RMOSTestSupport
import Testing

/// The figures of one pattern, and how success changes over time.
@Suite struct OnePatternTests {
  @Test(arguments: 0..<3)
  func aPatternsFiguresAreThoseOfItsJobs(_ seed: UInt64) throws {
    let shop = RandomShop(seed: seed, jobs: 300)
    let store = InMemoryStore()
    try shop.write(into: store)
    var options = Analytics.Options(listLimit: nil, today: CalendarDay("2026-01-01"))
    let all = try Analytics(of: store, options: options).runSynchronously()
    #expect(all.patterns.popularity.contains { $0.jobs > 0 })
    for use in all.patterns.popularity {
      let one = try #require(
        try Analytics(of: store, options: options).runSynchronously(pattern: use.id))
      options.filter.patternID = use.id
      let filtered = try Analytics(of: store, options: options).runSynchronously()
      options.filter = JobFilter()
      // Materials are shown in their most common spelling, which may be another one if only the
      // strip families of one pattern are read.
      var (jobs, same) = (one.jobs, filtered.jobs)
      #expect(
        jobs.failures.byMaterial.map(\.figures.total).reduce(0, +)
          == same.failures.byMaterial.map(\.figures.total).reduce(0, +))
      jobs.failures.byMaterial = []
      same.failures.byMaterial = []
      #expect(jobs == same)
      #expect(one.materials.waste == filtered.materials.waste)
      #expect(one.patterns.popularity == [use])
      #expect(
        one.patterns.complexity.patterns
          == all.patterns.complexity.patterns.filter { $0.id == use.id })
    }
    #expect(try Analytics(of: store).runSynchronously(pattern: "none") == nil)
  }

  @Test func windowsAreComparedWithAllJobs() throws {
    let store = InMemoryStore()
    try store.write { transaction in
      for number in 0..<40 {
        // 30 days of success, then 10 of failure.
        let day =
          number < 9
          ? "2025-01-0\(number + 1)"
          : number < 31
            ? "2025-01-\(number + 1)" : "2025-02-0\(number - 30)"
        try transaction.insert(
          StoreSamples.record(
            .joblogs, "j\(number)",
            [
              "status": .text(number < 30 ? "completed" : "failed"), "end_time": .text(day),
              "pattern_id": .null,
            ]))
      }
    }
    let report = try Analytics(of: store).runSynchronously()
    let windows = report.successWindows(ofDays: 10)
    #expect(
      windows.map(\.from.description) == ["2025-01-01", "2025-01-11", "2025-01-21", "2025-01-31"])
    #expect(windows.map(\.to.description).last == "2025-02-09")
    #expect(
      windows.map(\.success) == [
        Rate(10, of: 10), Rate(10, of: 10), Rate(10, of: 10), Rate(0, of: 10),
      ])
    // (0 − 0.75)/√(0.75 · 0.25/10)
    #expect(abs(try #require(windows.last?.score) + 5.477225575) < 1e-6)
    #expect(report.successWindows(ofDays: 0).isEmpty)
  }

  @Test func withoutSpreadThereIsNoScore() throws {
    let store = InMemoryStore()
    #expect(try Analytics(of: store).runSynchronously().successWindows(ofDays: 7).isEmpty)
    try store.write {
      try $0.insert(
        StoreSamples.record(
          .joblogs, "j",
          ["status": .text("failed"), "end_time": .text("0001-01-02"), "pattern_id": .null]))
    }
    let windows = try Analytics(of: store).runSynchronously().successWindows(ofDays: 366)
    #expect(windows.map(\.score) == [nil] && windows.first?.from.description == "0001-01-01")
  }
}
