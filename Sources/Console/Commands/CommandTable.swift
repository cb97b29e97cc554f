/// The one table of commands. Keys, the `:` line, `?` help, the hint bar, scripts and the documentation are made from it.
public enum CommandTable {
    private static let screens = KeyContext.screens
    private static let access: Set<KeyContext> = [.access, .bindings, .holdings, .drift]
    /// Where nothing is half done.
    private static let roaming = screens.subtracting([.form, .change, .actions, .plan, .decision, .ask])
    private static let lists: Set<KeyContext> = [.board, .service, .tree, .entity, .groups, .messages, .trace]

    /// All commands, in the order of help.
    public static let all: [Command] = going + reading + moving + looking + acting + changing + deciding + filling + program + prompt

    private static let byID: [CommandID: Command] = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })

    /// The command with this name.
    public static func command(_ id: CommandID) -> Command? { byID[id] }

    /// The command a person means by a word on the `:` line: its name or one of its aliases.
    static func command(named word: String) -> Command? {
        all.first { $0.group != .prompt && ($0.id.rawValue == word || $0.aliases.contains(word)) }
    }

    private static let going: [Command] = [
        Command(
            .open, "open", "<Enter> l <Right>",
            in: lists.union([.sessions, .session, .tester, .form, .change, .actions, .plan, .jobs, .history]).union(access).union([
                .requests, .decision, .ask, .keys,
            ]), .going,
            hint: 1,
            titles: [
                .messages: "read", .session: "read", .trace: "read", .tester: "change", .form: "change", .change: "carry out",
                .actions: "plan", .plan: "confirm", .jobs: "details", .history: "all fields",
                .access: "who", .bindings: "what else they can", .holdings: "who else can", .drift: "evidence and plan",
                .requests: "in full", .decision: "change", .ask: "change", .keys: "in full",
            ], danger: .reveals,
            "Open what is selected: a service, an entity, its messages, the messages of a group, one message; change a line that is to be filled in; carry out a change that was looked at; agree to a plan; of who has access, go to identities and back; of a finding, its plan."
        ),
        Command(.back, "back", "q h <Left>", in: screens, .going, hint: 7, "Go back one screen, or close the open message."),
        Command(
            .stop, "stop", "<Esc>", in: screens, .going,
            "Stop what is loading; else clear the filter; else go back. What has been loaded stays on screen."),
        Command(
            .deadLetters, "dead letters", "d", in: [.board, .service, .tree, .entity], .going, hint: 2,
            titles: [.tree: "dead", .entity: "dead"], aliases: ["dlq", "dead"],
            "Show the dead letters of the selected entity; on the board, of the service's worst entity."),
        Command(
            .messages, "messages", "m", in: [.service, .tree, .entity, .session], .going, hint: 3,
            "Show the messages of the selected entity or session, without locking them."),
        Command(
            .sessions, "sessions", "gs", in: screens, .going, argument: .entity,
            "Show the sessions of the selected entity with their messages by state, without locking them."),
        Command(
            .transferDeadLetters, "transfer dead letters", "T", in: [.service, .tree, .entity], .going, aliases: ["tdlq"],
            "Show the messages of the selected entity that could not be forwarded."),
        Command(
            .groups, "groups", "c", in: [.board, .service, .tree, .entity, .messages], .going, hint: 3,
            hintedIn: [.entity, .messages],
            argument: .entity, aliases: ["causes"],
            "Sort the dead letters of the selected entity by what they died of; on messages, those that are shown. Locks nothing."),
        Command(
            .explain, "explain", "p", in: [.groups, .messages, .message], .going, hint: 2, hintedIn: [.groups], aliases: ["why"],
            "Say what the dead-letter reason of the selected group or message means, which setting caused it here, and what to do about it."
        ),
        Command(.board, "board", "gb", in: screens, .going, aliases: ["home", "services"], "Go to the board of services."),
        Command(
            .tree, "entities", "ge", in: screens, .going, hint: 4, hintedIn: [.board], aliases: ["entities", "queues", "topics"],
            "Go to the tree of all queues, topics and subscriptions."),
        Command(
            .owner, "its service", "o", in: [.tree, .entity], .going, hint: 6, hintedIn: [.tree], aliases: ["whose"],
            "Go to the service that the selected entity belongs to."),
        Command(
            .service, "service", "", in: screens, .going, argument: .service, needsArgument: true, aliases: ["svc"],
            "Go to a service by name."),
        Command(
            .entity, "entity", "", in: screens, .going, argument: .entity, needsArgument: true, aliases: ["queue", "topic", "show"],
            "Go to an entity by name: queue, topic, topic/subscription."),
        Command(
            .testRules, "test rules", "gt", in: screens, .going, argument: .entity,
            aliases: ["rules", "tester"],
            "Ask which subscriptions of a topic would get a message, and why not: one to be filled in, or the selected one. Sends nothing."),
        Command(
            .trace, "trace", "t", in: roaming, .going, hint: 4,
            hintedIn: [.messages, .message],
            argument: .id, aliases: ["find"],
            "Find every message that bears an id: message id, correlation id or trace id, in all queues, subscriptions and dead letters; from a service, in its own."
        ),
        Command(
            .traceEverywhere, "whole namespace", "w", in: [.trace], .going, hint: 3,
            "Trace the same id in the whole namespace, where only a service was looked through."),
        Command(
            .bindings, "bindings", "b", in: roaming, .going, hint: 4, hintedIn: [.board, .service, .tree, .entity, .drift, .finding],
            titles: [.entity: "who can"], argument: .subject, aliases: ["access", "who"],
            "Show who can send, receive and manage on the entity at hand, and why; from the board, on all. Needs a context that signs in."
        ),
        Command(
            .drift, "findings", "gf", moreKeys: [.access: "f", .bindings: "f", .holdings: "f"], in: roaming, .going, hint: 3,
            hintedIn: [.access, .bindings, .holdings], argument: .subject, aliases: ["findings"],
            "Show where access differs from what the catalogue says, worst first, with evidence and the plan that would mend it. Changes nothing."
        ),
        Command(
            .requests, "access", "ga",
            moreKeys: [
                .board: "a", .service: "a", .access: "a", .bindings: "a", .holdings: "a", .drift: "a", .finding: "a", .trace: "a",
                .jobs: "a", .history: "a", .log: "a",
            ], in: roaming, .going, hint: 3, hintedIn: [.board], aliases: ["requests"],
            "Show requests for roles that wait for you, your own, and the roles that end by themselves. Needs a context that signs in."),
        Command(
            .keys, "keys", "gk", moreKeys: [.access: "K", .bindings: "K", .holdings: "K", .drift: "K"], in: roaming, .going, hint: 5,
            hintedIn: [.access, .bindings], aliases: ["key-age"],
            "Show the shared access rules with the age of their keys, worst first, and the command that makes them anew. Changes nothing."),
        Command(
            .jobs, "jobs", "gj", in: screens, .going, hint: 9, hintedIn: [.board],
            "Show all jobs with how far they are: paused, cancelled and gone on with there."),
        Command(
            .history, "history", "gh", in: screens, .going, aliases: ["audit"],
            "Show what was done, by the audit ledger: when, what, where, how many, by which rule."),
        Command(.log, "log", "L", in: screens, .going, aliases: ["diagnostics"], "Show what went wrong so far, and what libraries wrote."),
        Command(.help, "help", "? <F1>", in: screens, .going, hint: 8, "Show the keys and commands of this screen."),
    ]

    private static let changing: [Command] = [
        Command(
            .create, "new", "a", in: [.tree, .entity], .changing, hint: 3, danger: .changes, aliases: ["create"],
            "Fill in a new queue, topic, subscription or rule. Nothing is sent before the difference was shown."),
        Command(
            .edit, "edit", "e", in: [.tree, .entity], .changing, hint: 3, danger: .changes, aliases: ["settings", "update"],
            "Change settings of the selected entity or rule. Nothing is sent before the difference was shown."),
        Command(
            .remove, "remove", "D", in: [.tree, .entity], .changing, hint: 3, danger: .destroys,
            "Remove the selected entity or rule with everything in it, after its name was typed."),
        Command(
            .review, "review", "<C-s>", in: [.form, .decision, .ask], .changing, hint: 2, titles: [.decision: "send", .ask: "ask"],
            "Look at what the form would change, setting by setting, before it is sent; of an action, make its plan; send a decision or a request for a role."
        ),
    ]

    private static let requests: Set<KeyContext> = [.requests, .request]

    private static let deciding: [Command] = [
        Command(
            .ask, "ask for access", "gr",
            moreKeys: [
                .requests: "R", .request: "R", .service: "R", .entity: "R", .messages: "R", .message: "R", .groups: "R", .sessions: "R",
                .session: "R", .explanation: "R", .bindings: "R",
            ], in: roaming, .deciding, hint: 5, hintedIn: [.requests], danger: .changes, argument: .entity,
            "Ask for a role on the entity at hand, for a while and with a reason: its limits and who would decide are shown first."),
        Command(
            .approve, "approve…", "A", in: requests, .deciding, hint: 2, danger: .changes,
            "Agree to the selected request, with a reason. Nobody decides about their own."),
        Command(
            .narrow, "narrow…", "N", in: requests, .deciding, hint: 2, danger: .changes,
            "Agree to less than was asked: a narrower role, entity or time, with a reason. Never to more."),
        Command(.deny, "deny…", "X", in: requests, .deciding, hint: 2, danger: .changes, "Say no to the selected request, with a reason."),
        Command(
            .takeBack, "take back…", "c", in: requests, .deciding, hint: 2, danger: .changes,
            "Take back a request of one's own that nobody has decided about."),
        Command(
            .endAccess, "end now…", "D", in: requests, .deciding, hint: 2, danger: .changes, aliases: ["deactivate", "revoke"],
            "End the selected role now, with a reason: one's own, or somebody's. Links that are open live until their token ends."),
    ]

    private static let marking: Set<KeyContext> = [.messages, .groups]
    /// Where messages were picked, or all of a queue can be meant.
    private static let picking: Set<KeyContext> = [.messages, .message, .groups, .tree, .entity, .actions]
    private static let picked: Set<KeyContext> = [.messages, .message, .groups, .actions]

    private static let acting: [Command] = [
        Command(
            .toggleMark, "mark", "<Space>", in: marking, .acting, hint: 3, hintedIn: [.messages, .groups],
            "Mark the selected message or group, or no longer, and go to the next one. Marks stay whatever is filtered or loaded again."),
        Command(
            .markRange, "mark range", "V", in: marking, .acting, "Mark everything from what was marked last to the selected line."),
        Command(.markAll, "mark all", "*", in: marking, .acting, "Mark all that are shown."),
        Command(
            .invertMarks, "invert marks", "I", in: marking, .acting,
            "Of all that are shown, mark those that are not, and no longer those that are."),
        Command(.clearMarks, "clear marks", "u", in: marking, .acting, "Take all marks away."),
        Command(
            .actions, "actions", "A", moreKeys: [.messages: "a", .message: "a", .groups: "a"], in: picking.subtracting([.actions]), .acting,
            hint: 4, hintedIn: [.messages, .message, .groups, .entity],
            "List what can be done with what is marked, selected or open, and why something cannot be done."),
        Command(
            .redrive, "redrive", "r", in: picking, .acting, hint: 4, hintedIn: [.groups, .message], danger: .changes, argument: .entity,
            "Send dead letters on, to where they came from or to ENTITY, and remove them. The plan is shown first."),
        Command(
            .resubmit, "edit and resubmit", "e", in: [.message, .actions], .acting, hint: 5, hintedIn: [.message],
            titles: [.message: "resubmit"], danger: .changes,
            "Edit the body of the open message in $EDITOR, and send the copy on in place of the original. The plan is shown first."),
        Command(
            .move, "move", "", moreKeys: [.actions: "m"], in: picked, .acting, danger: .changes, argument: .entity,
            "Send messages to another queue or topic and remove them here. The plan is shown first."),
        Command(
            .delete, "delete", "D", in: picked, .acting, danger: .destroys,
            "Remove exactly these messages; they are exported first. The plan is shown first."),
        Command(
            .purge, "purge", "", moreKeys: [.actions: "P"], in: picking, .acting, danger: .destroys,
            "Remove everything that was enqueued before a moment from one queue; it is exported first. The plan is shown first."),
        Command(
            .deferMessages, "defer", "", moreKeys: [.actions: "f"], in: picked, .acting, danger: .changes,
            "Set messages aside, to be had by their numbers only. The plan is shown first."),
        Command(
            .deadLetterMessages, "dead-letter", "", moreKeys: [.actions: "X"], in: picked, .acting, danger: .changes,
            "Put messages into the dead-letter queue, with a reason. The plan is shown first."),
        Command(
            .receiveDeferred, "make active", "", moreKeys: [.actions: "u"], in: picked, .acting, danger: .changes, aliases: ["reactivate"],
            "Make messages that were deferred active again. The plan is shown first."),
        Command(
            .cancelScheduled, "cancel scheduled", "", moreKeys: [.actions: "c"], in: picked, .acting, danger: .destroys,
            "Take back messages that were to become active later. The plan is shown first."),
        Command(
            .exportMessages, "export", "x", in: picking, .acting, danger: .reveals, argument: .file,
            "Write messages to FILE exactly as they are, so that they can be imported again. Nothing is locked."),
        Command(
            .importMessages, "import", "", moreKeys: [.actions: "i"], in: picking, .acting, danger: .changes, argument: .file,
            "Send the messages of an export to the entity. The plan is shown first."),
        Command(
            .options, "options", "e", in: [.plan], .acting, hint: 2,
            "Change what was asked for: where to, new ids, how fast, why. The plan is made anew."),
        Command(
            .pauseJob, "pause", "p", in: [.jobs, .job], .acting, hint: 2, danger: .changes,
            "Let the selected job wait, holding no message, or go on."),
        Command(
            .cancelJob, "cancel", "c", in: [.jobs, .job], .acting, hint: 3, danger: .changes,
            "Stop the selected job between messages. It can be gone on with."),
        Command(
            .resumeJob, "resume", "R", in: [.jobs, .job], .acting, hint: 2, danger: .changes,
            "Go on with a job that ended before its end, here or in another process. What was settled is not done again."),
    ]

    private static let filling: [Command] = [
        Command(
            .addProperty, "add property", "a", in: [.tester], .filling, hint: 2, "Give the message one more application property."),
        Command(
            .clear, "clear", "x <Delete>", in: [.tester, .form], .filling, hint: 3, titles: [.form: "as it was"],
            "Empty the selected line, take the property away, or leave a setting as it was."),
    ]

    private static let reading: [Command] = [
        Command(
            .nextMessage, "next", "J ]", in: [.messages, .message], .reading, titles: [.message: "next message"], danger: .reveals,
            "Go to the next message; an open one is replaced."),
        Command(
            .previousMessage, "previous", "K [", in: [.messages, .message], .reading, danger: .reveals,
            "Go to the previous message; an open one is replaced."),
        Command(
            .bodyForm, "body as", "v", in: [.messages, .message], .reading, hint: 2, titles: [.message: "view"],
            "Show the body of the open message in its next form: pretty, text, hex."),
        Command(
            .switchPane, "pane", "<Tab>", in: [.messages, .message], .reading, hint: 3,
            "Move the keyboard between the list and the open message."),
        Command(
            .maximise, "maximise", "O", in: [.messages, .message], .reading,
            "Give the open message the whole screen, or give the list its part back."),
        Command(
            .more, "more", "+", in: [.groups, .messages, .message, .trace], .reading, hint: 4, hintedIn: [.trace],
            titles: [.groups: "go on", .trace: "go on"],
            "Load more messages after the last one shown; go on with a scan or a trace that was stopped; lay out more of a long body."),
        Command(
            .find, "find", "/", in: [.message], .reading, hint: 5,
            "Look for text in the open message, folded parts included; n and N go on."),
        Command(.nextMatch, "next place", "n", in: [.message], .reading, "Go to the next place where what was looked for occurs."),
        Command(.previousMatch, "previous place", "N", in: [.message], .reading, "Go to the previous place where it occurs."),
        Command(
            .goToPath, "go to path", "gp", in: [.message], .reading, aliases: ["path"],
            "Go to a value of the body by its path: body.lines[0].sku, or $.lines[0].sku. Tab completes."),
        Command(
            .copyPath, "copy path", "yp", in: [.message], .reading, hint: 4,
            "Copy the path of the value at the cursor into the terminal's clipboard, as conditions write it."),
        Command(
            .copyValue, "copy value", "yv yy", in: [.message, .finding, .keys, .key], .reading, hint: 2, hintedIn: [.finding, .keys, .key],
            titles: [.finding: "copy the requests", .keys: "copy the command", .key: "copy the command"], danger: .reveals,
            "Copy the value at the cursor into the terminal's clipboard, all of an object or array; of a finding, the requests of its plan; of a shared access rule, the command line that makes its keys anew."
        ),
        Command(
            .copyBody, "copy body", "yb", in: [.message], .reading, danger: .reveals,
            "Copy the whole body as text into the terminal's clipboard."),
        Command(
            .saveValue, "save value", "", in: [.message, .finding, .keys, .key], .reading, danger: .reveals, argument: .file,
            needsArgument: true,
            "Write the value at the cursor, the requests of a finding's plan, or the command line of a shared access rule, to a file that only you can read."
        ),
        Command(
            .saveBody, "save body", "", in: [.message], .reading, danger: .reveals, argument: .file, needsArgument: true,
            "Write the body to a file that only you can read: unpacked where it is text, else the bytes as sent."),
        Command(
            .pager, "pager", "|", in: [.message], .reading, danger: .reveals,
            "Read the message in $PAGER, or less, with everything unfolded and controls shown by name."),
        Command(
            .mark, "mark", "m", in: [.messages, .message], .reading, hint: 6, hintedIn: [.message],
            "Mark the message, to compare another one with it."),
        Command(
            .compare, "difference", "d", in: [.messages, .message], .reading, hint: 5, danger: .reveals, aliases: ["diff"],
            "Compare the message with the marked one: headers, properties, and bodies value by value."),
    ]

    private static let moving: [Command] = [
        Command(.down, "down", "j <Down>", in: screens, .moving, "Move down one line."),
        Command(.up, "up", "k <Up>", in: screens, .moving, "Move up one line."),
        Command(
            .pageDown, "page down", "<C-f> <PageDown>",
            moreKeys: [
                .message: "<Space>", .explanation: "<Space>", .plan: "<Space>", .job: "<Space>", .historyRecord: "<Space>", .log: "<Space>",
                .help: "<Space>", .finding: "<Space>", .request: "<Space>", .key: "<Space>",
            ], in: screens,
            .moving, "Move down one screen."),
        Command(.pageUp, "page up", "<C-b> <PageUp>", in: screens, .moving, "Move up one screen."),
        Command(.halfPageDown, "half a page down", "<C-d>", in: screens, .moving, "Move down half a screen."),
        Command(.halfPageUp, "half a page up", "<C-u>", in: screens, .moving, "Move up half a screen."),
        Command(.first, "first", "gg <Home>", in: screens, .moving, "Go to the first line."),
        Command(.last, "last", "G <End>", in: screens, .moving, "Go to the last line."),
    ]

    private static let looking: [Command] = [
        Command(
            .filter, "filter", "/",
            in: screens.subtracting([
                .message, .explanation, .change, .actions, .plan, .job, .historyRecord, .finding, .request, .decision, .ask, .key,
            ]),
            .looking, hint: 5,
            "Show only lines that hold every word typed; a word after ! must be absent. Case does not matter."),
        Command(
            .condition, "where", "w", in: [.messages], .looking, hint: 5, argument: .condition, aliases: ["condition"],
            "Show only messages for which a condition is true, in the language of the service's rules; body.… looks into JSON bodies."),
        Command(.commandLine, "command", ":", in: screens, .looking, hint: 6, "Type a command by name."),
        Command(
            .refresh, "refresh", "<C-r> <F5>", in: KeyContext.loading, .looking, hint: 9, aliases: ["reload"],
            "Load this screen again."),
        Command(
            .refreshOne, "count again", "R", in: [.tree], .looking,
            "Count the messages of the selected entity again; of a topic, those of its subscriptions."),
        Command(
            .count, "count", "C", in: [.entity], .looking, hint: 3,
            "Count the messages of the entity by looking at every one of them, beside what the service says. Locks nothing."),
        Command(
            .readStates, "read states", "S", in: [.sessions], .looking, hint: 2, danger: .reveals,
            "Read the states of the sessions listed. Each is accepted for a moment: nobody else gets it meanwhile; no message is locked."),
        Command(
            .watch, "watch", "w", in: [.board, .service, .tree, .requests], .looking, argument: .interval,
            "Load the figures again by themselves while a screen of them is shown, or no longer; with an interval, 30s or 2m, that often."),
        Command(
            .sort, "sort", "s", in: [.tree, .groups, .access], .looking, hint: 5,
            "Order by what is worst, or by name; bindings by service, or worst first; groups by size, by their latest or earliest message, or by cause."
        ),
        Command(
            .whoCan, "who can…", "w", in: [.bindings, .holdings], .looking, hint: 2, titles: [.holdings: "what it can…"], aliases: ["can"],
            "Show only who can send, then receive, then manage, then all again."),
        Command(
            .nextTab, "next list", "<Tab>", in: [.requests], .looking, hint: 3,
            "Show the next list: what waits for you, what you asked for, the roles that are in force."),
        Command(
            .severity, "severity", "s", in: [.drift], .looking, hint: 2,
            "Show only findings that are at least medium, then only high ones, then all again."),
        Command(
            .groupBy, "keys", "z", in: [.groups], .looking, hint: 3, aliases: ["by"],
            "Choose what to group by: the fingerprint of the cause, reason, subject, any property, a field of the body, or several of them."
        ),
        Command(
            .fold, "fold", "z", moreKeys: [.message: "<Enter>"], in: [.tree, .message], .looking, hint: 5,
            "Hide what is in the object or array at the cursor, or the subscriptions of the selected topic; or show it again."),
        Command(
            .foldAll, "fold all", "Z", in: [.tree, .message], .looking,
            "Hide what is in all objects and arrays of the body, or the subscriptions of all topics; or show it again."),
    ]

    private static let program: [Command] = [
        Command(
            .theme, "theme", "", in: screens, .program, argument: .theme, needsArgument: true, aliases: ["colours", "colors"],
            "Change the colours."),
        Command(.mouse, "mouse", "M", in: screens, .program, "Turn the mouse on or off; while it is on, the terminal cannot select text."),
        Command(.redraw, "redraw", "<C-l>", in: screens, .program, "Draw the screen anew."),
        Command(.suspend, "suspend", "<C-z>", in: screens, .program, "Stop Callboard and return to the shell; fg brings it back."),
        Command(
            .saveScreen, "save screen", "", in: screens, .program, argument: .file, needsArgument: true,
            "Write the text on screen to a file, for a bug report."),
        Command(.quit, "quit", "Q <C-c>", in: screens, .program, hint: 10, aliases: ["q", "exit"], "Leave Callboard."),
    ]

    private static let prompt: [Command] = [
        Command(.accept, "accept", "<Enter>", in: [.prompt], .prompt, hint: 1, "Keep what was typed, or run the command."),
        Command(.cancel, "cancel", "<Esc> <C-c>", in: [.prompt], .prompt, hint: 3, "Leave the line; a filter being typed is removed."),
        Command(.complete, "complete", "<Tab>", in: [.prompt], .prompt, hint: 2, "Complete the word from the suggestions."),
        Command(.nextSuggestion, "next", "<Down> <C-n>", in: [.prompt], .prompt, "Choose the next suggestion."),
        Command(
            .previousSuggestion, "previous", "<Up> <C-p>", in: [.prompt], .prompt,
            "Choose the previous suggestion; in an empty line, the last command."),
        Command(.cursorLeft, "left", "<Left> <C-b>", in: [.prompt], .prompt, "Move left."),
        Command(.cursorRight, "right", "<Right> <C-f>", in: [.prompt], .prompt, "Move right."),
        Command(.cursorStart, "start", "<Home> <C-a>", in: [.prompt], .prompt, "Move to the start of the line."),
        Command(.cursorEnd, "end", "<End> <C-e>", in: [.prompt], .prompt, "Move to the end of the line."),
        Command(
            .deleteBackward, "delete", "<Backspace> <C-h>", in: [.prompt], .prompt,
            "Delete the character before the cursor; in an empty line, leave it."),
        Command(.deleteForward, "delete after", "<Delete> <C-d>", in: [.prompt], .prompt, "Delete the character at the cursor."),
        Command(.deleteWord, "delete word", "<C-w>", in: [.prompt], .prompt, "Delete the word before the cursor."),
        Command(.deleteLine, "clear", "<C-u>", in: [.prompt], .prompt, "Delete everything before the cursor."),
    ]
}
