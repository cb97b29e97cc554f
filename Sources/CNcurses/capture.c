// While the screen is up nobody may write to the terminal. Libraries print anyway, and the Swift runtime says why it traps: what goes to
// standard output and standard error is caught in a pipe, shown in a log view, and written where it was meant to go at the end.
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define RING 32768

static int ends[2] = {-1, -1};
static int saved[3] = {-1, -1, -1};
static atomic_int is_capturing;

// The last bytes that were read out of the pipe, for a crash: nothing that is in the memory of Swift can be written then.
static char ring[RING];
static size_t ring_total;

int cn_capture_fd(void) { return atomic_load(&is_capturing) ? ends[0] : -1; }

int cn_capture_begin(void) {
    if (atomic_load(&is_capturing)) return 0;
    if (!isatty(1) && !isatty(2)) return 0;
    if (ends[0] < 0) {
        if (pipe(ends) != 0) return errno;
        for (int i = 0; i < 2; i++) {
            fcntl(ends[i], F_SETFD, FD_CLOEXEC);
            // Never block: the thread that writes may be the one that reads.
            fcntl(ends[i], F_SETFL, O_NONBLOCK);
        }
#ifdef F_SETPIPE_SZ
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
#endif
    }
    ring_total = 0;
    // Not all streams: somebody may hold the lock of standard input.
    fflush(stdout);
    fflush(stderr);
    for (int fd = 1; fd <= 2; fd++) {
        saved[fd] = -1;
        if (!isatty(fd)) continue;
        saved[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
        if (saved[fd] >= 0) dup2(ends[1], fd);
    }
    atomic_store(&is_capturing, 1);
    return 0;
}

size_t cn_capture_read(char *buffer, size_t size) {
    if (ends[0] < 0) return 0;
    ssize_t count = read(ends[0], buffer, size);
    if (count <= 0) return 0;
    for (ssize_t i = 0; i < count; i++) ring[ring_total++ % RING] = buffer[i];
    return (size_t)count;
}

static void give_back(void) {
    for (int fd = 1; fd <= 2; fd++) {
        if (saved[fd] < 0) continue;
        dup2(saved[fd], fd);
        close(saved[fd]);
        saved[fd] = -1;
    }
}

void cn_capture_end(void) {
    if (!atomic_exchange(&is_capturing, 0)) return;
    fflush(stdout);
    fflush(stderr);
    give_back();
}

/// Writes to standard error what is safe to write to a terminal: this is text of strangers.
static void write_plain(const char *bytes, size_t count) {
    char plain[512];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) byte = '?';
        // The C1 controls in UTF-8 are C2 80 to C2 9F: without the first byte they are not one.
        if (byte == 0xc2) byte = '?';
        plain[used++] = (char)byte;
        if (used == sizeof plain) {
            cn_write_all(2, plain, used);
            used = 0;
        }
    }
    cn_write_all(2, plain, used);
}

void cn_capture_emergency(void) {
    if (!atomic_exchange(&is_capturing, 0)) return;
    give_back();
    size_t start = ring_total > RING ? ring_total % RING : 0;
    if (start > 0) write_plain(ring + start, RING - start);
    write_plain(ring, start > 0 ? start : ring_total);
    char bytes[512];
    ssize_t count;
    while ((count = read(ends[0], bytes, sizeof bytes)) > 0) write_plain(bytes, (size_t)count);
}
