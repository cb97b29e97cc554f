import Foundation
import Testing

/// Exchanges recorded from the real service, one a file. They are not part of this package; CALLBOARD_VECTORS names the folder they are in.
struct RecordedExchange: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    let url: String
    let requestBody: String?
    let status: Int
    let headers: [String: String]
    let body: String

    var testDescription: String { name }

    /// The folder of recordings, `nil` if this machine has none.
    static let folder: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let vectors =
            ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"].map { URL(filePath: $0, relativeTo: root) }
            ?? root.appending(path: "../shared/vectors")
        let folder = vectors.appending(path: "atom")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// All recordings, none if there is no folder of them.
    static let all: [RecordedExchange] = {
        guard let folder, let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else { return [] }
        return files.filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
            guard let data = try? Data(contentsOf: folder.appending(path: file)),
                let recording = try? JSONDecoder().decode(Recording.self, from: data)
            else {
                return nil
            }
            return RecordedExchange(
                name: file, method: recording.request.method, url: recording.request.uri, requestBody: recording.request.body,
                status: recording.response.status,
                headers: Dictionary(
                    recording.response.headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }),
                body: recording.response.body)
        }
    }()

    static func named(_ prefix: String) throws -> RecordedExchange {
        try #require(all.first { $0.name.hasPrefix(prefix) })
    }

    /// Whether tests that need recordings can run. On CI they must.
    static let areAvailable = folder != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    private struct Recording: Decodable {
        struct Request: Decodable {
            let method: String
            let uri: String
            let body: String?
        }
        struct Response: Decodable {
            let status: Int
            let headers: [String: String]
            let body: String
        }
        let request: Request
        let response: Response
    }
}
