import AMQP

/// The broker's source of lock tokens and tracking ids: fast, and repeatable from a seed.
///
/// Tokens name a lock to the peer that holds it; they are not secrets, so a plain generator (SplitMix64) is enough and saves a system
/// call a message.
struct BrokerRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A version 4 UUID.
    mutating func uuid() -> UUIDBytes {
        UUIDBytes(high: next() & 0xffff_ffff_ffff_0fff | 0x4000, low: next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}
