import Foundation
import Testing

/// Interrupted runs, and runs at the same time.
@Suite(.serialized, .enabled(if: Shop.server != nil, "RMOS_POSTGRES_URL names no server"))
struct InterruptedRunTests {
  /// Returns the content after a single run without interruptions.
  private func quietContent(_ shop: Shop) throws -> String {
    let other = try Shop()
    let result = try other.run("$CLI migrate '\(shop.directory.path)/legacy' -q")
    try #require(result.status <= 1, "\(result.errors)")
    return try other.content()
  }

  /// Returns the content without timestamps that are the time of the run.
  private func withoutTimes(_ content: String) -> String {
    content.replacing(/"(created|updated)_at": "20[^"]*"/, with: "")
  }

  @Test func thirtyKillsAndARunGiveTheContentOfOneRun() throws {
    let shop = try Shop()
    try shop.writeSample(1500, broken: 3)
    var kills = 0
    for attempt in 0..<30 {
      let (process, _, _) = try shop.start(
        "exec $CLI migrate legacy -q --no-backup --batch-size 20")
      Thread.sleep(forTimeInterval: .random(in: 0.01...(0.05 + 0.01 * Double(attempt))))
      if process.isRunning { kills += 1 }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(kills > 0)
    let last = try shop.run("$CLI migrate legacy -q --no-backup")
    #expect(last.status <= 1, "\(last.errors)")
    #expect(withoutTimes(try shop.content()) == withoutTimes(try quietContent(shop)))
    let audit = try shop.run("$CLI audit")
    #expect(audit.status == 0, "\(audit.output)")
  }

  @Test func ofTwoMigratorsOneWritesAndTheOtherIsRefusedOrFindsItDone() throws {
    let shop = try Shop()
    try shop.writeSample(800)
    _ = try shop.run("$CLI init")
    let runs = try (0..<2).map { _ in try shop.start("exec $CLI migrate legacy --batch-size 20") }
    for run in runs { run.process.waitUntilExit() }
    let statuses = runs.map(\.process.terminationStatus).sorted()
    #expect(statuses == [0, 0] || statuses == [0, 3], "\(statuses)")
    for run in runs where run.process.terminationStatus == 3 {
      let errors = String(decoding: try Data(contentsOf: run.errors), as: UTF8.self)
      #expect(errors.contains("rmos-postgres status shows the run that is under way"), "\(errors)")
    }
    #expect(withoutTimes(try shop.content()) == withoutTimes(try quietContent(shop)))
  }

  @Test func aServerThatCrashesAmidARunEndsItWithWhatWasCommitted() throws {
    let first = try #require(ProcessInfo.processInfo.environment["RMOS_POSTGRES_SERVER"])
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../Scripts/postgres.sh").standardized.path
    // A separate server, since the other tests need theirs.
    let directory = "\(first).crash"
    let start = try Shop().run("'\(script)' start '\(directory)'")
    defer { _ = try? Shop().run("'\(script)' stop '\(directory)'; rm -rf '\(directory)'") }
    try #require(start.status == 0, "\(start.errors)")
    let shop = try Shop(on: String(start.output.dropLast()))
    try shop.writeSample(3000)
    _ = try shop.run("$CLI init")
    let run = try shop.start("exec $CLI migrate legacy --batch-size 10 --no-backup")
    while try Int(shop.sql("SELECT count(*) FROM joblogs").dropLast()) ?? 0 < 50,
      run.process.isRunning
    {}
    try shop.run("'\(script)' stop '\(directory)' immediate")
    run.process.waitUntilExit()
    #expect(run.process.terminationStatus == 3)
    #expect(try shop.run("'\(script)' start '\(directory)'").status == 0)
    let again = try shop.run("$CLI migrate legacy --no-backup")
    #expect(again.status == 0, "\(again.errors)")
    #expect(withoutTimes(try shop.content()) == withoutTimes(try quietContent(shop)))
  }
}
