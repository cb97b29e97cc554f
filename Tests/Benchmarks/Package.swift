// swift-tools-version: 6.2
import PackageDescription

/// Benchmarks of the parts that have to be fast. A package of its own, so that a plain build of Callboard stays light.
/// `script/bench` runs them beside the yardsticks (qpid-proton C, azure-servicebus) and prints both with their ratios.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "callboard-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "callboard", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "Codec",
            dependencies: [
                .product(name: "AMQP", package: "callboard"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/Codec",
            swiftSettings: settings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
    ],
    swiftLanguageModes: [.v6]
)
