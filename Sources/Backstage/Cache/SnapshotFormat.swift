/// The form of a kept snapshot: a header, then numbers of four bytes, then all texts one after the other.
///
/// A catalogue says the same few things over and over: kinds, owners, annotation keys, whole specs. Each text and each spec stands there once and is named by its number,
/// so that opening the file makes few objects. A database would make an object of each field of each row, and be opened, for what is only ever read and written whole.
///
///     0   8  "CBCATLOG"
///     8   4  version
///     12  4  how many numbers
///     16  8  how many bytes of text
///     24  8  checksum of all that follows, and of what precedes but itself
///     32     numbers, then texts
///
/// All numbers are little-endian.
enum SnapshotFormat {
    static let magic: [UInt8] = Array("CBCATLOG".utf8)
    static let version: UInt32 = 1
    static let headerBytes = 32
    /// Marks what is not there.
    static let none = UInt32.max

    /// Which value of a spec follows.
    enum Tag: UInt32 {
        case null, no, yes, integer, number, text, list, map
    }

    /// A sum in which every changed byte shows: each step maps states one to one, whatever it takes in. It guards against damage; nobody but the owner may write the file.
    static func checksum(version: UInt32, numbers: UInt32, textBytes: UInt64, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
        var sum: UInt64 = 0x6a09_e667_f3bc_c908
        for value in [UInt64(version), UInt64(numbers), textBytes] {
            sum = (sum ^ value) &* factor
            sum ^= sum >> 29
        }
        var place = 0
        while bytes.count - place >= 8 {
            sum = (sum ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))) &* factor
            sum ^= sum >> 29
            place += 8
        }
        while place < bytes.count {
            sum = (sum ^ UInt64(bytes[place])) &* factor
            sum ^= sum >> 29
            place += 1
        }
        return sum
    }
}
