import Foundation
import NIOCore
import Testing

/// Recorded and generated AMQP bytes. They are not part of this package: see CONTRIBUTING on CALLBOARD_VECTORS.
enum AMQPVectors {
    /// One file of them.
    struct File: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: ByteBuffer
        var testDescription: String { name }
    }

    /// The folder of vectors; nil if this machine has none.
    static let folder: URL? = {
        var root = URL(filePath: #filePath)
        for _ in 0..<5 { root.deleteLastPathComponent() }
        let vectors =
            ProcessInfo.processInfo.environment["CALLBOARD_VECTORS"].map { URL(filePath: $0, relativeTo: root) }
            ?? root.appending(path: "../shared/vectors")
        return FileManager.default.fileExists(atPath: vectors.appending(path: "amqp-interop").path) ? vectors : nil
    }()

    /// Whether tests that need vectors can run. On CI they must.
    static let areAvailable = folder != nil || ProcessInfo.processInfo.environment["CI"] == "true"
    /// What a skipped test says.
    static let missing: Comment = "no AMQP vectors on this machine: set CALLBOARD_VECTORS"

    /// Type encodings of qpid-proton.
    static let interop = files(in: "amqp-interop")
    /// Bytes the real service sent.
    static let frames = files(in: "amqp-frames")
    /// Inputs a fuzzer found for connections, and for single values.
    static let connections = files(in: "amqp-fuzz/conn")
    static let values = files(in: "amqp-fuzz/marshal")
    /// The machine-readable definitions of the standard.
    static let definitions = files(in: "amqp-definitions")

    static func named(_ name: String, in files: [File]) throws -> ByteBuffer {
        try #require(files.first { $0.name.hasSuffix(name) }, "no vector \(name)").bytes
    }

    private static func files(in subfolder: String) -> [File] {
        guard let root = folder?.appending(path: subfolder),
            let names = FileManager.default.enumerator(atPath: root.path)?.compactMap({ $0 as? String })
        else { return [] }
        return names.sorted().compactMap { name in
            guard let data = try? Data(contentsOf: root.appending(path: name)) else { return nil }
            return File(name: "\(subfolder)/\(name)", bytes: ByteBuffer(bytes: data))
        }
    }
}

extension ByteBuffer {
    /// Bytes from hexadecimal digits; spaces separate as one likes.
    init(hex: String) {
        let digits = hex.filter { !$0.isWhitespace }
        precondition(digits.count.isMultiple(of: 2), "an odd number of digits")
        var bytes: [UInt8] = []
        var rest = Substring(digits)
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16) else { preconditionFailure("no hexadecimal digits: \(rest.prefix(2))") }
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        self.init(bytes: bytes)
    }

    /// The readable bytes as hexadecimal digits.
    var hex: String {
        readableBytesView.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
