import Synchronization
import Testing

@testable import Identity

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The Azure CLI's sign-in")
struct AzureCLITests {
    private let time = IdentityTime()
    private let scope = TokenScope(resource: "https://management.azure.com/")

    private func credential(
        tenant: String? = nil, _ body: @escaping @Sendable (ProgramRunner.Invocation) throws(ProgramRunner.Failure) -> ProgramRunner.Outcome
    ) -> AzureCLICredential {
        AzureCLICredential(
            tenant: tenant, runner: ProgramRunner { (invocation) throws(ProgramRunner.Failure) in try body(invocation) }, clock: time.clock)
    }

    private func failure(status: Int32 = 1, output: String = "", errors: String = "") async throws -> IdentityError {
        let credential = credential { (_) throws(ProgramRunner.Failure) in .init(status: status, output: Secret(output), errors: errors) }
        return try #require(await #expect(throws: IdentityError.self) { try await credential.accessToken(for: scope) })
    }

    @Test("is asked with arguments, never through a shell")
    func arguments() async throws {
        let seen = Mutex<[ProgramRunner.Invocation]>([])
        let credential = credential(tenant: "contoso.example") { (invocation) throws(ProgramRunner.Failure) in
            seen.withLock { $0.append(invocation) }
            return .init(
                status: 0,
                output: Secret(
                    #"{"accessToken":"cli","expires_on":1800003600,"expiresOn":"2027-01-15 09:00:00.000000","tokenType":"Bearer"}"#),
                errors: "")
        }
        let token = try await credential.accessToken(for: scope)
        #expect(token.text == "cli")
        #expect(token.expiresAt == WallTime(secondsSince1970: 1_800_003_600))
        let invocation = try #require(seen.withLock { $0.first })
        #expect(invocation.program == "az")
        #expect(
            invocation.arguments == [
                "account", "get-access-token", "--output", "json", "--resource", "https://management.azure.com", "--tenant",
                "contoso.example",
            ])
        #expect(invocation.environment == ["AZURE_CORE_NO_COLOR": "true"])
        #expect(invocation.limit == .seconds(10))
    }

    @Test("of an old version says local time")
    func localTime() throws {
        var parts = DateComponents()
        (parts.year, parts.month, parts.day, parts.hour, parts.minute, parts.second) = (2027, 1, 15, 23, 59, 8)
        let date = try #require(Calendar(identifier: .gregorian).date(from: parts))
        #expect(AzureCLICredential.localTime("2027-01-15 23:59:08.123456")?.secondsSince1970 == Int64(date.timeIntervalSince1970))
        for text in [
            "", "2027-01-15", "tomorrow at about noon", "2027-13-15 00:00:00", "99999999999999999999-01-01 00:00:00", "2027-01-15T23:59",
        ] {
            #expect(AzureCLICredential.localTime(text) == nil)
        }
        let old = AzureCLICredential.parse(
            Array(#"WARNING: x\#n{"accessToken":"t","expiresOn":"2027-01-15 23:59:08.123456"}"#.utf8), at: time.now)
        #expect(old?.token.expiresAt.secondsSince1970 == Int64(date.timeIntervalSince1970))
    }

    @Test("that nobody made is not configured, whatever the reason")
    func notConfigured() async throws {
        #expect(try await failure(errors: "ERROR: Please run 'az login' to setup account.").code == .notConfigured)
        let missing = credential { (_) throws(ProgramRunner.Failure) in throw .notFound }
        let error = await #expect(throws: IdentityError.self) { try await missing.accessToken(for: scope) }
        #expect(error?.code == .notConfigured)
        #expect(error?.message.contains("not installed") == true)
    }

    @Test("that was refused or hangs tells so, without tokens")
    func refused() async throws {
        let jwt = "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiJ4In0.c2ln"
        let error = try await failure(
            errors:
                "Traceback\nERROR: AADSTS700082: The refresh token has expired. \"accessToken\": \"\(jwt)\" 1.\(String(repeating: "Ab1", count: 40))\naz login"
        )
        #expect(error.code == .interactionRequired && error.isRefusal)
        #expect(error.message.contains("AADSTS700082"))
        #expect(!error.description.contains("eyJ") && !error.description.contains("Ab1Ab1"))
        #expect(try await failure(errors: "boom").code == .unavailable)
        #expect(try await failure(status: 0, output: "no json").code == .invalidAnswer)
        #expect(try await failure(status: 0, output: #"{"accessToken":"t","expires_on":1}"#).code == .invalidAnswer, "it has ended")
        let slow = credential { (_) throws(ProgramRunner.Failure) in throw .timedOut }
        #expect(await #expect(throws: IdentityError.self) { try await slow.accessToken(for: scope) }?.code == .unavailable)
        let fine = credential { (_) throws(ProgramRunner.Failure) in throw .notFound }
        let challenged = await #expect(throws: IdentityError.self) {
            try await fine.accessToken(for: scope, answering: ClaimsChallenge(json: "{}"))
        }
        #expect(challenged?.code == .interactionRequired)
    }
}

@Suite("Running a program")
struct ProgramRunnerTests {
    private let runner = ProgramRunner.system(environment: ["PATH": ".:/bin:/usr/bin", "FROM_PARENT": "p"])

    private func shell(_ text: String, input: String? = nil, limit: Duration = .seconds(10)) async throws(ProgramRunner.Failure)
        -> ProgramRunner.Outcome
    {
        try await runner.run(
            .init("sh", ["-c", text, "zero", "a b", "$(id)"], environment: ["MINE": "m"], input: input.map { Secret($0) }, limit: limit))
    }

    @Test("gives what it wrote, how it ended, and passes arguments as they are, in /bin")
    func outcome() async throws {
        let outcome = try await shell("pwd; printf '%s|' \"$@\" \"$FROM_PARENT\" \"$MINE\"; echo oops >&2; exit 3")
        #expect(
            outcome.output.withRevealedText { $0 } == "/bin\na b|$(id)|p|m|"
                || outcome.output.withRevealedText { $0 } == "/usr/bin\na b|$(id)|p|m|")
        #expect(outcome.errors == "oops\n")
        #expect(outcome.status == 3)
        #expect(try await shell("kill -9 $$").status == 128 + 9)
    }

    @Test("sends what it reads, and an end even when there is nothing")
    func input() async throws {
        #expect(try await shell("cat", input: "secret text").output.withRevealedText { $0 } == "secret text")
        #expect(try await shell("cat; echo end").output.withRevealedText { $0 } == "end\n")
        let long = String(repeating: "0123456789", count: 20_000)
        #expect(try await shell("cat", input: long).output.withRevealedText { $0 } == long)
        #expect(try await shell("exit 0", input: long).status == 0, "it need not read")
    }

    @Test("kills it, and all it started, at its limit")
    func limit() async throws {
        let started = ContinuousClock.now
        let error = await #expect(throws: ProgramRunner.Failure.self) {
            try await shell("sleep 900 & sleep 900; echo", limit: .milliseconds(200))
        }
        #expect(error == .timedOut)
        // It may have waited for its turn, and not for what it started.
        #expect(ContinuousClock.now - started < .seconds(600))
    }

    @Test("does not wait for what it left behind")
    func orphan() async throws {
        let outcome = try await shell("sleep 30 & echo done", limit: .seconds(20))
        #expect(outcome.output.withRevealedText { $0 } == "done\n")
    }

    @Test("gives it none of this process's files and sockets", .enabled(if: ProgramRunner.path(of: "ls", environment: [:]) != nil))
    func descriptors() async throws {
        try await withTemporaryFolder { folder in
            let descriptor = open(folder + "/open", O_RDWR | O_CREAT, 0o600)
            defer { close(descriptor) }
            let outcome = try await shell("ls -l /proc/self/fd 2>/dev/null || ls -l /dev/fd")
            #expect(!outcome.output.withRevealedText { $0.contains(folder) })
        }
    }

    @Test("stops at a megabyte")
    func bounded() async throws {
        #expect(await #expect(throws: ProgramRunner.Failure.self) { try await shell("yes") } == .tooMuchOutput)
    }

    @Test("is stopped with the task")
    func cancelled() async throws {
        let task = Task { try await shell("sleep 60") }
        task.cancel()
        #expect(await #expect(throws: ProgramRunner.Failure.self) { try await task.value } == .cancelled)
    }

    @Test("finds it in absolute folders only")
    func path() async throws {
        #expect(ProgramRunner.path(of: "sh", environment: ["PATH": "bin:.:/bin"]) == "/bin/sh")
        #expect(ProgramRunner.path(of: "sh", environment: ["PATH": ".:bin::"]) == nil)
        #expect(ProgramRunner.path(of: "../bin/sh", environment: ["PATH": "/bin"]) == nil)
        #expect(await #expect(throws: ProgramRunner.Failure.self) { try await runner.run(.init("no-such-program-here", [])) } == .notFound)
    }
}
