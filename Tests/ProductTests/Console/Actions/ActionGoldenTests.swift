import Testing

@testable import Console

/// What marks, the menu, a form and a plan look like, to the letter.
@Suite struct ActionGoldenTests {
    @Test("marked messages, 80x24")
    func marks80() {
        #expect(
            ActionScenes.marks.console(24, 80).text == """
                 DEMO  sb-retail › checkout › orders › dead letters   dana@contoso · read-write
                 60 dead letters · ● 5 marked · all, scanned in 0 ms    as of 03:12:44Z, <1 min
                ─ sequence  enqueued (UTC) ───── tries  reason ────────────────── subject ──────
                  4770112   11-23 02:31:04          10  MaxDeliveryCountExceeded  OrderPlaced
                  4770113   11-23 02:31:05           1  TTLExpiredException       OrderCancelled
                 ●4770114   11-23 02:31:06           1  ValidationFailed          OrderPlaced
                 ●4770115   11-23 02:31:07          10  MaxDeliveryCountExceeded  OrderCancelled
                 ●4770116   11-23 02:31:08           1  TTLExpiredException       OrderPlaced
                 ●4770117   11-23 02:31:09           1  ValidationFailed          OrderCancelled
                ▌●4770118   11-23 02:31:10          10  MaxDeliveryCountExceeded  OrderPlaced
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
                                                                                        7 of 60
                 enter read · c groups · space mark · t trace · A actions · / filter · w where
                """)
    }

    @Test("marked messages, 200x60")
    func marks200() {
        #expect(
            ActionScenes.marks.console(60, 200).text == """
                 DEMO  sb-retail › checkout › orders › dead letters                                                                                                                           dana@contoso · read-write
                 60 dead letters · ● 5 marked · all, scanned in 0 ms                                                                                                                            as of 03:12:44Z, <1 min
                ─ sequence  enqueued (UTC) ───── tries  reason ────────────────── subject ─────── message id ─ state ───────────────────────────────────────────────────────────────────────────────────────────────────
                  4770112   11-23 02:31:04          10  MaxDeliveryCountExceeded  OrderPlaced     order-88213  active
                  4770113   11-23 02:31:05           1  TTLExpiredException       OrderCancelled  order-88214  active
                 ●4770114   11-23 02:31:06           1  ValidationFailed          OrderPlaced     order-88215  active
                 ●4770115   11-23 02:31:07          10  MaxDeliveryCountExceeded  OrderCancelled  order-88216  active
                 ●4770116   11-23 02:31:08           1  TTLExpiredException       OrderPlaced     order-88217  active
                 ●4770117   11-23 02:31:09           1  ValidationFailed          OrderCancelled  order-88218  active
                ▌●4770118   11-23 02:31:10          10  MaxDeliveryCountExceeded  OrderPlaced     order-88219  active
                  4770119   11-23 02:31:11           1  TTLExpiredException       OrderCancelled  order-88220  active
                  4770120   11-23 02:31:12           1  ValidationFailed          OrderPlaced     order-88221  active
                  4770121   11-23 02:31:13          10  MaxDeliveryCountExceeded  OrderCancelled  order-88222  active
                  4770122   11-23 02:31:14           1  TTLExpiredException       OrderPlaced     order-88223  active
                  4770123   11-23 02:31:15           1  ValidationFailed          OrderCancelled  order-88224  active
                  4770124   11-23 02:31:16          10  MaxDeliveryCountExceeded  OrderPlaced     order-88225  active
                  4770125   11-23 02:31:17           1  TTLExpiredException       OrderCancelled  order-88226  active
                  4770126   11-23 02:31:18           1  ValidationFailed          OrderPlaced     order-88227  active
                  4770127   11-23 02:31:19          10  MaxDeliveryCountExceeded  OrderCancelled  order-88228  active
                  4770128   11-23 02:31:20           1  TTLExpiredException       OrderPlaced     order-88229  active
                  4770129   11-23 02:31:21           1  ValidationFailed          OrderCancelled  order-88230  active
                  4770130   11-23 02:31:22          10  MaxDeliveryCountExceeded  OrderPlaced     order-88231  active
                  4770131   11-23 02:31:23           1  TTLExpiredException       OrderCancelled  order-88232  active
                  4770132   11-23 02:31:24           1  ValidationFailed          OrderPlaced     order-88233  active
                  4770133   11-23 02:31:25          10  MaxDeliveryCountExceeded  OrderCancelled  order-88234  active
                  4770134   11-23 02:31:26           1  TTLExpiredException       OrderPlaced     order-88235  active
                  4770135   11-23 02:31:27           1  ValidationFailed          OrderCancelled  order-88236  active
                  4770136   11-23 02:31:28          10  MaxDeliveryCountExceeded  OrderPlaced     order-88237  active
                  4770137   11-23 02:31:29           1  TTLExpiredException       OrderCancelled  order-88238  active
                  4770138   11-23 02:31:30           1  ValidationFailed          OrderPlaced     order-88239  active
                  4770139   11-23 02:31:31          10  MaxDeliveryCountExceeded  OrderCancelled  order-88240  active
                  4770140   11-23 02:31:32           1  TTLExpiredException       OrderPlaced     order-88241  active
                  4770141   11-23 02:31:33           1  ValidationFailed          OrderCancelled  order-88242  active
                  4770142   11-23 02:31:34          10  MaxDeliveryCountExceeded  OrderPlaced     order-88243  active
                  4770143   11-23 02:31:35           1  TTLExpiredException       OrderCancelled  order-88244  active
                  4770144   11-23 02:31:36           1  ValidationFailed          OrderPlaced     order-88245  active
                  4770145   11-23 02:31:37          10  MaxDeliveryCountExceeded  OrderCancelled  order-88246  active
                  4770146   11-23 02:31:38           1  TTLExpiredException       OrderPlaced     order-88247  active
                  4770147   11-23 02:31:39           1  ValidationFailed          OrderCancelled  order-88248  active
                  4770148   11-23 02:31:40          10  MaxDeliveryCountExceeded  OrderPlaced     order-88249  active
                  4770149   11-23 02:31:41           1  TTLExpiredException       OrderCancelled  order-88250  active
                  4770150   11-23 02:31:42           1  ValidationFailed          OrderPlaced     order-88251  active
                  4770151   11-23 02:31:43          10  MaxDeliveryCountExceeded  OrderCancelled  order-88252  active
                  4771000   11-23 02:31:04          10  MaxDeliveryCountExceeded  OrderPlaced     order-88213  active
                  4771001   11-23 02:31:05           1  TTLExpiredException       OrderCancelled  order-88214  active
                  4771002   11-23 02:31:06           1  ValidationFailed          OrderPlaced     order-88215  active
                  4771003   11-23 02:31:07          10  MaxDeliveryCountExceeded  OrderCancelled  order-88216  active
                  4771004   11-23 02:31:08           1  TTLExpiredException       OrderPlaced     order-88217  active
                  4771005   11-23 02:31:09           1  ValidationFailed          OrderCancelled  order-88218  active
                  4771006   11-23 02:31:10          10  MaxDeliveryCountExceeded  OrderPlaced     order-88219  active
                  4771007   11-23 02:31:11           1  TTLExpiredException       OrderCancelled  order-88220  active
                  4771008   11-23 02:31:12           1  ValidationFailed          OrderPlaced     order-88221  active
                  4771009   11-23 02:31:13          10  MaxDeliveryCountExceeded  OrderCancelled  order-88222  active
                  4771010   11-23 02:31:14           1  TTLExpiredException       OrderPlaced     order-88223  active
                  4771011   11-23 02:31:15           1  ValidationFailed          OrderCancelled  order-88224  active
                  4771012   11-23 02:31:16          10  MaxDeliveryCountExceeded  OrderPlaced     order-88225  active
                  4771013   11-23 02:31:17           1  TTLExpiredException       OrderCancelled  order-88226  active
                  4771014   11-23 02:31:18           1  ValidationFailed          OrderPlaced     order-88227  active
                                                                                                                                                                                                                7 of 60
                 enter read · c groups · space mark · t trace · A actions · / filter · w where · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("the menu, with what a rule refuses, 80x24")
    func menu80() {
        #expect(
            ActionScenes.menu.console(24, 80).text == """
                 DEMO  … › orders › dead letters › actions            dana@contoso · read-write
                 Actions · 5 of 11 can be done here · each shows its plan first
                ─ 1 message of orders/$deadletterqueue: marked one by one ──────────────────────
                  r   redrive            Send dead letters on, to where they came from or to EN…
                ▌ e   edit and resubmit  ✕ refused by default. A rule that allows it would have…
                  m   move               Send messages to another queue or topic and remove the…
                  D   delete             destroys: Remove exactly these messages; they are expo…
                  P   purge              ✕ refused by no-purge. Nothing overrides a rule that d…
                  f   defer              ✕ refused by default. A rule that allows it would have…
                  X   dead-letter        ✕ they are dead letters already
                  u   make active        ✕ a dead-letter queue has no deferred messages
                  c   cancel scheduled   ✕ a dead-letter queue has no scheduled messages
                  x   export             Write messages to FILE exactly as they are, so that th…
                  i   import             Send the messages of an export to the entity. The plan…




                  ✕ message.edit on namespaces/sb-retail/queues/orders/$deadletterqueue is
                    denied: no rule allows it. [default]
                    A rule that allows it would have to be added to policy.yaml.

                                                                                        2 of 11
                 : command · q back · ? help · Q quit
                """)
    }

    @Test("the menu, with what a rule refuses, 200x60")
    func menu200() {
        #expect(
            ActionScenes.menu.console(60, 200).text == """
                 DEMO  sb-retail › checkout › orders › dead letters › actions                                                                                                                 dana@contoso · read-write
                 Actions · 5 of 11 can be done here · each shows its plan first
                ─ 1 message of orders/$deadletterqueue: marked one by one ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
                  r   redrive            Send dead letters on, to where they came from or to ENTITY, and remove them. The plan is shown first.
                ▌ e   edit and resubmit  ✕ refused by default. A rule that allows it would have to be added to policy.yaml.
                  m   move               Send messages to another queue or topic and remove them here. The plan is shown first.
                  D   delete             destroys: Remove exactly these messages; they are exported first. The plan is shown first.
                  P   purge              ✕ refused by no-purge. Nothing overrides a rule that denies; it stands in policy.yaml, line 5.
                  f   defer              ✕ refused by default. A rule that allows it would have to be added to policy.yaml.
                  X   dead-letter        ✕ they are dead letters already
                  u   make active        ✕ a dead-letter queue has no deferred messages
                  c   cancel scheduled   ✕ a dead-letter queue has no scheduled messages
                  x   export             Write messages to FILE exactly as they are, so that they can be imported again. Nothing is locked.
                  i   import             Send the messages of an export to the entity. The plan is shown first.








































                  ✕ message.edit on namespaces/sb-retail/queues/orders/$deadletterqueue is denied: no rule allows it. [default]
                    A rule that allows it would have to be added to policy.yaml.


                                                                                                                                                                                                                2 of 11
                 : command · q back · ? help · Q quit
                """)
    }

    @Test("a form, 80x24")
    func form80() {
        #expect(
            ActionScenes.form.console(24, 80).text == """
                 DEMO  … › orders › dead letters › move › form        dana@contoso · read-write
                 move · needs to · 1 message of orders/$deadletterqueue: marked one by one · n…
                    to                 – needed
                    only-subscription  –
                    new-id             no
                ▌ * rate               500/s
                    atomic             yes
                    reason             –
                    ticket             –












                  The most messages a second, 500 or 500/s; empty: what is usual here; 0: as f…
                                                                                         4 of 7
                 enter change · x as it was · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a form, 200x60")
    func form200() {
        #expect(
            ActionScenes.form.console(60, 200).text == """
                 DEMO  sb-retail › checkout › orders › dead letters › move › form                                                                                                             dana@contoso · read-write
                 move · needs to · 1 message of orders/$deadletterqueue: marked one by one · nothing was done
                    to                 – needed
                    only-subscription  –
                    new-id             no
                ▌ * rate               500/s
                    atomic             yes
                    reason             –
                    ticket             –
















































                  The most messages a second, 500 or 500/s; empty: what is usual here; 0: as fast as it goes.
                                                                                                                                                                                                                 4 of 7
                 enter change · x as it was · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a plan with remarks of every weight, 80x24")
    func plan80() {
        #expect(
            ActionScenes.plan.console(24, 80).text == """
                 DEMO  … › dead letters › groups › redrive › plan     dana@contoso · read-write
                 Redrive 515 dead letters of orders to orders · cannot be carried out like this
                 snapshot    #4770112 … #4770806, taken 03:12:44Z, "MaxDeliveryCountExceeded:
                             TimeoutException: POST https://pay/orders/{} took {}ms (limit
                             {}ms)"
                 how         atomic, 100 a transaction · as fast as it goes · about 1 min 30 s
                             · ~1,030 credits · ~361 kB
                 keeps       bytes, types, session, ids
                 strips      DeadLetterReason, DeadLetterErrorDescription
                 blocked     ✕ ^[[31morders drops repeated ids for PT10M, and would accept and
                             drop 5 of the copies without a word.
                               → Give new ids (--new-id): the old ones are kept in
                             x-original-message-id.
                 warnings    ! 3 of these came back twice before.
                               → What made them fail may not be mended yet.
                 notes       · 12 have a time to live, which begins anew with the copy.
                 policy      allowed by built-in:emulator · needs the name, typed




                 ✕ cannot be confirmed: ^[[31morders drops repeated ids for PT10M, and would a…

                 e options · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a plan with remarks of every weight, 200x60")
    func plan200() {
        #expect(
            ActionScenes.plan.console(60, 200).text == """
                 DEMO  sb-retail › checkout › orders › dead letters › groups › redrive › plan                                                                                                 dana@contoso · read-write
                 Redrive 515 dead letters of orders to orders · cannot be carried out like this
                 snapshot    #4770112 … #4770806, taken 03:12:44Z, "MaxDeliveryCountExceeded: TimeoutException: POST https://pay/orders/{} took {}ms (limit {}ms)"
                 how         atomic, 100 a transaction · as fast as it goes · about 1 min 30 s · ~1,030 credits · ~361 kB
                 keeps       bytes, types, session, ids
                 strips      DeadLetterReason, DeadLetterErrorDescription
                 blocked     ✕ ^[[31morders drops repeated ids for PT10M, and would accept and drop 5 of the copies without a word.
                               → Give new ids (--new-id): the old ones are kept in x-original-message-id.
                 warnings    ! 3 of these came back twice before.
                               → What made them fail may not be mended yet.
                 notes       · 12 have a time to live, which begins anew with the copy.
                 policy      allowed by built-in:emulator · needs the name, typed













































                 ✕ cannot be confirmed: ^[[31morders drops repeated ids for PT10M, and would accept and drop 5 of the copies without a word.

                 e options · : command · q back · ? help · ^R refresh · Q quit
                """)
    }
}
