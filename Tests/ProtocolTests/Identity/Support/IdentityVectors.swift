import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Answers of the services that give tokens. They are not part of this package: see CONTRIBUTING on CALLBOARD_VECTORS.
enum IdentityVectors {
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"] { return folder }
        // …/Tests/ProtocolTests/Identity/Support/IdentityVectors.swift: the package is five levels up.
        return "/" + #filePath.split(separator: "/").dropLast(5).joined(separator: "/") + "/../shared/vectors"
    }()

    static var exist: Bool { FileManager.default.fileExists(atPath: folder + "/entra-graph-imds") }
    static let areMissing: Comment = "the test vectors are not here; set CALLBOARD_VECTORS to their folder"

    static func data(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: folder + "/" + path)) }
    static func text(_ path: String) throws -> String { String(decoding: try data(path), as: UTF8.self) }
}

@Suite("Identity vectors")
struct IdentityVectorTests {
    @Test("are present where everything must run")
    func present() {
        guard ProcessInfo.processInfo.environment["CI"] == "true" else { return }
        #expect(IdentityVectors.exist, IdentityVectors.areMissing)
    }
}
