// swift-tools-version: 6.2
import PackageDescription

// The dashboard in a server of your own, here Hummingbird. RMOS itself has no dependencies; those
// below are of the server.
let package = Package(
  name: "HummingbirdServer",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "RMOS", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.0.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.0.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.80.0"),
  ],
  targets: [
    .executableTarget(
      name: "hummingbird-server",
      dependencies: [
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "RMOSDashboard", package: "RMOS"),
        .product(name: "RMOSStore", package: "RMOS"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
