/// Comparisons whose duration does not depend on where two values differ.
enum ConstantTime {
    /// Compares all bytes of both, whatever the first difference. Lengths are not hidden.
    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<left.count {
            difference |= left[index] ^ right[index]
        }
        return difference == 0
    }

    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                self.areEqual(left, right)
            }
        }
    }
}
