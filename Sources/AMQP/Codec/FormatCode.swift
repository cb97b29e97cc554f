/// The format codes of AMQP 1.0 part 1, 1.6. A plain namespace: codes are compared as bytes on the hot path.
@usableFromInline
enum FormatCode {
    @inlinable static var described: UInt8 { 0x00 }
    @inlinable static var null: UInt8 { 0x40 }
    @inlinable static var booleanTrue: UInt8 { 0x41 }
    @inlinable static var booleanFalse: UInt8 { 0x42 }
    @inlinable static var uint0: UInt8 { 0x43 }
    @inlinable static var ulong0: UInt8 { 0x44 }
    @inlinable static var list0: UInt8 { 0x45 }
    @inlinable static var ubyte: UInt8 { 0x50 }
    @inlinable static var byte: UInt8 { 0x51 }
    @inlinable static var smallUInt: UInt8 { 0x52 }
    @inlinable static var smallULong: UInt8 { 0x53 }
    @inlinable static var smallInt: UInt8 { 0x54 }
    @inlinable static var smallLong: UInt8 { 0x55 }
    @inlinable static var boolean: UInt8 { 0x56 }
    @inlinable static var ushort: UInt8 { 0x60 }
    @inlinable static var short: UInt8 { 0x61 }
    @inlinable static var uint: UInt8 { 0x70 }
    @inlinable static var int: UInt8 { 0x71 }
    @inlinable static var float: UInt8 { 0x72 }
    @inlinable static var char: UInt8 { 0x73 }
    @inlinable static var decimal32: UInt8 { 0x74 }
    @inlinable static var ulong: UInt8 { 0x80 }
    @inlinable static var long: UInt8 { 0x81 }
    @inlinable static var double: UInt8 { 0x82 }
    @inlinable static var timestamp: UInt8 { 0x83 }
    @inlinable static var decimal64: UInt8 { 0x84 }
    @inlinable static var decimal128: UInt8 { 0x94 }
    @inlinable static var uuid: UInt8 { 0x98 }
    @inlinable static var binary8: UInt8 { 0xa0 }
    @inlinable static var string8: UInt8 { 0xa1 }
    @inlinable static var symbol8: UInt8 { 0xa3 }
    @inlinable static var binary32: UInt8 { 0xb0 }
    @inlinable static var string32: UInt8 { 0xb1 }
    @inlinable static var symbol32: UInt8 { 0xb3 }
    @inlinable static var list8: UInt8 { 0xc0 }
    @inlinable static var map8: UInt8 { 0xc1 }
    @inlinable static var list32: UInt8 { 0xd0 }
    @inlinable static var map32: UInt8 { 0xd1 }
    @inlinable static var array8: UInt8 { 0xe0 }
    @inlinable static var array32: UInt8 { 0xf0 }

    /// The number of bytes after the code, or nil for variable, compound, array and undefined codes.
    ///
    /// The high half of a code says its width, from 0x4 for none to 0x9 for sixteen bytes (part 1, 1.2): each of these rows of sixteen codes is
    /// a number here, in which a bit stands for each code that is defined.
    @inlinable @inline(__always)
    static func fixedWidth(_ code: UInt8) -> Int? {
        let row = (code >> 4) &- 4
        guard row <= 5 else { return nil }
        let rows: UInt64 = row < 4 ? 0x001f_0003_007f_003f : 0x0110_001f
        guard (rows >> UInt64((row & 3) << 4 | code & 15)) & 1 == 1 else { return nil }
        return (1 << Int(row)) >> 1
    }
}
