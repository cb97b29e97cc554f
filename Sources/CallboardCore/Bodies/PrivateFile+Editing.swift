#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension PrivateFile {
    /// The most that is read back: what a message may hold, and room besides.
    private static let longest = 128 << 20

    /// Writes a file, lets something change it, gives what is in it then, and removes it.
    ///
    /// - Throws: ``OperatorError`` with the system's reason when it cannot be written or read, or what `change` throws.
    public static func edited(
        _ bytes: [UInt8], _ change: (String) throws(OperatorError) -> Void
    ) throws(OperatorError) -> [UInt8] {
        let result: Result<[UInt8], OperatorError> = try with(bytes) { path in
            do throws(OperatorError) {
                try change(path)
                return .success(try contents(of: path))
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func contents(of path: String) throws(OperatorError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path, String(cString: strerror(errno))) }
            guard count > 0 else { return all }
            all += piece.prefix(count)
            guard all.count <= longest else { throw unreadable(path, "it is too large") }
        }
    }

    private static func unreadable(_ path: String, _ why: String) -> OperatorError {
        OperatorError(.usage, "The temporary file \(path) cannot be read: \(why).", hint: "Try again; nothing was done.")
    }
}
