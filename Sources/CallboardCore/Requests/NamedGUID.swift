internal import AzureResources
internal import Crypto

/// GUIDs that follow from a text: whoever has the text has the GUID, so that doing something again under it does it once (RFC 9562, version 8 with SHA-256).
/// What others have to find by a request's id alone has the id that ``NameBasedID`` gives it.
package enum NamedGUID {
    /// The GUID of a text, in lower case.
    package static func of(_ text: String) -> String {
        var bytes = Array(SHA256.hash(data: Array(text.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        return GUID(bytes.hexadecimal).canonical
    }
}
