import Foundation
import Testing

/// A request to the real service and its answer, recorded. The recordings are not part of this package; CALLBOARD_VECTORS names their folder.
struct Recording: Decodable, Sendable {
    struct Request: Decodable, Sendable {
        let method: String
        let uri: String
        let headers: [String: String]
        let body: String?
    }
    struct Response: Decodable, Sendable {
        let status: Int
        let headers: [String: String]
        let body: String

        func header(_ name: String) -> String? { headers.first { $0.key.lowercased() == name }?.value }
    }
    let request: Request
    let response: Response

    static let folder: URL = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let environment = ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"]
        return (environment.map { URL(filePath: $0, relativeTo: root) } ?? root.appending(path: "../shared/vectors")).appending(
            path: "atom")
    }()

    /// Whether tests that need recordings can run. On CI they must.
    static let areAvailable = FileManager.default.fileExists(atPath: folder.path) || ProcessInfo.processInfo.environment["CI"] == "true"

    init(_ name: String) throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        let file = try #require(files.first { $0.hasPrefix(name) })
        self = try JSONDecoder().decode(Recording.self, from: Data(contentsOf: Self.folder.appending(path: file)))
    }

    /// Names of tags with their attributes' names, in order; prefixes count, values do not.
    static func shape(_ xml: some StringProtocol) -> [String] {
        String(xml).matches(of: /<(\/?[^\s>\/]+)([^>]*?)(\/?)>/).map { match in
            let attributes = match.2.matches(of: /([^\s="]+)="[^"]*"/).map { " \($0.1)" }.joined()
            return "\(match.1)\(attributes)"
        }
    }

    /// A text without what differs from call to call.
    static func words(_ body: String) -> String {
        body.replacing(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(_[A-Z]\d+|;id=\d+)/, with: "ID").replacing(
            /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/, with: "TIME")
    }
}
