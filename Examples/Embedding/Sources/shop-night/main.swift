import RMOS
import ShopNight

// shop-night SOURCE DATABASE
guard CommandLine.arguments.count == 3 else {
  fatalError("usage: shop-night SOURCE DATABASE")
}
let store = try SQLiteStore(path: CommandLine.arguments[2])
let night = ShopNight(from: CommandLine.arguments[1], into: store)
let result = try await night.run { found in print(found, "entities so far") }
let total = result.summary.statistics.total
print("\(total.migrated) migrated, \(total.skipped) skipped, \(total.failed) failed")
print("audit: \(result.audit.verdict.rawValue)")
print("report: \(result.page.utf8.count) bytes of HTML")
