import Testing

@testable import RESTClient

@Suite("Retry-After")
struct RetryAfterTests {
    @Test(
        "is a number of seconds or a date",
        arguments: [
            ("0", nil, .zero), ("120", nil, .seconds(120)), (" 5 ", nil, .seconds(5)), ("-1", nil, nil), ("soon", nil, nil), ("", nil, nil),
            ("1.5", nil, nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:00 GMT", .seconds(37)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 09:00:00 GMT", .zero), ("Sun, 06 Nov 1994 08:49:37 GMT", nil, nil),
        ] as [(String, String?, Duration?)])
    func parse(value: String, date: String?, expected: Duration?) {
        #expect(RetryAfter.parse(value, date: date) == expected)
    }

    @Test(
        "dates are those of the Gregorian calendar",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Thu, 01 Mar 2001 00:00:00 GMT", 983_404_800), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Sun, 06 Nov 1994 08:49 GMT", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 99 Nov 1994 08:49:37 GMT", nil),
            ("06 Nov 1994", nil),
            ("Sun, 06 Nov 99999999999 08:49:37 GMT", nil), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
        ] as [(String, Int64?)])
    func dates(text: String, seconds: Int64?) {
        #expect(RetryAfter.seconds(ofDate: text) == seconds)
    }
}

@Suite("Endpoints of URLs")
struct EndpointTests {
    @Test(
        "are found",
        arguments: [
            ("https://ns.example/x?y", "ns.example:443"), ("http://localhost:5300", "localhost:5300"), ("http://[::1]:80/x", "[::1]:80"),
            ("https://[::1]", "[::1]:443"),
            ("http://h?x", "h:80"),
        ])
    func valid(url: String, expected: String) {
        #expect(Endpoint(url: url)?.description == expected)
    }

    @Test(
        "are refused where there is none",
        arguments: [
            "", "ns.example", "ftp://h", "http://", "http://h:0", "http://h:65536", "http://h:x", "http://user@h/", "http://[::1",
            "http://[::1]x", "https:///x",
        ])
    func invalid(url: String) {
        #expect(Endpoint(url: url) == nil)
    }
}
