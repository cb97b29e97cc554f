// Gives the terminal back when the process dies, and turns signals into bytes of a pipe.
//
// Nothing here may call ncurses: endwin is not async-signal-safe. What has to be sent is prepared while all is well.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

// ---- giving the terminal back ----------------------------------------------------------------------------------------------------

static atomic_int screen_is_up;
static int tty_fd = -1;
static int null_fd = -1;
static struct termios shell_mode;

// Two buffers, so that a handler never sees one half written.
struct restore_bytes {
    char bytes[512];
    size_t count;
};
static struct restore_bytes restores[2];
static _Atomic(struct restore_bytes *) restore;

void cn_write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (written < 0 && errno == EINTR) {
            continue;
        } else if (written < 0 && errno == EAGAIN) {
            struct pollfd item = {.fd = fd, .events = POLLOUT};
            if (poll(&item, 1, 500) <= 0) return;
        } else {
            return;
        }
    }
}

void cn_guard_restore_bytes(const char *bytes, size_t count) {
    struct restore_bytes *next = atomic_load(&restore) == &restores[0] ? &restores[1] : &restores[0];
    if (count > sizeof next->bytes) count = sizeof next->bytes;
    memcpy(next->bytes, bytes, count);
    next->count = count;
    atomic_store(&restore, next);
}

void cn_guard_screen(int is_up) { atomic_store(&screen_is_up, is_up); }

void cn_emergency_restore(void) {
    int saved_errno = errno;
    if (atomic_exchange(&screen_is_up, 0)) {
        // A full terminal that nobody reads must not keep a dying process alive.
        int flags = fcntl(tty_fd, F_GETFL);
        if (flags >= 0) fcntl(tty_fd, F_SETFL, flags | O_NONBLOCK);
        struct restore_bytes *now = atomic_load(&restore);
        if (now) cn_write_all(tty_fd, now->bytes, now->count);
        if (flags >= 0) fcntl(tty_fd, F_SETFL, flags);
        tcsetattr(tty_fd, TCSANOW, &shell_mode);
        // The UI thread may still be running: what it paints from now on goes nowhere.
        if (null_fd >= 0) dup2(null_fd, tty_fd);
    }
    cn_capture_emergency();
    errno = saved_errno;
}

// ---- crashes ---------------------------------------------------------------------------------------------------------------------

static struct {
    int signal;
    struct sigaction old;
} faults[] = {{.signal = SIGSEGV}, {.signal = SIGBUS}, {.signal = SIGILL}, {.signal = SIGFPE}, {.signal = SIGABRT}, {.signal = SIGTRAP}};

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    cn_emergency_restore();
    for (size_t i = 0; i < COUNT(faults); i++) {
        if (faults[i].signal == number) sigaction(number, &faults[i].old, NULL);
    }
    // A fault of an instruction happens again when we return to it, now for the old action, which thus sees the true frame (Swift's
    // backtracer prints the line that trapped). Everything else has to be sent again; it arrives when we return.
    int is_synchronous = info->si_code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE);
#if !defined(__x86_64__) && !defined(__i386__)
    // Elsewhere a breakpoint instruction is not stepped over.
    if (info->si_code > 0 && number == SIGTRAP) is_synchronous = 1;
#endif
    if (!is_synchronous) raise(number);
}

// ---- signals ---------------------------------------------------------------------------------------------------------------------

static int signal_pipe[2] = {-1, -1};
static atomic_int got_resize, got_continue, got_stop, got_terminate;
static _Atomic time_t terminate_since;
static atomic_int child;

static struct {
    int signal;
    struct sigaction old;
    int installed;
} signals[] = {{.signal = SIGWINCH}, {.signal = SIGCONT}, {.signal = SIGTSTP}, {.signal = SIGTERM}, {.signal = SIGHUP}, {.signal = SIGINT}};

static time_t now_seconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void on_signal(int number) {
    int saved_errno = errno;
    switch (number) {
    case SIGWINCH: atomic_store(&got_resize, 1); break;
    case SIGCONT: atomic_store(&got_continue, 1); break;
    case SIGTSTP: atomic_store(&got_stop, 1); break;
    default:
        // The program in front of us first, or we would wait for it for ever.
        if (atomic_load(&child) > 0) kill(atomic_load(&child), number);
        if (atomic_load(&got_terminate) == 0) {
            atomic_store(&terminate_since, now_seconds());
            atomic_store(&got_terminate, number);
        } else if (now_seconds() - atomic_load(&terminate_since) >= 2) {
            // Asked twice, and the first is still not taken: the UI thread hangs. Die as if there were no handler.
            cn_emergency_restore();
            struct sigaction fallback = {.sa_handler = SIG_DFL};
            sigaction(number, &fallback, NULL);
            raise(number);
        }
    }
    char byte = 0;
    ssize_t ignored = write(signal_pipe[1], &byte, 1);  // full is fine: then it is readable already
    (void)ignored;
    errno = saved_errno;
}

int cn_signal_fd(void) { return signal_pipe[0]; }

int cn_take_signals(int *terminate) {
    char bytes[64];
    while (signal_pipe[0] >= 0 && read(signal_pipe[0], bytes, sizeof bytes) > 0) {}
    int result = 0;
    if (atomic_exchange(&got_resize, 0)) result |= CN_SIGNAL_RESIZE;
    if (atomic_exchange(&got_continue, 0)) result |= CN_SIGNAL_CONTINUE;
    if (atomic_exchange(&got_stop, 0)) result |= CN_SIGNAL_STOP;
    int number = atomic_exchange(&got_terminate, 0);
    if (number) {
        result |= CN_SIGNAL_TERMINATE;
        *terminate = number;
    }
    return result;
}

static void set_action(int number, void (*handler)(int), struct sigaction *old) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, old);
}

void cn_guard_child(int pid) { atomic_store(&child, pid); }

void cn_signals_for_child(int is_running) {
    static struct sigaction quit;
    set_action(SIGINT, is_running ? SIG_IGN : on_signal, NULL);
    set_action(SIGTSTP, is_running ? SIG_DFL : on_signal, NULL);
    if (is_running) {
        set_action(SIGQUIT, SIG_IGN, &quit);
    } else {
        sigaction(SIGQUIT, &quit, NULL);
    }
}

void cn_stop(void) {
    set_action(SIGTSTP, SIG_DFL, NULL);
    atomic_store(&got_continue, 0);
    kill(0, SIGTSTP);
    // Another thread may have taken the signal, so the process may stop a moment later than this line. In an orphaned process group it
    // does not stop at all; that is what the limit is for.
    for (int i = 0; i < 20 && !atomic_load(&got_continue); i++) {
        struct pollfd item = {.fd = signal_pipe[0], .events = POLLIN};
        poll(&item, 1, 10);
        char bytes[64];
        while (read(signal_pipe[0], bytes, sizeof bytes) > 0) {}
    }
    atomic_store(&got_continue, 0);
    atomic_store(&got_stop, 0);
    set_action(SIGTSTP, on_signal, NULL);
    // What was read from the pipe above may have been a resize or a request to end.
    char byte = 0;
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
}

// ---- arming ----------------------------------------------------------------------------------------------------------------------

static void make_pipe(int ends[2]) {
    if (ends[0] >= 0 || pipe(ends) != 0) return;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
}

void cn_guard_arm(int fd, const struct termios *mode) {
    static int has_exit_handler;
    tty_fd = fd;
    shell_mode = *mode;
    if (null_fd < 0) null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!has_exit_handler) has_exit_handler = atexit(cn_emergency_restore) == 0;
    make_pipe(signal_pipe);
    // What came while there was no screen is nobody's business any more.
    int ignored;
    cn_take_signals(&ignored);

    // A stack overflow leaves no stack to run a handler on.
    static char alternate[64 * 1024];
    stack_t stack = {0};
    if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE)) {
        stack = (stack_t){.ss_sp = alternate, .ss_size = sizeof alternate};
        sigaltstack(&stack, NULL);
    }
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTTOU);
    for (size_t i = 0; i < COUNT(faults); i++) sigaction(faults[i].signal, &action, &faults[i].old);

    for (size_t i = 0; i < COUNT(signals); i++) {
        sigaction(signals[i].signal, NULL, &signals[i].old);
        // nohup asks for SIGHUP to be ignored; the rest we need.
        signals[i].installed = !(signals[i].signal == SIGHUP && signals[i].old.sa_handler == SIG_IGN);
        if (signals[i].installed) set_action(signals[i].signal, on_signal, NULL);
    }
}

void cn_guard_disarm(void) {
    cn_guard_screen(0);
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct sigaction current;
        // Somebody who came after us and remembers our handler keeps it: it does nothing any more.
        if (sigaction(faults[i].signal, NULL, &current) == 0 && current.sa_sigaction == on_fault) {
            sigaction(faults[i].signal, &faults[i].old, NULL);
        }
    }
    for (size_t i = 0; i < COUNT(signals); i++) {
        if (signals[i].installed) sigaction(signals[i].signal, &signals[i].old, NULL);
    }
    tty_fd = -1;
}
