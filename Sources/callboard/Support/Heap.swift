#if canImport(Glibc)
    import Glibc
#endif

/// The C library's heap, where it is glibc's: others neither have a heap for each thread nor keep what was freed.
enum Heap {
    /// Has threads share two heaps: what one thread read and let go of, another can use.
    static func share() {
        #if canImport(Glibc)
            let mostHeaps = CInt(-8)
            _ = function("mallopt", as: (@convention(c) (CInt, CInt) -> CInt).self)?(mostHeaps, 2)
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
