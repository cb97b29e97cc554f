// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets for everything that reads bytes of a peer. A package of its own, so that a plain build of Callboard stays light.
/// Built and run by script/fuzz: the sanitizer flags have to reach every module.
let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let amqp: [Target.Dependency] = [
    "FuzzSupport",
    .product(name: "AMQP", package: "callboard"),
    .product(name: "NIOCore", package: "swift-nio"),
]

let package = Package(
    name: "callboard-fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "callboard", path: "../.."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CLibFuzzer"),
        .target(name: "FuzzSupport", dependencies: ["CLibFuzzer"], swiftSettings: settings),
        .executableTarget(name: "FuzzFrames", dependencies: amqp, swiftSettings: settings),
        .executableTarget(name: "FuzzValues", dependencies: amqp, swiftSettings: settings),
        .executableTarget(name: "FuzzMessages", dependencies: amqp, swiftSettings: settings),
        .executableTarget(
            name: "FuzzFilters", dependencies: ["FuzzSupport", .product(name: "ServiceBus", package: "callboard")], swiftSettings: settings),
        .executableTarget(
            name: "FuzzMasking",
            dependencies: [
                "FuzzSupport", .product(name: "CallboardCore", package: "callboard"), .product(name: "ServiceBus", package: "callboard"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "FuzzBodies",
            dependencies: [
                "FuzzSupport", .product(name: "CallboardCore", package: "callboard"), .product(name: "ServiceBus", package: "callboard"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "FuzzExports",
            dependencies: [
                "FuzzSupport", .product(name: "CallboardCore", package: "callboard"), .product(name: "ServiceBus", package: "callboard"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "FuzzSchemas", dependencies: ["FuzzSupport", .product(name: "CallboardCore", package: "callboard")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzPolicy", dependencies: ["FuzzSupport", .product(name: "CallboardCore", package: "callboard")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzLedger", dependencies: ["FuzzSupport", .product(name: "CallboardCore", package: "callboard")],
            swiftSettings: settings),
        // These look behind what the library shows (script/fuzz builds with -enable-testing).
        .executableTarget(
            name: "FuzzTokens", dependencies: ["FuzzSupport", .product(name: "CallboardCore", package: "callboard")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzAnswers",
            dependencies: [
                "FuzzSupport", .product(name: "CallboardCore", package: "callboard"), .product(name: "NIOCore", package: "swift-nio"),
            ], swiftSettings: settings),
        .executableTarget(
            name: "FuzzCatalogue", dependencies: ["FuzzSupport", .product(name: "CallboardCore", package: "callboard")],
            swiftSettings: settings),
        .executableTarget(
            name: "FuzzWebSocket",
            dependencies: [
                "FuzzSupport",
                .product(name: "AMQPTransport", package: "callboard"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
