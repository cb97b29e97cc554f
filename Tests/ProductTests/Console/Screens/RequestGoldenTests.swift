import Testing

@testable import Console

/// What the screens of requests look like, to the letter.
@Suite struct RequestGoldenTests {
    @Test("what waits, with everything about the selected request, 80x24")
    func inbox80() {
        #expect(
            RequestsFixture.console("aj", 24, 80).text == """
                 TEST  … › waiting for you         PIM until 04:10Z · as k.brandt@… · read-only
                 2 waiting · 1 yours open · 1 in force for you          as of 03:12:44Z, <1 min
                ─ who ──────────── wants ──────── on ───── for ─ asked ──── stands ─ kept in ───
                  svc-refunds (b…  Data Sender    refunds  30 d  1 h ago    waiting  cooperative
                ▌ M. Ferrari       Data Receiver  orders   1 h   4 min ago  waiting  Entra PIM
                ────────────────────────────────────────────────────────────────────────────────
                 who       M. Ferrari · person 0e5e1000-0000-4000-8000-000000000011
                 what      Data Receiver for 1 h, counted from the grant
                 where     orders  /subscriptions/5ab00000-0000-4000-8000-000000000001/resource
                           Groups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail
                           /queues/orders
                 why       INC-4471 checkout stuck, need to read failing payloads
                 ticket    INC-4471
                 asked     11-23 03:08:44Z, 4 min ago · to be decided by 11-24 03:08
                 has       Data Sender on orders
                 policy    allowed for you to agree to
                 risk      ! can also complete (delete) messages: no peek-only role exists
                 others    also asked: sg-leads
                 stands    waiting · It waits for an approver.
                 kept in   Entra PIM: Azure knows who asked and who decided, and ends what was
                           granted
                 id        7a000000-0000-4000-8000-000000000001
                                                                                         2 of 2
                 enter in full · A approve… · N narrow… · X deny… · tab next list · / filter
                """)
    }

    @Test("what waits, with everything about the selected request, 200x60")
    func inbox200() {
        #expect(
            RequestsFixture.console("aj", 60, 200).text == """
                 TEST  sb-retail › access › waiting for you                                                                                                     PIM until 04:10Z · k.brandt@contoso.example · read-only
                 2 waiting · 1 yours open · 1 in force for you                                                                                                                                  as of 03:12:44Z, <1 min
                ─ who ─────────────────────── wants ──────── on ───── for ─ asked ──── stands ─ kept in ──── why ───────────────────────────────────────────────────────────────────────────────────────────────────────
                  svc-refunds (by L. Haddad)  Data Sender    refunds  30 d  1 h ago    waiting  cooperative  to look
                ▌ M. Ferrari                  Data Receiver  orders   1 h   4 min ago  waiting  Entra PIM    INC-4471 checkout stuck, need to read failing payloads
                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 who       M. Ferrari · person 0e5e1000-0000-4000-8000-000000000011
                 what      Data Receiver for 1 h, counted from the grant
                 where     orders  /subscriptions/5ab00000-0000-4000-8000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/queues/orders
                 why       INC-4471 checkout stuck, need to read failing payloads
                 ticket    INC-4471
                 asked     11-23 03:08:44Z, 4 min ago · to be decided by 11-24 03:08
                 has       Data Sender on orders
                 policy    allowed for you to agree to
                 risk      ! can also complete (delete) messages: no peek-only role exists
                 others    also asked: sg-leads
                 stands    waiting · It waits for an approver.
                 kept in   Entra PIM: Azure knows who asked and who decided, and ends what was granted
                 id        7a000000-0000-4000-8000-000000000001







































                                                                                                                                                                                                                 2 of 2
                 enter in full · A approve… · N narrow… · X deny… · tab next list · / filter · R ask for access · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("agreeing, before it is sent, 80x24")
    func decision80() {
        #expect(
            RequestsFixture.console("ajAseen in the incident<Enter>", 24, 80).text == """
                 TEST  … › approve                 PIM until 04:10Z · as k.brandt@… · read-only
                 Approve: M. Ferrari asks for Data Receiver on orders for 1 h · nothing was se…
                ▌ * reason  seen in the incident
                ────────────────────────────────────────────────────────────────────────────────
                 in         TEST  sb-retail
                 who       M. Ferrari · person 0e5e1000-0000-4000-8000-000000000011
                 what      Data Receiver for 1 h, counted from the grant
                 where     orders  /subscriptions/5ab00000-0000-4000-8000-000000000001/resource
                           Groups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail
                           /queues/orders
                 why       INC-4471 checkout stuck, need to read failing payloads
                 ticket    INC-4471
                 asked     11-23 03:08:44Z, 4 min ago · to be decided by 11-24 03:08
                 has       Data Sender on orders
                 policy    allowed for you to agree to
                 risk      ! can also complete (delete) messages: no peek-only role exists
                 others    also asked: sg-leads
                 stands    waiting · It waits for an approver.
                 kept in   Entra PIM: Azure knows who asked and who decided, and ends what was
                           granted
                 id        7a000000-0000-4000-8000-000000000001
                 ^S: approve · q: nothing happens

                 enter change · ^S send · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("agreeing, before it is sent, 200x60")
    func decision200() {
        #expect(
            RequestsFixture.console("ajAseen in the incident<Enter>", 60, 200).text == """
                 TEST  sb-retail › access › waiting for you › approve                                                                                           PIM until 04:10Z · k.brandt@contoso.example · read-only
                 Approve: M. Ferrari asks for Data Receiver on orders for 1 h · nothing was sent
                ▌ * reason  seen in the incident
                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 in         TEST  sb-retail
                 who       M. Ferrari · person 0e5e1000-0000-4000-8000-000000000011
                 what      Data Receiver for 1 h, counted from the grant
                 where     orders  /subscriptions/5ab00000-0000-4000-8000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/queues/orders
                 why       INC-4471 checkout stuck, need to read failing payloads
                 ticket    INC-4471
                 asked     11-23 03:08:44Z, 4 min ago · to be decided by 11-24 03:08
                 has       Data Sender on orders
                 policy    allowed for you to agree to
                 risk      ! can also complete (delete) messages: no peek-only role exists
                 others    also asked: sg-leads
                 stands    waiting · It waits for an approver.
                 kept in   Entra PIM: Azure knows who asked and who decided, and ends what was granted
                 id        7a000000-0000-4000-8000-000000000001







































                 ^S: approve · q: nothing happens

                 enter change · ^S send · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("agreeing to less, 80x24")
    func narrow80() {
        #expect(
            RequestsFixture.console("ajN", 24, 80).text == """
                 TEST  … › narrow                  PIM until 04:10Z · as k.brandt@… · read-only
                 Narrow: M. Ferrari asks for Data Receiver on orders for 1 h · nothing was sent
                    role    Data Receiver
                    on      orders
                ▌   for     1h
                    reason  – needed
                ────────────────────────────────────────────────────────────────────────────────
                 in         TEST  sb-retail
                 who       M. Ferrari · person 0e5e1000-0000-4000-8000-000000000011
                 what      Data Receiver for 1 h, counted from the grant
                 where     orders  /subscriptions/5ab00000-0000-4000-8000-000000000001/resource
                           Groups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail
                           /queues/orders
                 why       INC-4471 checkout stuck, need to read failing payloads
                 ticket    INC-4471
                 asked     11-23 03:08:44Z, 4 min ago · to be decided by 11-24 03:08
                 has       Data Sender on orders
                 policy    allowed for you to agree to
                 risk      ! can also complete (delete) messages: no peek-only role exists
                 others    also asked: sg-leads
                 stands    waiting · It waits for an approver.
                 not ready: That is all that was asked: nothing is narrower.
                                                                                line 1-14 of 17
                 enter change · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("asking for a role, with its limits, 80x24")
    func ask80() {
        #expect(
            RequestsFixture.console(":ask orders<Enter><Enter>INC-1 payloads<Enter>", 24, 80).text == """
                 TEST  sb-retail › orders › ask    PIM until 04:10Z · as k.brandt@… · read-only
                 Ask for Data Receiver on orders for 30 min · nothing … as of 03:12:44Z, <1 min
                  role      Data Receiver
                  on        orders
                  for whom  me
                  for       30m
                ▌ reason    INC-1 payloads
                  ticket    –
                ────────────────────────────────────────────────────────────────────────────────
                 in         TEST  sb-retail
                 where     /subscriptions/5ab00000-0000-4000-8000-000000000001/resourceGroups/r
                           g-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/queues/
                           orders
                 limits    for at most 2h, for at least 5m, with a reason, once one of Karin
                           Brandt, sg-leads agrees
                 at most   2 h
                 asked     Karin Brandt, sg-leads (group)
                 policy    allowed by checkout-oncall
                 kept in   Entra PIM: you are eligible, and activate the role; Azure ends it
                 risk      ! can also complete (delete) messages: no peek-only role exists

                 ^S asks · q: nothing happens

                 enter change · ^S ask · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("asking for a role, with its limits, 200x60")
    func ask200() {
        #expect(
            RequestsFixture.console(":ask orders<Enter><Enter>INC-1 payloads<Enter>", 60, 200).text == """
                 TEST  sb-retail › orders › ask                                                                                                                 PIM until 04:10Z · k.brandt@contoso.example · read-only
                 Ask for Data Receiver on orders for 30 min · nothing was asked                                                                                                                 as of 03:12:44Z, <1 min
                  role      Data Receiver
                  on        orders
                  for whom  me
                  for       30m
                ▌ reason    INC-1 payloads
                  ticket    –
                ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                 in         TEST  sb-retail
                 where     /subscriptions/5ab00000-0000-4000-8000-000000000001/resourceGroups/rg-retail/providers/Microsoft.ServiceBus/namespaces/sb-retail/queues/orders
                 limits    for at most 2h, for at least 5m, with a reason, once one of Karin Brandt, sg-leads agrees
                 at most   2 h
                 asked     Karin Brandt, sg-leads (group)
                 policy    allowed by checkout-oncall
                 kept in   Entra PIM: you are eligible, and activate the role; Azure ends it
                 risk      ! can also complete (delete) messages: no peek-only role exists








































                 ^S asks · q: nothing happens

                 enter change · ^S ask · : command · q back · ? help · ^R refresh · Q quit
                """)
    }
}
