#if canImport(Glibc)
    import Glibc
#endif

/// The C library's heap, where it is glibc's: others neither have a heap for each thread nor keep what was freed.
enum Heap {
    /// Has threads share two heaps: what one thread read and let go of, another can use. And keeps some megabytes of what was freed: pages of
    /// messages come and go by the hundred, and the system takes longer to give and take back their memory than they do to be read.
    static func share() {
        #if canImport(Glibc)
            guard let set = function("mallopt", as: (@convention(c) (CInt, CInt) -> CInt).self) else { return }
            let (trimThreshold, topPad, mapThreshold, mostHeaps) = (CInt(-1), CInt(-2), CInt(-3), CInt(-8))
            for (option, value) in [(mostHeaps, 2), (trimThreshold, 32 << 20), (topPad, 1 << 20), (mapThreshold, 1 << 20)] {
                _ = set(option, CInt(value))
            }
        #endif
    }

    /// Gives back to the system what was freed. For the moment after something large was read and let go of: it takes some milliseconds.
    static func giveBack() {
        #if canImport(Glibc)
            _ = function("malloc_trim", as: (@convention(c) (Int) -> CInt).self)?(0)
        #endif
    }

    #if canImport(Glibc)
        /// A function of malloc.h, which is not among the headers that Swift sees of glibc; nil where the C library has none of that name.
        private static func function<Function>(_ name: String, as type: Function.Type) -> Function? {
            dlsym(nil, name).map { unsafeBitCast($0, to: type) }
        }
    #endif
}
