import CallboardCore
import ServiceBus
import Terminal
import Testing

@testable import Console

/// What the screens look like, to the letter.
@Suite struct ScreenGoldenTests {
    private func screen(_ keys: String, _ rows: Int, _ columns: Int) -> ConsoleHarness {
        var console = ConsoleHarness(rows: rows, columns: columns)
        console.type(keys)
        return console
    }

    @Test("board, 80x24")
    func board80() {
        #expect(
            screen("", 24, 80).text == """
                 DEMO  sb-retail › services                           dana@contoso · read-write
                 4 services · 2 ill · 1 to look at · 50,221 dead ▲1,20… as of 03:12:44Z, <1 min
                ─  ── service ───── owner ──── on call ──── dead ─ ▲/min  oldest  active ─ drain
                ▌ !!  checkout      team-cart  R. Osei    50,016  ▲1,198  41 min   1,832  ▲never
                  !!  billing       team-fin   –             205      ▲6     2 d      12    ~4 s
                  !   shipping      nobody     J. Lindq…       0       0       ·     402   never
                  ok  search        team-web   web-onca…       –       –       –       –       –
                  !   (no service)  nobody     –               0       –       ·       3       –













                 ! orders has 50012 dead letters
                                                                                         1 of 5
                 enter open · d dead letters · ge entities · / filter · : command · ? help
                """)
    }

    @Test("board, 40x10: names and dead letters stay")
    func board40() {
        #expect(
            screen("", 10, 40).text == """
                 DEMO  sb-retail › services  read-write
                 4 services · 2 ill · 1 to look at · 5…
                ─  ── service ─────── dead ─ ▲/min ─────
                ▌ !!  checkout      50,016  ▲1,198
                  !!  billing          205      ▲6
                  !   shipping           0       0
                  ok  search             –       –
                  !   (no service)       0       –
                                                 1 of 5
                 enter open · d dead letters
                """)
    }

    @Test("service, 80x24")
    func service80() {
        #expect(
            screen("<Enter>", 24, 80).text == """
                 DEMO  sb-retail › checkout                           dana@contoso · read-write
                 checkout · !! ill · dead letters 50,016                as of 03:12:44Z, <1 min
                 owner team-cart   on call R. Osei   system retail   production
                 The checkout service.
                 ! orders has 50012 dead letters
                ─ entity ────── status ── dead  ▲/min  T-dead  active  drain  notes ────────────
                ▌ orders        Active  50,012      –       0   1,830      –
                  order-events  Active       ·      ·       ·       ·      ·  2 subscriptions
                  └ billing     Active       4      –       0       2      –
                  └ search      Active       0      –       0       0      ·












                                                                                         1 of 4
                 enter open · d dead letters · m messages · / filter · : command · q back
                """)
    }

    @Test("entity, 80x24")
    func entity80() {
        #expect(
            screen("<Enter><Enter>", 24, 80).text == """
                 DEMO  sb-retail › checkout › orders                  dana@contoso · read-write
                 orders · queue · active · dead letters 50,012          as of 03:12:44Z, <1 min
                 service checkout   owner team-cart   on call R. Osei
                ─ messages ─────────────────────────────────────────────────────────────────────
                ▌ messages                      1,830
                  dead letters                 50,012
                  transfer dead letters             0
                  deferred messages                 –   the service does not tell; C counts them
                  scheduled messages               12
                ─ delivery ─────────────────────────────────────────────────────────────────────
                  LockDuration              PT1M      1 min
                  MaxDeliveryCount          10        deliveries before a message is dead-lette…
                  RequiresSession           false
                  DefaultMessageTimeToLive  P14D      14 d








                                                                                         1 of 9
                 enter open · d dead · m messages · c groups · C count · e edit · D remove
                """)
    }

    @Test("messages, 80x24")
    func messages80() {
        #expect(
            screen("djj", 24, 80).text == """
                 DEMO  sb-retail › orders › dead letters              dana@contoso · read-write
                 60 dead letters · all, scanned in 0 ms                 as of 03:12:44Z, <1 min
                ─ sequence  enqueued (UTC) ───── tries  reason ────────────────── subject ──────
                  4770112   11-23 02:31:04          10  MaxDeliveryCountExceeded  OrderPlaced
                  4770113   11-23 02:31:05           1  TTLExpiredException       OrderCancelled
                ▌ 4770114   11-23 02:31:06           1  ValidationFailed          OrderPlaced
                  4770115   11-23 02:31:07          10  MaxDeliveryCountExceeded  OrderCancelled
                  4770116   11-23 02:31:08           1  TTLExpiredException       OrderPlaced
                  4770117   11-23 02:31:09           1  ValidationFailed          OrderCancelled
                  4770118   11-23 02:31:10          10  MaxDeliveryCountExceeded  OrderPlaced
                  4770119   11-23 02:31:11           1  TTLExpiredException       OrderCancelled
                  4770120   11-23 02:31:12           1  ValidationFailed          OrderPlaced
                  4770121   11-23 02:31:13          10  MaxDeliveryCountExceeded  OrderCancelled
                  4770122   11-23 02:31:14           1  TTLExpiredException       OrderPlaced
                  4770123   11-23 02:31:15           1  ValidationFailed          OrderCancelled
                  4770124   11-23 02:31:16          10  MaxDeliveryCountExceeded  OrderPlaced
                  4770125   11-23 02:31:17           1  TTLExpiredException       OrderCancelled
                  4770126   11-23 02:31:18           1  ValidationFailed          OrderPlaced
                  4770127   11-23 02:31:19          10  MaxDeliveryCountExceeded  OrderCancelled
                  4770128   11-23 02:31:20           1  TTLExpiredException       OrderPlaced
                  4770129   11-23 02:31:21           1  ValidationFailed          OrderCancelled
                  4770130   11-23 02:31:22          10  MaxDeliveryCountExceeded  OrderPlaced
                                                                                        3 of 60
                 enter read · c groups · space mark · t trace · A actions · / filter · w where
                """)
    }

    @Test("a message, 80x24")
    func message80() {
        #expect(
            screen("d<Enter>", 24, 80).text == """
                 DEMO  sb-retail › orders › dead letters › #4770112   dana@contoso · read-write
                 #4770112 · peeked, not locked                          as of 03:12:44Z, <1 min
                ▌Reason        MaxDeliveryCountExceeded
                 Error         TimeoutException: POST https://pay/v2 took 30012ms (limit
                               30000ms)
                 Sequence      #4770112                 Enqueued      11-23 02:30:58Z
                 Message id    8f0e21bc-a21c            Delivered     10 times
                 Subject       OrderPlaced

                 ─ body · JSON · application/json · 162 B · shown as pretty ───────────────────
                 {
                   "orderId": 88213,
                   "customer": {
                     "email": "a@example.com",
                     "tier": "gold"
                   },
                   "lines": [
                     {
                       "sku": "A-1",
                       "qty": 2
                     },
                     {
                                                              line 1-20 of 33 · message 1 of 60
                 v view · tab pane · t trace · A actions · r redrive · / find · e resubmit
                """)
    }

    @Test("a message as hex, 40x10")
    func hex40() {
        #expect(
            screen("d<Enter>vvG", 10, 40).text == """
                 DEMO  … › #4770112          read-write
                 #4770112 · peeked, not locked
                 ─ properties (3) ─────────────────────
                 tenant        string  emea
                 attempt       int     3
                 Diagnostic-Id string  00-4bf92f3577b34
                                    da6a3ce929d0e0e4736
                ▌                   -01
                     line 55-60 of 60 · message 1 of 60
                 v view · tab pane · t trace
                """)
    }

    @Test("the command line, 80x24")
    func palette80() {
        #expect(
            screen("d:the", 24, 80).text.split(separator: "\n", omittingEmptySubsequences: false).suffix(6).joined(separator: "\n") == """
                  4770127   11-23 02:31:19          10  MaxDeliveryCountExceeded  OrderCancelled
                  4770128   11-23 02:31:20           1  TTLExpiredException       OrderPlaced
                  4770129   11-23 02:31:21           1  ValidationFailed          OrderCancelled
                  theme THEME  Change the colours.
                :the
                 enter accept · tab complete · esc cancel
                """)
    }

    @Test("200x60: a message beside its list, and no column cut that has room")
    func wide() {
        let console = screen("d<Enter>", 60, 200)
        let lines = (0..<60).map { console.line($0) }
        #expect(
            lines[2...8].joined(separator: "\n") == """
                ─ sequence  enqueued (UTC) ── tries  reason ────────────────── subject ─────── message id │ ▌Reason        MaxDeliveryCountExceeded
                ▏ 4770112   11-23 02:31:04       10  MaxDeliveryCountExceeded  OrderPlaced     order-88213│  Error         TimeoutException: POST https://pay/v2 took 30012ms (limit 30000ms)
                  4770113   11-23 02:31:05        1  TTLExpiredException       OrderCancelled  order-88214│  Sequence      #4770112                               Enqueued      11-23 02:30:58Z
                  4770114   11-23 02:31:06        1  ValidationFailed          OrderPlaced     order-88215│  Message id    8f0e21bc-a21c                          Delivered     10 times
                  4770115   11-23 02:31:07       10  MaxDeliveryCountExceeded  OrderCancelled  order-88216│  Subject       OrderPlaced
                  4770116   11-23 02:31:08        1  TTLExpiredException       OrderPlaced     order-88217│
                  4770117   11-23 02:31:09        1  ValidationFailed          OrderCancelled  order-88218│  ─ body · JSON · application/json · 162 B · shown as pretty ───────────────────────────────────────────────
                """)
        #expect(lines.allSatisfy { Width.of($0) <= 200 })
    }

    @Test("roles, 80x24: what is wrong stands out, the selection more")
    func roles() {
        let console = screen("", 24, 80)
        #expect(console.roles(inRow: 0) == [.barBadge, .bar])
        // How many there are, which of them are ill, which want a look, how many dead letters; at the end, how old that is.
        #expect(
            console.roles(inRow: 1).prefix(8) == [.text, .title, .text, .statusError, .text, .statusWarning, .text, .statusError])
        #expect(console.roles(inRow: 1).last == .muted)
        #expect(Set(console.roles(inRow: 2)) == [.rule, .header])
        #expect(console.roles(inRow: 3) == [.rowSelected])
        #expect(console.roles(inRow: 4).contains(.statusError))
        #expect(Set(console.roles(inRow: 23)) == [.text, .keyName, .keyHint, .rule])
    }

    @Test("one cell is enough", arguments: ["", "<Enter>", "d", "d<Enter>", "?", "L", "/x", ":q", "g"])
    func oneCell(_ keys: String) {
        let console = screen(keys, 1, 1)
        #expect(console.surface.rows == 1)
        #expect(Width.of(console.text) <= 1)
    }

    @Test("no size and no row of keys makes it trap, and every line fits")
    func sizesAndKeys() {
        let keys = [
            "<Enter>", "j", "k", "G", "gg", "q", "d", "m", "T", "/e", "<Esc>", ":", "e", "<Tab>", "<Down>", "<Up>", "<C-f>", "<C-b>",
            "<C-d>", "<C-u>",
            "v", "<Tab>", "O", "J", "K", "?", "L", "<C-r>", "+", "<C-l>", "h", "l", "M", "gb", "<Backspace>", "<C-w>", "<End>",
        ]
        var random = SeededGenerator(state: 20_261_123)
        for _ in 0..<12 {
            var console = ConsoleHarness(rows: 24, columns: 80)
            for _ in 0..<120 {
                console.type(keys[Int.random(in: 0..<keys.count, using: &random)])
                console.resize(Int.random(in: 1...40, using: &random), Int.random(in: 1...160, using: &random))
                let surface = console.surface
                #expect((surface.cursor?.row ?? 0) < surface.rows && (surface.cursor?.column ?? 0) < surface.columns)
            }
        }
    }
}

/// SplitMix64: the same steps in every run, so that a failure can be looked at again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
