// swift-tools-version: 6.2
import PackageDescription

// A program that embeds RMOS: it migrates, renders a report and audits. In your package, replace
// the path with the URL of the repository and a version.
let package = Package(
  name: "Embedding",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "RMOS", path: "../..")],
  targets: [
    .target(name: "ShopNight", dependencies: [.product(name: "RMOS", package: "RMOS")]),
    .executableTarget(
      name: "shop-night", dependencies: ["ShopNight", .product(name: "RMOS", package: "RMOS")]),
    .testTarget(
      name: "ShopNightTests",
      dependencies: ["ShopNight", .product(name: "RMOS", package: "RMOS")]),
  ],
  swiftLanguageModes: [.v6]
)
