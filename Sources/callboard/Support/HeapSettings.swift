#if canImport(Glibc)
    import Glibc
#endif

/// How the C library's heap is used.
enum HeapSettings {
    /// Has freed memory given back, and threads share it.
    ///
    /// glibc has a heap for each thread that allocates, and raises the size from which memory is given back at once whenever some is: what one thread
    /// read and let go of, another cannot use. For a program that reads an estate, thinks about it and then waits that is a third more than it needs.
    /// Other C libraries do neither.
    static func apply() {
        #if canImport(Glibc)
            // malloc.h is not among the headers that Swift sees of glibc.
            guard let address = dlsym(nil, "mallopt") else { return }
            let mallopt = unsafeBitCast(address, to: (@convention(c) (CInt, CInt) -> CInt).self)
            let (mostHeaps, leastGivenBack) = (CInt(-8), CInt(-3))
            _ = mallopt(mostHeaps, 2)
            _ = mallopt(leastGivenBack, 128 << 10)
        #endif
    }
}
