import Testing

@testable import Console

/// What jobs, one of them and the history look like, to the letter.
@Suite struct JobGoldenTests {
    @Test("jobs, 80x24")
    func jobs80() {
        #expect(
            ActionScenes.jobs.console(24, 80).text == """
                 DEMO  sb-retail › jobs                               dana@contoso · read-write
                 4 jobs                                                 as of 03:12:44Z, <1 min
                ─ job  what ──────── progress ───────────── done  state ─────────── left  failed
                  #12  redrive 481…  ██████░░░░  31,200 / 48,110  interrupted  R resumes       0
                  #11  purge 10000…  ██████████  100,000 / 100,…  done                 ·       0
                ▌ #10  redrive 140…  █████████░    1,200 / 1,402  stopped      R resumes       2
                   #9  /state/jobs…                               unreadable













                  redrive 1402 dead letters of invoices to invoices
                  ! The link was lost. 100 unknown (enter says which)
                                                                                         3 of 4
                 enter details · R resume · / filter · : command · q back · ? help · ^R refresh
                """)
    }

    @Test("jobs, 200x60")
    func jobs200() {
        #expect(
            ActionScenes.jobs.console(60, 200).text == """
                 DEMO  sb-retail › jobs                                                                                                                                                       dana@contoso · read-write
                 4 jobs                                                                                                                                                                         as of 03:12:44Z, <1 min
                ─ job  what ──────────────────────────────────────────────────────── progress ─────────────── done  state ───────── rate ───── left  failed ────────────────────────────────────────────────────────────
                  #12  redrive 48110 dead letters of orders to orders                ██████░░░░    31,200 / 48,110  interrupted    390/s  R resumes       0
                  #11  purge 100000 messages of audit-old                            ██████████  100,000 / 100,000  done         1,250/s          ·       0
                ▌ #10  redrive 1402 dead letters of invoices to invoices             █████████░      1,200 / 1,402  stopped         15/s  R resumes       2
                   #9  /state/jobs/9.job is no journal that can be gone on with: i…                                 unreadable

















































                  redrive 1402 dead letters of invoices to invoices
                  ! The link was lost. 100 unknown (enter says which)
                                                                                                                                                                                                                 3 of 4
                 enter details · R resume · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a job that was stopped, 80x24")
    func job80() {
        #expect(
            ActionScenes.job.console(24, 80).text == """
                 DEMO  sb-retail › jobs › #10                         dana@contoso · read-write
                 Job 10 · stopped · 1,200 of 1,402                      as of 03:12:44Z, <1 min
                 what        redrive 1402 dead letters of invoices to invoices
                 state       stopped · 15/s · ran 1 min 20 s
                 progress    ██████████████████████░░ 1,200 / 1,402
                 message     ! The link was lost.
                 begun       2026-11-23T03:11:24.000Z
                 where       retail (sb-retail): orders/$deadletterqueue
                 chosen      all
                 snapshot    #4770112 … #4770171
                 rate        as fast as it goes
                 unknown     ! of these nobody knows whether a copy was sent; the originals
                             are there: #1-100
                 failed      ! 2 messages, as they were
                             #700  ^[]0;x^Gtoo large
                             #701  gone
                             R goes on with it: nothing is done twice that was settled






                 R resume · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("a job that was stopped, 200x60")
    func job200() {
        #expect(
            ActionScenes.job.console(60, 200).text == """
                 DEMO  sb-retail › jobs › #10                                                                                                                                                 dana@contoso · read-write
                 Job 10 · stopped · 1,200 of 1,402                                                                                                                                              as of 03:12:44Z, <1 min
                 what        redrive 1402 dead letters of invoices to invoices
                 state       stopped · 15/s · ran 1 min 20 s
                 progress    ██████████████████████░░ 1,200 / 1,402
                 message     ! The link was lost.
                 begun       2026-11-23T03:11:24.000Z
                 where       retail (sb-retail): orders/$deadletterqueue
                 chosen      all
                 snapshot    #4770112 … #4770171
                 rate        as fast as it goes
                 unknown     ! of these nobody knows whether a copy was sent; the originals are there: #1-100
                 failed      ! 2 messages, as they were
                             #700  ^[]0;x^Gtoo large
                             #701  gone
                             R goes on with it: nothing is done twice that was settled











































                 R resume · : command · q back · ? help · ^R refresh · Q quit
                """)
    }

    @Test("the history, 80x24")
    func history80() {
        #expect(
            ActionScenes.history.console(24, 80).text == """
                 DEMO  sb-retail › history                            dana@contoso · read-write
                 3 records · the ledger is whole                        as of 03:12:44Z, <1 min
                ─ time (UTC) ──── action ─ outcome ─ entity ──────── messages ─── rule ───── job
                ▌ 11-23 03:12:44  purge    refused   orders/$deadl…  –            no-purge     –
                  11-23 03:12:44  redrive  done      orders/$deadl…  1,402 plan…  –          #10
                  11-23 03:12:44  redrive  intended  orders/$deadl…  1,402 plan…  redrive-…  #10
















                                                                                         1 of 3
                 enter all fields · / filter · : command · q back · ? help · ^R refresh
                """)
    }

    @Test("the history, 200x60")
    func history200() {
        #expect(
            ActionScenes.history.console(60, 200).text == """
                 DEMO  sb-retail › history                                                                                                                                                    dana@contoso · read-write
                 3 records · the ledger is whole                                                                                                                                                as of 03:12:44Z, <1 min
                ─ time (UTC) ──── action ─ outcome ─ entity ───────────────── messages ─────────────────────────── rule ─────── job  who ───────────────────────────────────────────────────────────────────────────────
                ▌ 11-23 03:12:44  purge    refused   orders/$deadletterqueue  –                                    no-purge       –  dana
                  11-23 03:12:44  redrive  done      orders/$deadletterqueue  1,402 planned, 1,400 done, 2 failed  –            #10  dana
                  11-23 03:12:44  redrive  intended  orders/$deadletterqueue  1,402 planned                        redrive-own  #10  dana




















































                                                                                                                                                                                                                 1 of 3
                 enter all fields · / filter · : command · q back · ? help · ^R refresh · Q quit
                """)
    }
}
