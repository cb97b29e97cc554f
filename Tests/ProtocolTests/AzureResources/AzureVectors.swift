import AzureResources
import Identity
import NIOCore
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Exchanges with the real services and answers written from their specifications, read in place.
enum AzureVectors {
    /// The folder of all vectors, from `CALLBOARD_VECTORS` or beside the package.
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"] { return folder }
        // …/Tests/ProtocolTests/AzureResources/AzureVectors.swift: the package is four levels up.
        let package = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "/" + package + "/../shared/vectors"
    }()

    static var exist: Bool { FileManager.default.fileExists(atPath: folder + "/arm") }
    static let areMissing: Comment = "the test vectors are not here; set CALLBOARD_VECTORS to their folder"

    static func bytes(_ path: String) throws -> ByteBuffer {
        ByteBuffer(bytes: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)")))
    }

    static func json(_ path: String) throws -> JSONValue { try AzureJSON.decode(JSONValue.self, from: bytes(path)) }

    /// The body of a recorded answer.
    static func answer(_ number: String) throws -> JSONValue {
        try #require(try exchange(number)["response"]?["body"])
    }

    /// The body of a recorded request.
    static func request(_ number: String) throws -> JSONValue {
        try #require(try exchange(number)["request"]?["body"])
    }

    /// The body that an example of the specification has for a status.
    static func example(_ name: String, status: String = "200") throws -> JSONValue {
        try #require(try json("arm/\(name).json")["responses"]?[status]?["body"])
    }

    /// Files of a folder.
    static func names(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(path)").sorted()
    }

    /// A recorded exchange.
    static func exchange(_ number: String) throws -> JSONValue {
        try json("arm/" + #require(try names("arm").first { $0.hasPrefix(number + "-") }))
    }
}

extension JSONValue {
    /// A value read from this.
    func read<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try AzureJSON.decode(type, from: AzureJSON.encode(self))
    }

    /// The elements of a list's `value`.
    func readList<Value: Decodable>(of type: Value.Type = Value.self) throws -> [Value] {
        let list = try #require(self["value"])
        return try list.read([Value].self)
    }
}

@Suite("Azure vectors")
struct AzureVectorTests {
    @Test("are present where everything must run")
    func present() {
        guard ProcessInfo.processInfo.environment["CI"] == "true" else { return }
        #expect(AzureVectors.exist, AzureVectors.areMissing)
    }
}
