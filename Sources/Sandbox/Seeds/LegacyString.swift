/// A string as the old .NET client (`BrokeredMessage(object)`) put it in a body: the DataContractSerializer's binary XML ([MS-NBFX]).
enum LegacyString {
    private static let namespace = "http://schemas.microsoft.com/2003/10/Serialization/"

    /// `<string xmlns="http://schemas.microsoft.com/2003/10/Serialization/">text</string>` in binary XML.
    static func body(_ text: String) -> [UInt8] {
        // ShortElement "string", ShortXmlnsAttribute, then Chars8, Chars16 or Chars32 text with the end of the element
        var bytes: [UInt8] =
            [0x40, 6] + Array("string".utf8) + [0x08, UInt8(truncatingIfNeeded: namespace.utf8.count)] + Array(namespace.utf8)
        let content = Array(text.utf8)
        let length = UInt32(clamping: content.count)
        let lengthBytes = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
        switch content.count {
        case 0...0xff: bytes += [0x99] + lengthBytes.prefix(1)
        case 0...0xffff: bytes += [0x9b] + lengthBytes.prefix(2)
        default: bytes += [0x9d] + lengthBytes
        }
        return bytes + content
    }
}
