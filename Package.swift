// swift-tools-version: 6.2
import PackageDescription

/// One package; each target is a floor of the house and imports only what lies below it (docs/architecture.md).
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

/// The toolchain's own linker on Linux: it takes seconds where the one that is taken unasked takes many, and knows short relocations
/// (script/lib/common.sh).
let quick: [LinkerSetting] = [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux]))]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "callboard",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "callboard", targets: ["callboard"]),
        .library(name: "AMQP", targets: ["AMQP"]),
        .library(name: "AMQPTransport", targets: ["AMQPTransport"]),
        .library(name: "ServiceBus", targets: ["ServiceBus"]),
        .library(name: "CallboardCore", targets: ["CallboardCore"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Floor 1
        .target(
            name: "AMQP",
            dependencies: [nioCore, .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "RESTClient",
            dependencies: [
                .product(name: "AsyncHTTPClient", package: "async-http-client"), nioCore,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                logging,
            ],
            swiftSettings: strict),
        .target(
            name: "CNcurses",
            linkerSettings: [
                .linkedLibrary("ncursesw", .when(platforms: [.linux])),
                .linkedLibrary("ncurses", .when(platforms: [.macOS])),
            ]),
        .target(
            name: "CInflate",
            linkerSettings: [.linkedLibrary("z"), .linkedLibrary("dl", .when(platforms: [.linux]))]),
        // Floor 2
        .target(
            name: "Identity",
            dependencies: [
                "RESTClient", .product(name: "Crypto", package: "swift-crypto"), .product(name: "JWTKit", package: "jwt-kit"), nioCore,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                system, logging,
            ],
            swiftSettings: strict),
        .target(name: "Terminal", dependencies: ["CNcurses"], swiftSettings: strict),
        .target(
            name: "AMQPTransport",
            dependencies: [
                "AMQP", nioCore,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "DequeModule", package: "swift-collections"),
                logging,
            ],
            swiftSettings: strict),
        // Floor 3
        .target(
            name: "ServiceBus",
            dependencies: [
                "AMQP", "AMQPTransport", "Identity", "RESTClient", nioCore,
                .product(name: "DequeModule", package: "swift-collections"), logging,
            ],
            swiftSettings: strict),
        .target(name: "AzureResources", dependencies: ["Identity", "RESTClient", nioCore, logging], swiftSettings: strict),
        .target(
            name: "Backstage",
            dependencies: ["RESTClient", nioCore, system, .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        // Floor 4
        .target(
            name: "CallboardCore",
            dependencies: [
                "ServiceBus", "AzureResources", "Backstage", "Identity", "RESTClient", "CInflate", system, logging,
                .product(name: "Yams", package: "Yams"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        // Floor 5
        .target(name: "Console", dependencies: ["CallboardCore", "Terminal", "ServiceBus"], swiftSettings: strict),
        .target(
            name: "Sandbox",
            dependencies: [
                "ServiceBus", "AMQPTransport", "AMQP", nioCore,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
                logging,
            ],
            swiftSettings: strict),
        // Floor 6
        .executableTarget(
            name: "callboard",
            dependencies: [
                "Console", "CallboardCore", "Sandbox", "ServiceBus", "Backstage", "Identity", "RESTClient", "Terminal",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                nioCore, logging,
            ],
            swiftSettings: strict, linkerSettings: quick),
        // Our side of script/interop's exchanges with other AMQP implementations, and of script/bench's throughput; not a product.
        .executableTarget(
            name: "amqp-exchange",
            dependencies: [
                "AMQP", "AMQPTransport", "ServiceBus", nioCore, .product(name: "NIOPosix", package: "swift-nio"), logging,
            ],
            path: "Tests/Interop/Exchange",
            swiftSettings: strict, linkerSettings: quick),
        .testTarget(
            name: "ProtocolTests",
            dependencies: [
                "AMQP", "AMQPTransport", "ServiceBus", "AzureResources", "Identity", "RESTClient", nioCore, logging,
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict, linkerSettings: quick),
        .testTarget(
            name: "ProductTests",
            dependencies: [
                "callboard", "CallboardCore", "AzureResources", "Backstage", "Identity", "RESTClient", "Console", "Terminal", "ServiceBus",
                "AMQP", nioCore, system,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            swiftSettings: strict, linkerSettings: quick),
        .testTarget(
            name: "SandboxTests",
            dependencies: [
                "Sandbox", "ServiceBus", "AMQPTransport", "AMQP", "AzureResources", "CallboardCore", "Identity", "RESTClient", nioCore,
                logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict, linkerSettings: quick),
    ],
    swiftLanguageModes: [.v6]
)
