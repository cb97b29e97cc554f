/// Bodies as other people's libraries write them: cbor2, msgpack, fastavro, protobuf, brotli and the zlib, gzip and zipfile of Python 3. All say
/// the same order, as far as the format can.
enum BodyFixtures {
    static func bytes(_ base64: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var (bits, count): (UInt32, Int) = (0, 0)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        for character in base64.utf8 {
            guard let value = alphabet.firstIndex(of: character) else { continue }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    /// cbor2.dumps(order), with a tagged time, a big number and an integer key.
    static let cbor = bytes(
        """
        qWdvcmRlcklkGgABWJVoY3VzdG9tZXKiZWVtYWlsbWFAZXhhbXBsZS5jb21kdGllcmRnb2xkZWxpbmVzgqJjc2t1Y0EtMWNxdHkComNza3VjQi
        03Y3F0eQFldG90YWz7QGAwAAAAAABkcGFpZPRkbm90ZfZkd2hlbsB0MjAyNi0xMS0yM1QwMzoxMjo0NFpjYmlnwklAAAAAAAAAAAABQwAB/w
        """)

    /// msgpack.packb(order), with bytes and a Timestamp.
    static let messagePack = bytes(
        """
        iadvcmRlcklkzgABWJWoY3VzdG9tZXKCpWVtYWlsrWFAZXhhbXBsZS5jb22kdGllcqRnb2xkpWxpbmVzkoKjc2t1o0EtMaNxdHkCgqNza3WjQi
        03o3F0eQGldG90YWzLQGAwAAAAAACkcGFpZMKkbm90ZcCjcmF3xAMAAf+kd2hlbtf/AAAAFGsDryyjYmln0/////7V+g4A
        """)

    /// fastavro.writer, two records.
    static let avroNull = bytes(
        """
        T2JqAQQUYXZyby5jb2RlYwhudWxsFmF2cm8uc2NoZW1hxAp7InR5cGUiOiAicmVjb3JkIiwgIm5hbWUiOiAiYWNtZS5zYWxlcy5PcmRlciIsIC
        JmaWVsZHMiOiBbeyJuYW1lIjogIm9yZGVySWQiLCAidHlwZSI6ICJsb25nIn0sIHsibmFtZSI6ICJlbWFpbCIsICJ0eXBlIjogWyJudWxsIiwg
        InN0cmluZyJdfSwgeyJuYW1lIjogInN0YXR1cyIsICJ0eXBlIjogeyJ0eXBlIjogImVudW0iLCAibmFtZSI6ICJhY21lLnNhbGVzLlN0YXR1cy
        IsICJzeW1ib2xzIjogWyJQTEFDRUQiLCAiUEFJRCJdfX0sIHsibmFtZSI6ICJsaW5lcyIsICJ0eXBlIjogeyJ0eXBlIjogImFycmF5IiwgIml0
        ZW1zIjogeyJ0eXBlIjogInJlY29yZCIsICJuYW1lIjogImFjbWUuc2FsZXMuTGluZSIsICJmaWVsZHMiOiBbeyJuYW1lIjogInNrdSIsICJ0eX
        BlIjogInN0cmluZyJ9LCB7Im5hbWUiOiAicXR5IiwgInR5cGUiOiAiaW50In1dfX19LCB7Im5hbWUiOiAidGFncyIsICJ0eXBlIjogeyJ0eXBl
        IjogIm1hcCIsICJ2YWx1ZXMiOiAic3RyaW5nIn19LCB7Im5hbWUiOiAidG90YWwiLCAidHlwZSI6IHsibG9naWNhbFR5cGUiOiAiZGVjaW1hbC
        IsICJwcmVjaXNpb24iOiAxMCwgInNjYWxlIjogMiwgInR5cGUiOiAiYnl0ZXMifX0sIHsibmFtZSI6ICJwbGFjZWQiLCAidHlwZSI6IHsibG9n
        aWNhbFR5cGUiOiAidGltZXN0YW1wLW1pbGxpcyIsICJ0eXBlIjogImxvbmcifX1dfQAwMTIzNDU2Nzg5YWJjZGVmBHSq4goCGmFAZXhhbXBsZS
        5jb20CAgZBLTEEAAIIdGllcghnb2xkAAQyvqSRoubAaKziCgAAAAAC+88PMDEyMzQ1Njc4OWFiY2RlZg
        """)

    /// The same, codec deflate.
    static let avroDeflate = bytes(
        """
        T2JqAQQUYXZyby5jb2RlYw5kZWZsYXRlFmF2cm8uc2NoZW1hxAp7InR5cGUiOiAicmVjb3JkIiwgIm5hbWUiOiAiYWNtZS5zYWxlcy5PcmRlci
        IsICJmaWVsZHMiOiBbeyJuYW1lIjogIm9yZGVySWQiLCAidHlwZSI6ICJsb25nIn0sIHsibmFtZSI6ICJlbWFpbCIsICJ0eXBlIjogWyJudWxs
        IiwgInN0cmluZyJdfSwgeyJuYW1lIjogInN0YXR1cyIsICJ0eXBlIjogeyJ0eXBlIjogImVudW0iLCAibmFtZSI6ICJhY21lLnNhbGVzLlN0YX
        R1cyIsICJzeW1ib2xzIjogWyJQTEFDRUQiLCAiUEFJRCJdfX0sIHsibmFtZSI6ICJsaW5lcyIsICJ0eXBlIjogeyJ0eXBlIjogImFycmF5Iiwg
        Iml0ZW1zIjogeyJ0eXBlIjogInJlY29yZCIsICJuYW1lIjogImFjbWUuc2FsZXMuTGluZSIsICJmaWVsZHMiOiBbeyJuYW1lIjogInNrdSIsIC
        J0eXBlIjogInN0cmluZyJ9LCB7Im5hbWUiOiAicXR5IiwgInR5cGUiOiAiaW50In1dfX19LCB7Im5hbWUiOiAidGFncyIsICJ0eXBlIjogeyJ0
        eXBlIjogIm1hcCIsICJ2YWx1ZXMiOiAic3RyaW5nIn19LCB7Im5hbWUiOiAidG90YWwiLCAidHlwZSI6IHsibG9naWNhbFR5cGUiOiAiZGVjaW
        1hbCIsICJwcmVjaXNpb24iOiAxMCwgInNjYWxlIjogMiwgInR5cGUiOiAiYnl0ZXMifX0sIHsibmFtZSI6ICJwbGFjZWQiLCAidHlwZSI6IHsi
        bG9naWNhbFR5cGUiOiAidGltZXN0YW1wLW1pbGxpcyIsICJ0eXBlIjogImxvbmcifX1dfQAwMTIzNDU2Nzg5YWJjZGVmBH5b9YiLSSrRIbUiMb
        cgJ1UvOT+XiYnNUdeQhYGJoyQztYgjPT8nhYHFaN+SiYueHchY84iLAQiYfp/nBwAb6hMwMTIzNDU2Nzg5YWJjZGVm
        """)

    /// brotli.compress.
    static let brotliJSON = bytes(
        """
        G7UAABwHbqzMTtBwyAwEOEc+fqWFHTiTKkunL0BsdiCaaRe0tUVRi+IKRB/89WSFSdoJ56p4Ad9hDcfRVF2A+OJFs0PhHYB8uhbb0GZsZShA5g
        fRyzrtwBdVBObthuZaJYFop/onKcMBac2VzIBUjvhs2BNDuFD7AQ
        """)

    /// gzip.compress.
    static let gzipJSON = bytes(
        """
        H4sIAAAAAAACA0WOywoCMQxFf2XI2hloRRxdqTu/QVyUaZRi2ox9gDL0301d6C7n3kOSBThajGcL+24ctVqvOphKyuwxSrQAeuNIJjAHfBk/Ew
        4TexAtu68CdyYLVQJyAZMklwXSo7Tq2KtmPvNbSIvza0799t+oem37OJt2SendsBGejWtf3QwlFAycUTAUovoB0Hp95LYAAAA
        """)

    /// zlib.compress.
    static let zlibJSON = bytes(
        """
        eJxFjssKAjEMRX9lyNoZaEUcXak7v0FclGmUYtqMfYAy9N9NXegu595DkgU4WoxnC/tuHLVarzqYSsrsMUq0AHrjSCYwB3wZPxMOE3sQLbuvAn
        cmC1UCcgGTJJcF0qO06tirZj7zW0iL82tO/fbfqHpt+zibdknp3bARno1rX90MJRQMnFEwFKL6ASNYNLw
        """)

    /// zlib.compressobj(wbits=-15).
    static let deflateJSON = bytes(
        """
        RY7LCgIxDEV/ZcjaGWhFHF2pO79BXJRplGLajH2AMvTfTV3oLufeQ5IFOFqMZwv7bhy1Wq86mErK7DFKtAB640gmMAd8GT8TDhN7EC27rwJ3Jg
        tVAnIBkySXBdKjtOrYq2Y+81tIi/NrTv3236h6bfs4m3ZJ6d2wEZ6Na1/dDCUUDJxRMBSi+gE
        """)

    /// zipfile, one JSON file.
    static let zipOne = bytes(
        """
        UEsDBBQAAAAIAAAAIVzQen3kiQAAALYAAAAKAAAAb3JkZXIuanNvbkWOywoCMQxFf2XI2hloRRxdqTu/QVyUaZRi2ox9gDL0301d6C7n3kOSBT
        hajGcL+24ctVqvOphKyuwxSrQAeuNIJjAHfBk/Ew4TexAtu68CdyYLVQJyAZMklwXSo7Tq2KtmPvNbSIvza0799t+oem37OJt2SendsBGejWtf
        3QwlFAycUTAUovoBUEsBAhQDFAAAAAgAAAAhXNB6feSJAAAAtgAAAAoAAAAAAAAAAAAAAIABAAAAAG9yZGVyLmpzb25QSwUGAAAAAAEAAQA4AA
        AAsQAAAAAA
        """)

    /// zipfile: JSON, text, bytes.
    static let zipTwo = bytes(
        """
        UEsDBBQAAAAIAAAAIVzwBkBFEwAAABEAAAAKAAAAb3JkZXIuanNvbqtWyi9KSS3yTFGysrAwMjSuBQBQSwMEFAAAAAgAAAAhXIamEDYHAAAABQ
        AAAAgAAABub3RlLnR4dMtIzcnJBwBQSwMEFAAAAAgAAAAhXOlFITQGAAAABAAAAAcAAAByYXcuYmluY5j9nxEAUEsBAhQDFAAAAAgAAAAhXPAG
        QEUTAAAAEQAAAAoAAAAAAAAAAAAAAIABAAAAAG9yZGVyLmpzb25QSwECFAMUAAAACAAAACFchqYQNgcAAAAFAAAACAAAAAAAAAAAAAAAgAE7AA
        AAbm90ZS50eHRQSwECFAMUAAAACAAAACFc6UUhNAYAAAAEAAAABwAAAAAAAAAAAAAAgAFoAAAAcmF3LmJpblBLBQYAAAAAAwADAKMAAACTAAAA
        AAA
        """)

    /// acme.Order of descriptorSet, SerializeToString.
    static let protobuf = bytes(
        """
        CJWxBRINYUBleGFtcGxlLmNvbRoHCgNBLTEQAxoHCgNCLTcQAiACKQAAAAAAMGBAMg0B/v//////////AawCOgMAAf9A+f//////////AQ
        """)

    /// A FileDescriptorSet with acme.Order, acme.Line and acme.Status.
    static let descriptorSet = bytes(
        """
        Cv0BCgphY21lLnByb3RvEgRhY21lIiAKBExpbmUSCwoDc2t1GAEgASgJEgsKA3F0eRgCIAEoESKdAQoFT3JkZXISEAoIb3JkZXJfaWQYASABKA
        QSDQoFZW1haWwYAiABKAkSGQoFbGluZXMYAyADKAsyCi5hY21lLkxpbmUSHAoGc3RhdHVzGAQgASgOMgwuYWNtZS5TdGF0dXMSDQoFdG90YWwY
        BSABKAESDQoFY29kZXMYBiADKAUSCwoDcmF3GAcgASgMEg8KB2JhbGFuY2UYCCABKAMqHwoGU3RhdHVzEgsKB1VOS05PV04QABIICgRQQUlEEA
        JiBnByb3RvMw
        """)

    /// gzip.compress of gzip.compress of ten mebibytes of zeros.
    static let bombInBomb = bytes(
        """
        H4sIAAAAAAACA+3YOw3CYBhA0a+UoTwCEmCukM4siEAFTTqyoABwgAZW0p3UA+CA1y+D5pzpariLXRHJIL9fsuwX9f59fhbjAAAAAHqu7po8zY
        BYfm7Vag0AAAD03WY+G6UXMHxtH9OJOQIA/+AYbXk9RJziC161MrztJwAA
        """)

    /// A ZIP archive whose files are stored.
    static func zip(_ files: [(String, [UInt8])]) -> [UInt8] {
        let two = { (value: Int) in [UInt8(value & 0xff), UInt8(value >> 8 & 0xff)] }
        let four = { (value: Int) in two(value & 0xffff) + two(value >> 16) }
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for (name, content) in files {
            let offset = bytes.count
            let middle = two(20) + two(0) + two(0) + two(0) + two(0) + four(0) + four(content.count) + four(content.count)
            bytes += [0x50, 0x4b, 3, 4] + middle + two(name.utf8.count) + two(0) + Array(name.utf8) + content
            directory += [0x50, 0x4b, 1, 2] + two(20) + middle + two(name.utf8.count) + two(0) + two(0) + two(0) + two(0) + four(0)
            directory += four(offset) + Array(name.utf8)
        }
        let start = bytes.count
        return bytes + directory + [0x50, 0x4b, 5, 6] + two(0) + two(0) + two(files.count) + two(files.count)
            + four(directory.count) + four(start) + two(0)
    }
}
