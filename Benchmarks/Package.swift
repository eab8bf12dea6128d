// swift-tools-version: 6.2
import PackageDescription

// Apart from the package itself, so that no benchmark ends up among its products.
let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "RMOS", path: "..")],
  targets: [
    .executableTarget(
      name: "scanner-benchmark",
      dependencies: [.product(name: "RMOSModels", package: "RMOS")],
      path: "Sources/ScannerBenchmark")
  ],
  swiftLanguageModes: [.v6]
)
