// Between the files of this target.
#ifndef CN_INTERNAL_H
#define CN_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "CNcurses.h"

/// Remembers how to give the terminal back without ncurses; called before the screen is taken.
void cn_guard_arm(int tty_fd, const struct termios *shell_mode);
/// The screen is ours (1) or somebody else's (0): whether a crash has to give it back.
void cn_guard_screen(int is_up);
/// The bytes that undo what was done to the terminal.
void cn_guard_restore_bytes(const char *bytes, size_t count);
/// Takes the handlers away again.
void cn_guard_disarm(void);
/// Readable when a signal arrived; -1 before the first cn_guard_arm.
int cn_signal_fd(void);
/// The program that runs on the terminal and is asked to end when we are; 0 for none.
void cn_guard_child(int pid);
/// ^C, ^\ and ^Z belong to the program that runs on the terminal now (1), or to us again (0).
void cn_signals_for_child(int is_running);

/// The terminal's descriptors; -1 when it is not open.
int cn_in_fd(void);
int cn_out_fd(void);

/// Readable when something was caught; -1 when nothing is being caught.
int cn_capture_fd(void);
/// Async-signal-safe: gives 1 and 2 back and writes what was caught and what is still in the pipe to 2.
void cn_capture_emergency(void);

/// Async-signal-safe: writes all of it, but gives up when the other side does not read for half a second.
void cn_write_all(int fd, const char *bytes, size_t count);

#endif
