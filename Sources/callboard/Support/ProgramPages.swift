#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The pages of this program's file that are mapped into its memory.
enum ProgramPages {
    /// Gives back to the system the pages of the program's code. What starting and loading needed is most of them, and a console stays open
    /// for days; what is needed again comes back with its first use, out of the system's cache.
    ///
    /// It takes less than a millisecond. Where the system does not say what is mapped where, nothing happens.
    static func giveBack() {
        #if os(Linux)
            guard let code else { return }
            madvise(UnsafeMutableRawPointer(bitPattern: code.lowerBound), Int(code.upperBound - code.lowerBound), MADV_DONTNEED)
        #endif
    }

    #if os(Linux)
        /// Where the code lies. Only mappings that nobody writes to may be given back so: any other would be as it was in the file again.
        private static let code: Range<UInt>? = {
            let function: @convention(c) () -> Void = {}
            let here = unsafeBitCast(function, to: UInt.self)
            guard let maps = try? InputFile.read("/proc/self/maps") else { return nil }
            return mapping(of: here, in: String(decoding: maps, as: UTF8.self))
        }()

        /// The mapping that holds an address, if it may be executed and not written to.
        /// - Parameter maps: lines as of `/proc/self/maps` (proc_pid_maps(5)): `START-END PERMISSIONS ...`, in hexadecimal.
        static func mapping(of address: UInt, in maps: String) -> Range<UInt>? {
            for line in maps.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 2)
                guard words.count >= 2, words[1] == "r-xp" else { continue }
                let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
                guard ends.count == 2, ends[0] < ends[1], (ends[0]..<ends[1]).contains(address) else { continue }
                return ends[0]..<ends[1]
            }
            return nil
        }
    #endif
}
