// swift-tools-version: 6.2
import PackageDescription

// A program of its own that embeds RMOS: it migrates, renders a report and audits. In your package
// the path becomes the address of the repository and a version.
let package = Package(
  name: "Embedding",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "RMOS", path: "../..")],
  targets: [
    .target(
      name: "ShopNight",
      dependencies: [
        .product(name: "RMOSModels", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
        .product(name: "RMOSMigration", package: "RMOS"),
        .product(name: "RMOSAudit", package: "RMOS"),
      ]),
    .executableTarget(
      name: "shop-night",
      dependencies: ["ShopNight", .product(name: "RMOSStore", package: "RMOS")]),
    .testTarget(
      name: "ShopNightTests",
      dependencies: [
        "ShopNight",
        .product(name: "RMOSModels", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
        .product(name: "RMOSMigration", package: "RMOS"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
