internal import Crypto

/// SHA-256. (In a file of its own: `Insecure` is a name in both Crypto and JWTKit.)
enum Digest {
    static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}
