package import AzureResources
internal import Crypto

/// GUIDs that are made from names (RFC 9562, version 5): the same for everybody who makes one of the same name, so that doing something again under it does
/// it once.
package enum NameBasedID {
    /// What the ids of role assignments that answer requests are made in.
    private static let requests: [UInt8] = [
        0x8f, 0x1c, 0x0c, 0x6a, 0x5b, 0x0e, 0x5d, 0x1c, 0x9a, 0x7e, 0x3d, 0x52, 0x60, 0xb1, 0xca, 0x11,
    ]
    /// What the ids of everything else are made in, so that none of them is that of a request's role.
    private static let purposes: [UInt8] = [
        0x2b, 0x7d, 0x41, 0x9e, 0xc0, 0x13, 0x5a, 0x66, 0x8d, 0x0f, 0xe2, 0x75, 0x1b, 0x94, 0xca, 0x11,
    ]

    /// The name of the role assignment that answers a request: whoever tries again finds what was made the first time.
    package static func assignment(for request: GUID) -> GUID { make(request.canonical, in: requests) }

    /// The id of what is done for a purpose.
    /// - Parameter purpose: what it is, to what and for whom: all that makes it another thing.
    package static func of(_ purpose: String) -> GUID { make(purpose, in: purposes) }

    /// The GUID of a name in a space of names.
    /// - Parameter space: the GUID of the space, as its 16 bytes.
    static func make(_ name: String, in space: [UInt8]) -> GUID {
        var hash = Insecure.SHA1()
        hash.update(data: space)
        hash.update(data: Array(name.utf8))
        var bytes = Array(hash.finalize().prefix(16))
        guard bytes.count == 16 else { return .everyone }
        bytes[6] = bytes[6] & 0x0f | 0x50
        bytes[8] = bytes[8] & 0x3f | 0x80
        return GUID(bytes.hexadecimal)
    }
}
