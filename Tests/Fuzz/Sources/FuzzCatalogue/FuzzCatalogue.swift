@testable internal import Backstage
internal import FuzzSupport

/// An answer of a Backstage backend, and a kept catalogue, from arbitrary bytes: read or refused, never a trap.
///
/// - A kept catalogue that is read is the same when it is written and read again.
/// - Bytes that are no catalogue are refused whatever their checksum says: here it is made to fit.
func fuzzCatalogue(_ input: [UInt8]) {
    _ = try? JSONReader.read(input)
    check(input)
    // Numbers, then texts, behind a header that fits them.
    guard let first = input.first else { return }
    let body = Array(input.dropFirst())
    let textBytes = min(body.count, Int(first))
    let numbers = (body.count - textBytes) / 4
    check(file(numbers: numbers, Array(body.prefix(numbers * 4) + body.suffix(textBytes)), textBytes: textBytes))
}

private func check(_ bytes: [UInt8]) {
    guard let snapshot = try? SnapshotReader.snapshot(of: bytes) else { return }
    guard let written = SnapshotWriter.bytes(of: snapshot) else { return }
    let again = try? SnapshotReader.snapshot(of: written)
    hold(again != nil, "what was written cannot be read")
    hold(again.flatMap { SnapshotWriter.bytes(of: $0) } == written, "what was written is read as something else")
}

/// A file in ``SnapshotFormat`` around a body.
private func file(numbers: Int, _ body: [UInt8], textBytes: Int) -> [UInt8] {
    let count = UInt32(truncatingIfNeeded: numbers)
    let sum = body.withUnsafeBytes {
        SnapshotFormat.checksum(version: SnapshotFormat.version, numbers: count, textBytes: UInt64(textBytes), $0)
    }
    func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
    return SnapshotFormat.magic + bytes(SnapshotFormat.version) + bytes(count) + bytes(UInt64(textBytes)) + bytes(sum) + body
}
