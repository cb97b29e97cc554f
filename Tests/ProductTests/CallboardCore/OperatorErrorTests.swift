import ServiceBus
import Testing

@testable import CallboardCore

@Suite("Errors and readings")
struct OperatorErrorTests {
    @Test(
        "exit codes are those scripts rely on",
        arguments: [
            (.usage, 2), (.notPermitted, 3), (.refused, 3), (.notFound, 4), (.partlyDone, 5), (.cancelled, 130), (.unreachable, 1),
            (.certificate, 1), (.protocolMismatch, 1), (.timeout, 1), (.throttled, 1), (.service, 1), (.internal, 1),
        ] as [(OperatorError.Code, Int32)])
    func exitCodes(code: OperatorError.Code, expected: Int32) {
        #expect(OperatorError(code, "x").exitCode == expected)
    }

    @Test("one line says what failed, the service's code, the tracking id and what to try")
    func line() {
        let error = OperatorError(
            .notPermitted, "Listing entities is not permitted.", hint: "Ask for Manage.", serviceCode: "40103", trackingID: "8f0e")
        #expect(error.description == "Listing entities is not permitted. (40103, tracking id 8f0e). Ask for Manage.")
        #expect(OperatorError(.service, "Failed").description == "Failed")
        #expect(OperatorError(.service, "Failed (500)", hint: "Wait.", serviceCode: "500").description == "Failed (500). Wait.")
    }

    @Test("a reading knows its age, or why there is no value")
    func readings() {
        let known = Reading.known(7, at: Timestamp(milliseconds: 5))
        #expect(known.value == 7)
        #expect(known.asOf == Timestamp(milliseconds: 5))
        #expect(known.map { $0 * 2 } == .known(14, at: Timestamp(milliseconds: 5)))
        #expect(Reading<Int>.pending.value == nil)
        #expect(Reading<Int>.failed(OperatorError(.notPermitted, "No.", neededRight: "Manage")) == .notPermitted(needs: "Manage"))
        #expect(Reading<Int>.failed(OperatorError(.timeout, "Late.")) == .unavailable("Late."))
        #expect(Reading<Int>.notPermitted(needs: "Manage").map { String($0) } == .notPermitted(needs: "Manage"))
    }
}
