import Foundation
import NIOCore

/// Bytes recorded from the real service, and inputs that broke other implementations. They are not part of this package: see CONTRIBUTING
/// on CALLBOARD_VECTORS.
enum RecordedBytes {
    /// The folder of recordings, `nil` if this machine has none.
    static let folder: URL? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let vectors =
            ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"].map { URL(filePath: $0, relativeTo: root) }
            ?? root.appending(path: "../shared/vectors")
        return FileManager.default.fileExists(atPath: vectors.appending(path: "amqp-frames").path) ? vectors : nil
    }()

    /// Whether tests that need recordings can run. On CI they must.
    static let areAvailable = folder != nil || ProcessInfo.processInfo.environment["CI"] == "true"

    /// A recording of the service's half of a connection. The marks of where its reads ended are left out.
    static func frames(_ name: String) throws -> ByteBuffer {
        let url = try folder.unwrapped().appending(path: "amqp-frames/\(name)")
        return withoutMarks(try Data(contentsOf: url))
    }

    /// The files of the fuzzing corpus of connections.
    static let connections: [URL] = {
        guard let folder else { return [] }
        let corpus = folder.appending(path: "amqp-fuzz/conn/corpus")
        let files = (try? FileManager.default.contentsOfDirectory(at: corpus, includingPropertiesForKeys: nil)) ?? []
        return files.sorted { $0.lastPathComponent < $1.lastPathComponent }
    }()

    static func withoutMarks(_ data: Data) -> ByteBuffer {
        var bytes = data
        let mark = Data("SPLIT\n".utf8)
        while let range = bytes.range(of: mark) { bytes.removeSubrange(range) }
        return ByteBuffer(bytes: bytes)
    }

    struct Missing: Error {}
}

extension Optional {
    fileprivate func unwrapped() throws -> Wrapped {
        guard let self else { throw RecordedBytes.Missing() }
        return self
    }
}
