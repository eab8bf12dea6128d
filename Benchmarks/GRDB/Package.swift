// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "GRDBLoad",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0")],
  targets: [
    .executableTarget(
      name: "GRDBLoad", dependencies: [.product(name: "GRDB", package: "GRDB.swift")])
  ])
