// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "RMOS",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "RMOSModels", targets: ["RMOSModels"]),
    .library(name: "RMOSStore", targets: ["RMOSStore"]),
    .library(name: "RMOSMigration", targets: ["RMOSMigration"]),
    .library(name: "RMOSAudit", targets: ["RMOSAudit"]),
    .library(name: "RMOSHTTP", targets: ["RMOSHTTP"]),
    .library(name: "RMOSDashboard", targets: ["RMOSDashboard"]),
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
    .target(name: "RMOSModels", dependencies: ["RMOSSystem"]),
    .target(name: "RMOSStore", dependencies: ["CSQLite", "RMOSModels", "RMOSSystem"]),
    .target(name: "RMOSMigration", dependencies: ["RMOSModels", "RMOSStore", "RMOSSystem"]),
    .target(name: "RMOSSamples", dependencies: ["RMOSModels", "RMOSMigration", "RMOSSystem"]),
    .target(name: "RMOSAudit", dependencies: ["RMOSModels", "RMOSStore", "RMOSSystem"]),
    .target(name: "RMOSHTTP", dependencies: ["RMOSSystem"]),
    .target(
      name: "RMOSDashboard",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSHTTP", "RMOSSystem",
      ]),
    .executableTarget(
      name: "rmos-cli",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSSamples", "RMOSAudit", "RMOSDashboard",
        "RMOSHTTP", "RMOSSystem",
      ]),

    .target(
      name: "RMOSTestSupport",
      dependencies: ["RMOSModels", "RMOSStore", "RMOSMigration"],
      path: "Tests/RMOSTestSupport"),
    .testTarget(name: "RMOSSystemTests", dependencies: ["RMOSSystem", "RMOSTestSupport"]),
    .testTarget(name: "RMOSModelsTests", dependencies: ["RMOSModels", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSStoreTests", dependencies: ["RMOSModels", "RMOSStore", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSMigrationTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSSystem", "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "RMOSSamplesTests",
      dependencies: ["RMOSModels", "RMOSStore", "RMOSMigration", "RMOSSamples", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSAuditTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSTestSupport",
      ]),
    .testTarget(
      name: "RMOSHTTPTests", dependencies: ["RMOSHTTP", "RMOSSystem", "RMOSTestSupport"]),
    .testTarget(
      name: "RMOSDashboardTests",
      dependencies: [
        "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSDashboard", "RMOSHTTP",
        "RMOSSystem", "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
    .testTarget(
      name: "rmos-cliTests",
      dependencies: [
        "rmos-cli", "RMOSModels", "RMOSStore", "RMOSMigration", "RMOSAudit", "RMOSDashboard",
        "RMOSTestSupport",
      ],
      exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ]
}
