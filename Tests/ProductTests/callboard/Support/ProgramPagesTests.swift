#if os(Linux)
    import Testing

    @testable import callboard

    @Suite("The pages of the program's code")
    struct ProgramPagesTests {
        private let maps = """
            555555554000-555555600000 r--p 00000000 08:01 1234                       /opt/a program/callboard
            555555600000-555555a00000 r-xp 000ac000 08:01 1234                       /opt/a program/callboard
            555555a00000-555555b00000 rw-p 004ac000 08:01 1234                       /opt/a program/callboard
            7ffff7a00000-7ffff7b00000 r-xp 00000000 08:01 77                         /usr/lib/libc.so.6
            7ffff7c00000-7ffff7d00000 rwxp 00000000 00:00 0
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
            """

        @Test("are those of the mapping that holds a function, first to last byte")
        func found() {
            let code = UInt(0x5555_5560_0000)..<0x5555_55a0_0000
            for address in [code.lowerBound, code.lowerBound + 1, code.upperBound - 1] {
                #expect(ProgramPages.mapping(of: address, in: maps) == code)
            }
            #expect(ProgramPages.mapping(of: 0x7fff_f7a0_1234, in: maps) == 0x7fff_f7a0_0000..<0x7fff_f7b0_0000)
        }

        @Test("are none where nothing is mapped, or something that is no code or may be written to")
        func none() {
            for address in [UInt(0), 0x5555_5555_4000, 0x5555_55a0_0000, 0x7fff_f7c0_0010, 0xffff_ffff_ff60_0000, .max] {
                #expect(ProgramPages.mapping(of: address, in: maps) == nil, "\(address)")
            }
        }

        @Test("are none where what the system says cannot be read")
        func malformed() {
            for line in [
                "", "r-xp", "10-30", "10-30 r-x", "30-10 r-xp", "10-10 r-xp 0 0", "10 r-xp 0 0", "10-30-40 r-xp 0 0", "1g-30 r-xp 0 0",
                "10-1ffffffffffffffff r-xp 0 0",
            ] {
                #expect(ProgramPages.mapping(of: 0x18, in: line) == nil, "\(line)")
            }
            #expect(ProgramPages.mapping(of: 0x18, in: "nothing\n10-30 r-xp 0 0\n") == 0x10..<0x30)
        }
    }
#endif
