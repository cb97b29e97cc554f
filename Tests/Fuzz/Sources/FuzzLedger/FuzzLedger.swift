internal import CallboardCore
internal import FuzzSupport

/// A ledger from arbitrary bytes, and the same with a checkpoint: a verdict, never a trap.
///
/// - One that is valid is so without its last line, and with a checkpoint of its own; not with a checkpoint of more.
/// - Whatever is put before it or behind it, it is valid no longer, but for what only lacks the end of its line.
func fuzzLedger(_ input: [UInt8]) {
    _ = try? AuditCheckpoint(parsing: input, file: "checkpoint.json")
    let verification = AuditVerification.of(input)
    _ = verification.description
    guard case .valid(let size, let head) = verification, size > 0 else { return }
    let own = AuditCheckpoint(size: size, head: head, time: nil)
    hold(AuditVerification.of(input, checkpoint: own).isValid, "a ledger does not fit its own checkpoint")
    let more = AuditCheckpoint(size: size + 1, head: head, time: nil)
    hold(AuditVerification.of(input, checkpoint: more) == .truncated(size: size, checkpoint: size + 1), "records taken away do not show")
    let ended = input.last == UInt8(ascii: "\n") ? input : input + [UInt8(ascii: "\n")]
    hold(
        AuditVerification.of(ended + [UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "\n")]).isTampering,
        "a line that is no record passes")
    hold(AuditVerification.of([UInt8(ascii: "\n")] + input).isTampering, "an empty line passes")
    let firstEnd = ended.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? ended.count
    hold(AuditVerification.of(Array(ended[..<firstEnd]) + ended).isTampering, "a record passes twice")
}
