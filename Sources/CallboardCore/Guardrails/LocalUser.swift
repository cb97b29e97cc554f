#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The user and the machine this process runs as and on, as the operating system knows them and not as the environment says.
enum LocalUser {
    /// The user's name; the number where it has none.
    static let name: String = {
        let id = geteuid()
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 4096)
        let status = getpwuid_r(id, &entry, &buffer, buffer.count, &found)
        guard status == 0, found != nil, let name = entry.pw_name.flatMap({ String(validatingCString: $0) }),
            PolicySubject("user:\(name)") != nil
        else { return "uid-\(id)" }
        return name
    }()

    /// The machine's name.
    static let host: String = {
        var buffer = [CChar](repeating: 0, count: 256)
        // One byte less: a name that is cut need not be ended.
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.isEmpty ? "localhost" : name
    }()
}
