#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The files and sockets of this process, which a program that it starts is not to have.
package enum OpenDescriptors {
    /// Those beyond the three that a child is given. One that is closed meanwhile does no harm.
    package static var beyondStandard: [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return Array(3..<256) }
        defer { closedir(folder) }
        var result: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let number = Int32(name), number > 2 { result.append(number) }
        }
        return result
    }
}
