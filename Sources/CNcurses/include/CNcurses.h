// What Swift sees of ncurses and of the signals around it: functions of ours only, never a macro, a global or a type of curses.h.
// Everything but cn_emergency_restore belongs to one thread, the one that called cn_open.
#ifndef CNCURSES_H
#define CNCURSES_H

#include <stddef.h>
#include <stdint.h>

// ---- opening and closing -------------------------------------------------------------------------------------------------------

enum cn_status {
    CN_OK = 0,
    CN_NO_DATABASE,   // terminfo itself is missing
    CN_UNKNOWN,       // no description of this TERM
    CN_TOO_SIMPLE,    // the description has no cursor addressing
    CN_FAILED,        // the terminal could not be opened
};

/// Looks a terminal description up without opening anything.
int cn_check(const char *term, int out_fd);

/// Takes the terminal: alternate screen, raw mode, handlers for crashes and signals. Both descriptors are duplicated.
int cn_open(const char *term, int in_fd, int out_fd, int escape_delay_ms);

/// Whether it is open.
int cn_in_use(void);

/// Gives the terminal to somebody else for a while, and takes it back; everything is painted anew at the next update.
void cn_leave(void);
void cn_enter(void);

/// Gives the terminal back for good. Does nothing if it is not open.
void cn_close(void);

/// Gives the terminal back from anywhere, also from a signal handler; the screen cannot be used afterwards.
void cn_emergency_restore(void);

// ---- what the terminal can do --------------------------------------------------------------------------------------------------

/// Colours by terminfo; 0 for none.
int cn_colors(void);
/// Whether colours are addressed by value.
int cn_has_direct_color(void);
/// Whether it understands xterm's private modes and operating system commands.
int cn_is_xterm_like(void);
/// Whether the locale is UTF-8.
int cn_is_utf8(void);
/// The C library's idea of a character's width, by which ncurses advances.
int cn_wcwidth(uint32_t scalar);

// ---- painting ------------------------------------------------------------------------------------------------------------------

enum cn_modifier { CN_BOLD = 1, CN_DIM = 2, CN_REVERSE = 4, CN_UNDERLINE = 8, CN_ITALIC = 16 };

#define CN_DEFAULT_COLOR (-1)
#define CN_RGB 0x1000000

/// A style that cannot be changed: the terminal's own look.
#define CN_PLAIN_STYLE 256

/// Forgets all styles.
void cn_styles_reset(void);
/// Says how style `index` (0 to 255) looks. A colour is CN_DEFAULT_COLOR, 0 to 255, or CN_RGB | 0xRRGGBB.
void cn_style(int index, int foreground, int background, unsigned modifiers);
/// Sets one cell: a base character and up to four combining marks, 0 where there is none.
void cn_put(int row, int column, int style, uint32_t base, uint32_t m1, uint32_t m2, uint32_t m3, uint32_t m4);
/// Places the cursor.
void cn_cursor(int row, int column, int visible);
/// Sends what changed. With `synchronized`, as one frame on terminals that know about that.
void cn_update(int synchronized);
/// Makes the next update send everything.
void cn_invalidate(void);
/// The size ncurses works with.
void cn_size(int *height, int *width);
/// Asks the system for the terminal's size and takes it over. Returns 1 if it changed.
int cn_adopt_size(void);
void cn_bell(void);
/// Sends bytes that are not ncurses' business (clipboard, title), after what was painted.
void cn_send(const char *bytes, size_t count);

enum cn_mode { CN_MODE_PASTE = 1, CN_MODE_FOCUS = 2, CN_MODE_MOUSE = 4 };
/// Turns xterm's private modes on and off; they are off whenever the terminal is somebody else's.
void cn_modes(unsigned modes);

// ---- input ---------------------------------------------------------------------------------------------------------------------

// What cn_read returns: -1 for nothing more, 0 to 255 for a byte, or CN_KEY | key << 3 | modifiers.
#define CN_KEY 0x2000
enum cn_modifier_key { CN_SHIFT = 1, CN_ALT = 2, CN_CONTROL = 4 };
enum cn_key {
    CN_KEY_UNKNOWN = 0,
    CN_KEY_UP, CN_KEY_DOWN, CN_KEY_LEFT, CN_KEY_RIGHT,
    CN_KEY_HOME, CN_KEY_END, CN_KEY_PAGE_UP, CN_KEY_PAGE_DOWN, CN_KEY_INSERT, CN_KEY_DELETE,
    CN_KEY_ENTER, CN_KEY_TAB, CN_KEY_BACKSPACE,
    CN_KEY_PASTE_BEGIN, CN_KEY_PASTE_END, CN_KEY_FOCUS_IN, CN_KEY_FOCUS_OUT, CN_KEY_MOUSE,
    CN_KEY_FUNCTION = 32,   // + 1 to 63
};
int cn_read(void);

enum cn_ready { CN_READY_INPUT = 1, CN_READY_SIGNAL = 2, CN_READY_WAKE = 4, CN_READY_DIAGNOSTICS = 8, CN_READY_HANGUP = 16 };
/// Sleeps until something happens; a timeout of -1 is none. Returns what happened.
int cn_wait(int wake_fd, int timeout_ms);

// ---- signals -------------------------------------------------------------------------------------------------------------------

enum cn_signal { CN_SIGNAL_RESIZE = 1, CN_SIGNAL_CONTINUE = 2, CN_SIGNAL_STOP = 4, CN_SIGNAL_TERMINATE = 8 };
/// Takes what arrived since the last call. `terminate` gets the number of the signal that asks for the end.
int cn_take_signals(int *terminate);
/// Stops the process group as ^Z would have; returns when it continues. The terminal must have been left.
void cn_stop(void);

// ---- other programs, and what others write ---------------------------------------------------------------------------------------

/// Runs a program on the terminal, which must have been left, and waits for it. Returns an errno value, or 0 and the wait status.
int cn_run(const char *const argv[], int *status);

/// Catches what this process writes to standard output and standard error if they are the terminal. Returns 0 or an errno value.
int cn_capture_begin(void);
/// Reads what was caught; 0 if there is nothing (more).
size_t cn_capture_read(char *buffer, size_t size);
/// Lets standard output and standard error go where they went before. Reading goes on until what was caught is used up.
void cn_capture_end(void);

#endif
