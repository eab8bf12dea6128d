// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "RMOSPostgres",
  platforms: [.macOS(.v15), .iOS(.v18)],
  products: [
    .library(name: "RMOSPostgres", targets: ["RMOSPostgres"]),
    .executable(name: "rmos-postgres", targets: ["rmos-postgres"]),
  ],
  dependencies: [
    .package(name: "RMOS", path: "../..")
  ],
  targets: [
    .systemLibrary(
      name: "CLibPQ",
      pkgConfig: "libpq",
      providers: [.apt(["libpq-dev"]), .brew(["libpq"])]
    ),
    .target(
      name: "RMOSPostgres",
      dependencies: [
        "CLibPQ",
        .product(name: "RMOSModels", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
      ]),
    .executableTarget(
      name: "rmos-postgres",
      dependencies: [
        "RMOSPostgres",
        .product(name: "RMOSCommandLine", package: "RMOS"),
        .product(name: "RMOSModels", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
      ]),
    .testTarget(name: "rmos-postgresTests", dependencies: ["rmos-postgres"]),
    .testTarget(
      name: "RMOSPostgresTests",
      dependencies: [
        "RMOSPostgres",
        .product(name: "RMOSModels", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
        .product(name: "RMOSAudit", package: "RMOS"),
        .product(name: "RMOSMigration", package: "RMOS"),
        .product(name: "RMOSTesting", package: "RMOS"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

var settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
// Set by CI; see the manifest of the root.
if Context.environment["RMOS_WARNINGS_AS_ERRORS"] != nil {
  settings.append(.treatAllWarnings(as: .error))
}

for target in package.targets where target.type != .system {
  target.swiftSettings = settings
  if target.name == "RMOSPostgres" { target.swiftSettings?.append(.strictMemorySafety()) }
}
