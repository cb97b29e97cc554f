internal import CallboardCore
internal import Foundation
internal import FuzzSupport
internal import ServiceBus

/// An export from arbitrary bytes: read to its end or told as an error, never a trap.
///
/// - Verifying says the same as reading, and leaves reading at the beginning.
/// - What is read can be written, and is then read again to the same bytes.
/// - A whole export of which a byte is altered, or that ends earlier or later, never passes for whole.
///
/// The first byte says what the others are: a file, what follows a header, a message, or changes to a whole export.
func fuzzExport(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let rest = Array(input.dropFirst())
    switch first % 4 {
    case 0: check(rest)
    case 1: check(sample.prefix(headerSize) + rest)
    case 2:
        guard let message = try? PeekedMessage(encoded: rest) else { return }
        hold(bytes(message) == rest, "a message has other bytes than it was made of")
        check([message])
    default: alter(rest)
    }
}

/// Reads bytes as a file; the messages in it are written and read again.
private func check(_ file: some Sequence<UInt8>) {
    if let found = content(of: Array(file)), !found.messages.isEmpty { check(found.messages) }
}

/// Writes messages and reads them again.
private func check(_ messages: [PeekedMessage]) {
    guard let found = content(of: export(messages)) else { return hold(false, "what was written is no export") }
    hold(found.isWhole, "what was written is not whole")
    hold(found.messages.map(bytes) == messages.map(bytes), "messages change when they are written and read")
}

/// Alters a whole export at some places, three bytes of input each, and perhaps cuts it.
private func alter(_ input: [UInt8]) {
    var altered = sample
    for start in stride(from: 0, to: input.count - 2, by: 3) {
        let place = (Int(input[start]) << 8 | Int(input[start + 1])) % (sample.count + 64)
        if place < altered.count { altered[place] ^= input[start + 2] } else { altered.append(input[start + 2]) }
    }
    if let last = input.last, last % 8 == 0 { altered.removeLast(min(altered.count, Int(last))) }
    guard altered != sample, let found = content(of: altered) else { return }
    hold(!found.isWhole, "an altered export passes for whole")
}

/// The messages of a file up to its end, or up to where it is damaged; nil when it is no export.
private func content(of bytes: [UInt8]) -> (messages: [PeekedMessage], isWhole: Bool)? {
    try? PrivateFile.with(bytes) { path -> (messages: [PeekedMessage], isWhole: Bool)? in
        guard let reader = try? ExportReader(path) else { return nil }
        let summary = try? reader.verify()
        var messages: [PeekedMessage] = []
        do {
            while let message = try reader.next() { messages.append(message) }
        } catch {
            hold(summary == nil, "a file is found whole, and cannot be read")
            hold((try? reader.next()) == nil, "a damaged file goes on")
            return (messages, false)
        }
        hold(summary?.count == messages.count, "verifying finds another number of messages than reading")
        hold(summary?.bytes == Int64(bytes.count), "a whole file has other bytes than it was read to have")
        return (messages, true)
    }
}

/// The bytes of an export of messages.
private func export(_ messages: [PeekedMessage]) -> [UInt8] {
    let written = try? PrivateFile.with([]) { place -> [UInt8]? in
        let path = place + ".cbx"
        defer { _ = try? FileManager.default.removeItem(atPath: path) }
        guard let writer = try? ExportWriter(to: path, header: header) else { return nil }
        for message in messages { hold((try? writer.append(message)) != nil, "a message that was read cannot be written") }
        hold((try? writer.finish()) != nil, "an export cannot be finished")
        return FileManager.default.contents(atPath: path).map { Array($0) }
    }
    guard let written else { hold(false, "an export cannot be written or read"); return [] }
    return written
}

private func bytes(_ message: PeekedMessage) -> [UInt8] { message.withEncodedBytes { Array($0) } }

private let header = ExportHeader(
    namespace: "demo", entity: entity, exportedAt: Timestamp(milliseconds: 0), context: "fuzz")

private let entity: EntityPath = {
    guard let path = try? EntityPath.queue("q") else { fatalError("'q' is no name") }
    return path
}()

/// A whole export of two messages.
private let sample: [UInt8] = {
    // Message annotations with the sequence number 1 and 2, and a text as the body.
    let messages = ([1, 2] as [UInt8]).compactMap { number -> PeekedMessage? in
        let annotations: [UInt8] = [0, 0x53, 0x72, 0xc1, 26, 2, 0xa3, 21] + Array("x-opt-sequence-number".utf8) + [0x55, number]
        return try? PeekedMessage(encoded: annotations + [0, 0x53, 0x77, 0xa1, 4] + Array("body".utf8))
    }
    hold(messages.count == 2, "the sample is none")
    return export(messages)
}()

private let headerSize = sample.split(separator: UInt8(ascii: "\n"), maxSplits: 2).prefix(2).reduce(2) { $0 + $1.count }
