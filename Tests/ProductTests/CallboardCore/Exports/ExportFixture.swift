import AMQP
import NIOCore
import ServiceBus

@testable import CallboardCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Exports in a folder that lives as long as the test.
struct ExportFixture {
    let folder: TemporaryFolder
    let entity: EntityPath
    let header: ExportHeader

    init() throws {
        folder = try TemporaryFolder()
        entity = try EntityPath.subscription(topic: "order/events", name: "billing").deadLetter
        header = ExportHeader(
            namespace: "demo.servicebus.windows.net", entity: entity, exportedAt: Timestamp(milliseconds: 1_795_000_000_123),
            context: "demo", identity: "key Root", reason: .purge, jobID: "job-7")
    }

    var file: String { folder.path + "/messages.cbx" }

    /// Everything that is in the folder.
    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } }

    /// Writes an export of messages.
    @discardableResult
    func export(_ messages: [PeekedMessage], isOverwriting: Bool = false) throws -> ExportSummary {
        let writer = try ExportWriter(to: file, header: header, isOverwriting: isOverwriting)
        for message in messages { try writer.append(message) }
        return try writer.finish()
    }

    /// The bytes of the export.
    var bytes: [UInt8] { get throws { Array(try Data(contentsOf: URL(filePath: file))) } }

    /// Reads bytes as an export to its end.
    func read(_ bytes: [UInt8]) throws -> [PeekedMessage] {
        let reader = try ExportReader(try folder.write("other.cbx", bytes: bytes))
        var messages: [PeekedMessage] = []
        while let message = try reader.next() { messages.append(message) }
        return messages
    }

    /// What reading bytes as an export fails with; nil when it does not.
    func fault(_ bytes: [UInt8]) throws -> OperatorError? {
        do { _ = try read(bytes) } catch let error as OperatorError { return error }
        return nil
    }
}

extension PeekedMessage {
    /// Its bytes.
    var encoded: [UInt8] { withEncodedBytes { Array($0) } }
}
