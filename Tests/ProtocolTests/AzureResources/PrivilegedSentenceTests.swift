import AzureResources
import Identity
import NIOCore
import RESTClient
import Testing

/// Every word and every refusal of Privileged Identity Management is one sentence that says what is and what to do.
@Suite("Sentences of Privileged Identity Management")
struct PrivilegedSentenceTests {
    /// The statuses of the interface's specification, 2020-10-01.
    private static let statuses = [
        "Accepted", "PendingEvaluation", "Granted", "Denied", "PendingProvisioning", "Provisioned", "PendingRevocation", "Revoked",
        "Canceled", "Failed", "PendingApprovalProvisioning", "PendingApproval", "FailedAsResourceIsLocked", "PendingAdminDecision",
        "AdminApproved", "AdminDenied", "TimedOut", "ProvisioningStarted", "Invalid", "PendingScheduleCreation", "ScheduleCreated",
        "PendingExternalProvisioning",
    ]

    @Test("there is one for each status of the specification, and no two are the same but for what means the same")
    func everyStatus() {
        #expect(Set(PrivilegedSentence.knownStatuses) == Set(Self.statuses))
        for word in Self.statuses {
            let status = ScheduleStatus(word: word)
            #expect(status.outcome != .unknown, "\(word)")
            Self.check(PrivilegedSentence.of(status), word)
            #expect(PrivilegedSentence.of(ScheduleStatus(word: word.lowercased())) == PrivilegedSentence.of(status))
        }
    }

    @Test("a request that ends a role and came to nothing does not say how to ask for one")
    func ends() {
        let kept = Self.statuses.map { ScheduleStatus(word: $0) }.filter(\.keepsRole)
        #expect(
            Set(kept.map(\.rawValue)) == [
                "Denied", "AdminDenied", "Canceled", "Failed", "FailedAsResourceIsLocked", "Invalid", "TimedOut",
            ])
        for status in kept {
            Self.check(PrivilegedSentence.ofEnd(status), status.rawValue)
            #expect(PrivilegedSentence.ofEnd(status) != PrivilegedSentence.of(status), "\(status.rawValue)")
        }
        #expect(PrivilegedSentence.ofEnd(.revoked) == PrivilegedSentence.of(.revoked))
    }

    @Test("a word that nobody knows is told as it is, and where to look")
    func unknownStatus() {
        #expect(PrivilegedSentence.of(ScheduleStatus(word: "Odd")).contains("'Odd'"))
        #expect(PrivilegedSentence.of(ScheduleStatus(word: "PendingMiracle")).contains("PendingMiracle"))
    }

    @Test("there is one for each error in the vectors", .enabled(if: AzureVectors.exist, AzureVectors.areMissing))
    func everyErrorOfTheVectors() async throws {
        var seen = 0
        for name in try AzureVectors.names("arm/synthetic/errors") {
            let error = try await Self.refusal(of: try AzureVectors.bytes("arm/synthetic/errors/\(name)"), name: name)
            let sentence = try #require(PrivilegedSentence.of(error), "\(name) has no sentence")
            Self.check(sentence, name)
            seen += 1
        }
        #expect(seen >= 11)
    }

    @Test(
        "each rule that was broken says what to bring",
        arguments: [
            (#"[\"ExpirationRule\"]"#, "ask for a time within its limit."),
            (#"[\"JustificationRule\",\"MfaRule\"]"#, "give a reason and sign in with more than one factor."),
            (
                #"[\"TicketingRule\",\"EligibilityRule\",\"NewRule\"]"#,
                "give a ticket, be eligible for it first, which an admin sees to and keep to NewRule."
            ),
            ("", "look at its limits, then ask again."),
        ])
    func rules(_ list: String, _ ending: String) async throws {
        let body =
            #"{"error":{"code":"RoleAssignmentRequestPolicyValidationFailed","message":"The following policy rules failed: \#(list)"}}"#
        let sentence = try #require(PrivilegedSentence.of(try await Self.refusal(ByteBuffer(string: body), status: 400)))
        #expect(sentence.hasSuffix(ending), "\(sentence)")
    }

    @Test("what says nothing of its own has none: it is told in the service's words")
    func others() async throws {
        let error = try await Self.refusal(ByteBuffer(string: #"{"error":{"code":"Whatever","message":"m"}}"#), status: 400)
        #expect(PrivilegedSentence.of(error) == nil)
    }

    private static func check(_ sentence: String, _ name: String) {
        #expect(sentence.hasSuffix("."), "\(name): \(sentence)")
        #expect(!sentence.dropLast().contains(". "), "\(name): more than one sentence: \(sentence)")
        #expect(
            sentence.contains(":") || sentence.contains(";") || sentence.contains(","), "\(name): it does not say what to do: \(sentence)")
        #expect(sentence.unicodeScalars.allSatisfy { $0.value >= 0x20 }, "\(name)")
    }

    /// The error that a recorded refusal is read as: bodies of JSON, with the status in their names, and whole answers of HTTP.
    private static func refusal(of bytes: ByteBuffer, name: String) async throws -> AzureError {
        let status = try #require(Int(name.prefix(3)))
        guard name.hasSuffix(".http") else { return try await refusal(bytes, status: status) }
        let text = String(buffer: bytes)
        let body = text.split(separator: "{", maxSplits: 1).last.map { "{" + $0 } ?? ""
        let wait = text.contains("Retry-After: 17") ? ["Retry-After": "17"] : [:]
        return try await refusal(ByteBuffer(string: body), status: status, headers: wait)
    }

    private static func refusal(_ body: ByteBuffer, status: Int, headers: [String: String] = [:]) async throws -> AzureError {
        let azure = ScriptedAzure { _, _ in
            var response = RESTResponse(status: status, body: body)
            for (name, value) in headers { response.headers[name] = value }
            return response
        }
        do throws(AzureError) {
            _ = try await azure.resourceManager.roleScheduleRequest(ResourceID("/q/1"))
        } catch { return error }
        throw Failure()
    }

    private struct Failure: Error {}
}
