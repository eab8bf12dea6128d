// swift-tools-version: 6.2
import PackageDescription

// A store of your own, tested by the checks that the stores of RMOS pass. In your package, replace
// the path with the URL of the repository and a version.
let package = Package(
  name: "OwnStore",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "RMOS", path: "../..")],
  targets: [
    .target(
      name: "OwnStore",
      dependencies: [
        .product(name: "RMOS", package: "RMOS"),
        .product(name: "RMOSStoreWrapper", package: "RMOS"),
      ]),
    .testTarget(
      name: "OwnStoreTests",
      dependencies: [
        "OwnStore", .product(name: "RMOS", package: "RMOS"),
        .product(name: "RMOSTesting", package: "RMOS"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
