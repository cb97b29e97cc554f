import Testing

@testable import CallboardCore

@Suite("Templates of dead-letter descriptions")
struct DescriptionTemplateTests {
    @Test(
        "what varies is found by what it looks like",
        arguments: [
            ("POST https://pay/orders/88213 took 30012ms (limit 30000ms)", "POST https://pay/orders/{} took {}ms (limit {}ms)"),
            ("Order 8f0e5c1a-2b3c-4d5e-8f90-a21c00000000 was not found.", "Order {} was not found."),
            ("Order ORD-88213-X7 was not found", "Order ORD-{} was not found"),
            ("customer 'Åse O'Hara' has no address", "customer '{}' has no address"),
            ("Invalid column \"sku\" at line 14, position 2", "Invalid column \"{}\" at line {}, position {}"),
            ("at 2026-11-25T02:31:07.020Z the lock was lost", "at {} the lock was lost"),
            ("connect to 10.0.0.17:5432 failed", "connect to {} failed"),
            ("cannot open /var/data/in/2026-11-25/file1742.xml", "cannot open /var/data/in/{}.xml"),
            ("cannot open C:\\data\\in\\17.xml", "cannot open C:\\data\\in\\{}.xml"),
            ("mail to dana.moreau@contoso.example bounced", "mail to {} bounced"),
            ("GET https://api/v2/items?id=9&full=true failed", "GET https://api/{}/items?{} failed"),
            ("ids 1, 2, 3 are taken", "ids {} are taken"),
            ("ids 17 are taken", "ids {} are taken"),
            ("pod payments-7f9c6d5b4-x2x9q went away", "pod payments-{} went away"),
            ("pointer 0x7ffeefbff5c0 is bad", "pointer {} is bad"),
            ("Value cannot be cast to Int32 in UTF8", "Value cannot be cast to Int32 in UTF8"),
            ("don't retry: it isn't safe", "don't retry: it isn't safe"),
            ("$.lines[3].sku is empty", "$.lines[{}].sku is empty"),
            ("amount=12.50 currency=EUR", "amount={} currency=EUR"),
            ("  spread   over\tspaces  ", "spread over spaces"),
            ("", ""),
        ])
    func templates(text: String, template: String) {
        #expect(DescriptionTemplate(of: text).text == template)
    }

    @Test("of a stack trace the frame it began in counts, not its lines nor how the call came there")
    func stackTraces() {
        let first = """
            System.TimeoutException: gave up after 30 s
               at Pay.Client.Send(Order order) in /src/Pay/Client.cs:line 117
               at Polly.Retry.Run() in /src/Polly/Retry.cs:line 31
            --- End of stack trace from previous location ---
               at Host.Main()
            """
        let again = """
            System.TimeoutException: gave up after 45 s
               at Pay.Client.Send(Order order) in /build/Pay/Client.cs:line 121
            """
        let other = """
            System.TimeoutException: gave up after 45 s
               at Stock.Client.Reserve(Item item) in /src/Stock/Client.cs:line 9
            """
        #expect(DescriptionTemplate(of: first).text.hasPrefix("System.TimeoutException: gave up after {} s at Pay.Client.Send"))
        #expect(DescriptionTemplate(of: first).text.contains("line {}"))
        #expect(!DescriptionTemplate(of: first).text.contains("Polly"))
        #expect(DescriptionTemplate(of: first) != DescriptionTemplate(of: other))
        #expect(DescriptionTemplate(of: again).text.contains("Pay.Client.Send"))
    }

    @Test(
        "however long or hostile the text is, a template is short and ends",
        arguments: ["'", "\"", "{", "{}", "a1-", "\n   at ", "\u{1b}[2J", "漢1", "1,", " "])
    func bounded(piece: String) {
        let template = DescriptionTemplate(of: String(repeating: piece, count: 20_000))
        #expect(template.bytes.count <= TemplateScanner.longestTemplate)
    }
}
