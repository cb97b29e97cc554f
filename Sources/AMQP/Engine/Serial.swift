/// Serial number arithmetic (RFC 1982) on 32 bits: the one place where numbers wrap on purpose.
enum Serial {
    /// Whether `a` comes after `b`.
    static func isAfter(_ a: UInt32, _ b: UInt32) -> Bool { Int32(bitPattern: a &- b) > 0 }

    /// What is left of an allowance that counts from `base`, at `now`.
    ///
    /// The allowance may be any number up to 2^32-1 ("without limit"), so it is compared with the distance, never added to the base.
    static func left(of allowance: UInt32, from base: UInt32, at now: UInt32) -> UInt32 {
        let used = now &- base
        return allowance > used ? allowance &- used : 0
    }
}
