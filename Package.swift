// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "RMOS",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "RMOS", targets: ["RMOS"]),
    .library(name: "RMOSModels", targets: ["RMOSModels"]),
    .library(name: "RMOSStore", targets: ["RMOSStore"]),
    .library(name: "RMOSMigration", targets: ["RMOSMigration"]),
    .library(name: "RMOSAudit", targets: ["RMOSAudit"]),
    .library(name: "RMOSAnalytics", targets: ["RMOSAnalytics"]),
    .library(name: "RMOSHTTP", targets: ["RMOSHTTP"]),
    .library(name: "RMOSDashboard", targets: ["RMOSDashboard"]),
    .library(name: "RMOSCommandLine", targets: ["RMOSCommandLine"]),
    .library(name: "RMOSFoundation", targets: ["RMOSFoundation"]),
    .library(name: "RMOSStoreWrapper", targets: ["RMOSStoreWrapper"]),
    .library(name: "RMOSTesting", targets: ["RMOSTesting"]),
    .executable(name: "rmos-cli", targets: ["rmos-cli"]),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite",
      pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
    ),
    .target(name: "CLibrary"),
    .target(name: "RMOSSystem", dependencies: ["CLibrary"]),
    .target(name: "CSHA256"),
    .target(name: "COpenAPI"),
    .target(name: "RMOSModels", dependencies: ["CSHA256", "RMOSSystem"]),
    .target(name: "RMOSStore", dependencies: ["CSQLite", "RMOSModels", "RMOSSystem"]),
    .target(name: "RMOSHTML", dependencies: ["RMOSModels", "RMOSSystem"]),
    .target(
      name: "RMOSMigration", dependencies: ["RMOSHTML", "RMOSModels", "RMOSStore", "RMOSSystem"]),
    .target(name: "RMOSSamples", dependencies: ["RMOSModels", "RMOSMigration", "RMOSSystem"]),
    .target(
      name: "RMOSAudit", dependencies: ["RMOSHTML", "RMOSModels", "RMOSStore", "RMOSSystem"]),
    .target(
      name: "RMOSAnalytics", dependencies: ["RMOSHTML", "RMOSModels", "RMOSStore", "RMOSSystem"]),
    .target(name: "RMOS", dependencies: ["RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit"]),
    .target(name: "RMOSHTTP", dependencies: ["RMOSSystem"]),
    .target(
      name: "RMOSDashboard",
      dependencies: [
        "COpenAPI", "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSAnalytics",
        "RMOSHTML",
        "RMOSHTTP", "RMOSSystem",
      ]),
    .target(
      name: "RMOSCommandLine",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSSamples", "RMOSAudit", "RMOSAnalytics",
        "RMOSDashboard", "RMOSHTTP", "RMOSSystem",
      ]),
    // What programs with Foundation want; nothing else in Sources depends on it.
    .target(
      name: "RMOSFoundation",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAnalytics", "RMOSHTTP",
      ]
    ),
    .executableTarget(name: "rmos-cli", dependencies: ["RMOSCommandLine", "RMOSSystem"]),

    // Apart from the store, as few programs wrap one.
    .target(name: "RMOSStoreWrapper", dependencies: ["RMOSModels", "RMOSStore"]),
    .target(
      name: "RMOSTesting",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSStoreWrapper", "RMOSMigration", "RMOSSamples", "RMOSAudit",
        "RMOSAnalytics", "RMOSSystem",
      ]),

    .target(
      name: "RMOSTestSupport",
      dependencies: ["RMOSModels", "RMOSStore", "RMOSMigration", "RMOSTesting"],
      path: "Tests/RMOSTestSupport"),
    .testTarget(name: "RMOSSystemTests", dependencies: ["RMOSSystem", "RMOSTestSupport"]),
    .testTarget(name: "RMOSModelsTests", dependencies: ["RMOSModels", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSHTMLTests", dependencies: ["RMOSHTML", "RMOSModels", "RMOSSystem"]),
    .testTarget(
      name: "RMOSStoreTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSStoreWrapper", "RMOSSystem", "RMOSTestSupport",
      ]),
    // Stores are tested as others test theirs: with what is public.
    .testTarget(
      name: "RMOSTestingTests",
      dependencies: ["RMOSModels", "RMOSStore", "RMOSStoreWrapper", "RMOSTesting"],
      packageAccess: false),
    .testTarget(
      name: "RMOSMigrationTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSStoreWrapper", "RMOSMigration", "RMOSSystem",
        "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "RMOSSamplesTests",
      dependencies: ["RMOSModels", "RMOSStore", "RMOSMigration", "RMOSSamples", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSAuditTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSStoreWrapper", "RMOSMigration", "RMOSAudit",
        "RMOSTestSupport",
      ]),
    .testTarget(
      name: "RMOSAnalyticsTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAnalytics", "RMOSSystem",
        "RMOSTestSupport",
      ]),
    .testTarget(
      name: "RMOSHTTPTests", dependencies: ["RMOSHTTP", "RMOSSystem", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSDashboardTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSAnalytics", "RMOSDashboard",
        "RMOSHTML", "RMOSHTTP", "RMOSStoreWrapper", "RMOSSystem", "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "FourthKindTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSDashboard", "RMOSHTTP",
        "RMOSTestSupport",
      ]),
    .testTarget(
      name: "RMOSFoundationTests",
      dependencies: [
        "RMOSFoundation", "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAnalytics", "RMOSHTTP",
      ]),
    .testTarget(
      name: "RMOSCommandLineTests",
      dependencies: [
        "RMOSCommandLine", "RMOSMigration", "RMOSModels", "RMOSStore", "RMOSTestSupport",
      ]),
    .testTarget(
      name: "rmos-cliTests",
      dependencies: [
        "rmos-cli", "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSAnalytics",
        "RMOSDashboard", "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6]
)

// Only on demand, so that no benchmark is among the products.
if Context.environment["RMOS_BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "scanner-benchmark", dependencies: ["RMOSModels"],
      path: "Benchmarks/Sources/ScannerBenchmark"))
}

var settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
// Set by `.ci/run`. Not `CI`, which would make warnings errors in the builds of those who embed
// this package, with whatever compiler they have.
if Context.environment["RMOS_WARNINGS_AS_ERRORS"] != nil {
  settings.append(.treatAllWarnings(as: .error))
}
for target in package.targets where target.type != .system {
  target.swiftSettings = settings
  // Every use of a pointer is marked, in all that is under Sources.
  if target.type != .test, target.path == nil {
    target.swiftSettings?.append(.strictMemorySafety())
  }
}
