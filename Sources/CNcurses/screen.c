// The only file that includes curses.h.
#define _GNU_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "internal.h"

#include <curses.h>
// Defines macros named lines, columns and tab: after everything else.
#include <term.h>

#if defined(NCURSES_VERSION_PATCH) && NCURSES_VERSION_PATCH >= 20180127
#define HAS_EXTENDED_PAIRS 1
#endif

static SCREEN *screen;
static FILE *in_file, *out_file;
static struct termios shell_termios;
// Keys are read through a pad: wgetch on a window would paint it first.
static WINDOW *keys;
static int is_utf8, is_xterm_like, has_color;
static unsigned modes;
static int cursor_is_visible;  // -1: not known

static struct {
    attr_t attributes;
    int pair;
} styles[CN_PLAIN_STYLE + 1];

int cn_in_fd(void) { return in_file ? fileno(in_file) : -1; }
int cn_out_fd(void) { return out_file ? fileno(out_file) : -1; }

// ---- opening and closing -------------------------------------------------------------------------------------------------------

int cn_in_use(void) { return screen != NULL; }

int cn_check(const char *term, int out_fd) {
    int error = 0;
    if (setupterm(term, out_fd, &error) != OK) {
        // 0 also stands for a generic description, which is as good as none.
        return error == -1 ? CN_NO_DATABASE : error == 1 ? CN_TOO_SIMPLE : CN_UNKNOWN;
    }
    const char *address = tigetstr("cup");
    int is_usable = address != NULL && address != (char *)-1 && tigetflag("hc") <= 0;
    del_curterm(cur_term);
    return is_usable ? CN_OK : CN_TOO_SIMPLE;
}

static void append(char *buffer, size_t size, size_t *used, const char *text) {
    for (size_t i = 0; text[i] && *used < size; i++) {
        // Padding is for terminals that are slower than this.
        if (text[i] == '$' && text[i + 1] == '<') {
            const char *end = strchr(text + i, '>');
            if (end) {
                i = (size_t)(end - text);
                continue;
            }
        }
        buffer[(*used)++] = text[i];
    }
}

static void append_capability(char *buffer, size_t size, size_t *used, const char *name) {
    const char *text = tigetstr(name);
    if (text != NULL && text != (char *)-1) append(buffer, size, used, text);
}

static void append_modes_off(char *buffer, size_t size, size_t *used, unsigned which) {
    if (which & CN_MODE_MOUSE) append(buffer, size, used, "\033[?1006l\033[?1002l\033[?1000l");
    if (which & CN_MODE_FOCUS) append(buffer, size, used, "\033[?1004l");
    if (which & CN_MODE_PASTE) append(buffer, size, used, "\033[?2004l");
}

static void prepare_restore(void) {
    char bytes[512];
    size_t used = 0;
    // An interrupted control sequence would swallow what follows.
    append(bytes, sizeof bytes, &used, "\030");
    append_modes_off(bytes, sizeof bytes, &used, modes);
    if (is_xterm_like) append(bytes, sizeof bytes, &used, "\033[?2026l");
    append_capability(bytes, sizeof bytes, &used, "sgr0");
    append_capability(bytes, sizeof bytes, &used, "cnorm");
    append_capability(bytes, sizeof bytes, &used, "rmkx");
    append_capability(bytes, sizeof bytes, &used, "rmcup");
    append(bytes, sizeof bytes, &used, "\r\n");
    cn_guard_restore_bytes(bytes, used);
}

static void define_keys(void);

static int looks_like_xterm(const char *term) {
    static const char *const names[] = {"xterm", "tmux", "screen", "rxvt", "alacritty", "foot", "kitty", "wezterm", "ghostty", "vte",
                                        "konsole", "st-", "contour", "iterm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(term, names[i], strlen(names[i])) == 0) return 1;
    }
    return 0;
}

int cn_open(const char *term, int in_fd, int out_fd, int escape_delay_ms) {
    if (screen) return CN_FAILED;
    // Not LC_ALL: that would change how C code reads and writes numbers.
    setlocale(LC_CTYPE, "");
    is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    is_xterm_like = looks_like_xterm(term);
    modes = 0;
    cursor_is_visible = -1;

    // Descriptors of our own: a crash can then cut ncurses off without touching 0, 1 and 2.
    int in = fcntl(in_fd, F_DUPFD_CLOEXEC, 10);
    int out = fcntl(out_fd, F_DUPFD_CLOEXEC, 10);
    in_file = in >= 0 ? fdopen(in, "r") : NULL;
    out_file = out >= 0 ? fdopen(out, "w") : NULL;
    if (!in_file || !out_file || tcgetattr(out, &shell_termios) != 0) goto failed;
    // ncurses does not retry a write that would block.
    int flags = fcntl(out, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK)) fcntl(out, F_SETFL, flags & ~O_NONBLOCK);

    // First: newterm installs handlers of its own (they call endwin) where it finds none.
    cn_guard_arm(out, &shell_termios);
    screen = newterm(term, out_file, in_file);
    if (!screen) {
        cn_guard_disarm();
        goto failed;
    }
    set_term(screen);
    cn_guard_screen(1);
    prepare_restore();

    raw();
    nonl();
    noecho();
    intrflush(stdscr, FALSE);
    typeahead(-1);
    idlok(stdscr, TRUE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    set_escdelay(escape_delay_ms);
    keys = newpad(1, 1);
    keypad(keys, TRUE);
    meta(keys, TRUE);
    nodelay(keys, TRUE);
    define_keys();
    has_color = has_colors() && start_color() == OK;
    if (has_color && use_default_colors() != OK) assume_default_colors(COLOR_WHITE, COLOR_BLACK);
    def_prog_mode();
    cn_styles_reset();
    cn_adopt_size();
    return CN_OK;

failed:
    if (in_file) fclose(in_file);
    else if (in >= 0) close(in);
    if (out_file) fclose(out_file);
    else if (out >= 0) close(out);
    in_file = out_file = NULL;
    return CN_FAILED;
}

static void send_modes(unsigned on, unsigned off) {
    char bytes[128];
    size_t used = 0;
    append_modes_off(bytes, sizeof bytes, &used, off);
    if (on & CN_MODE_PASTE) append(bytes, sizeof bytes, &used, "\033[?2004h");
    if (on & CN_MODE_FOCUS) append(bytes, sizeof bytes, &used, "\033[?1004h");
    if (on & CN_MODE_MOUSE) append(bytes, sizeof bytes, &used, "\033[?1000h\033[?1002h\033[?1006h");
    if (used) cn_send(bytes, used);
}

void cn_modes(unsigned wanted) {
    if (!screen) return;
    unsigned before = modes;
    modes = wanted;
    prepare_restore();
    send_modes(wanted & ~before, before & ~wanted);
}

void cn_leave(void) {
    if (!screen || isendwin()) return;
    send_modes(0, modes);
    endwin();
    cn_guard_screen(0);
}

void cn_enter(void) {
    if (!screen) return;
    cn_guard_screen(1);
    reset_prog_mode();
    clearok(curscr, TRUE);
    doupdate();
    send_modes(modes, 0);
}

void cn_close(void) {
    if (!screen) return;
    cn_leave();
    // endwin brought back the modes newterm found; this also holds if it found them wrong.
    tcsetattr(cn_out_fd(), TCSADRAIN, &shell_termios);
    cn_guard_disarm();
    delwin(keys);
    delscreen(screen);
    fclose(in_file);
    fclose(out_file);
    keys = NULL;
    screen = NULL;
    in_file = out_file = NULL;
}

// ---- what the terminal can do --------------------------------------------------------------------------------------------------

int cn_colors(void) { return has_color ? COLORS : 0; }
int cn_has_direct_color(void) {
    // RGB is a flag, a number or a string, depending on who wrote the description.
    if (tigetflag("RGB") > 0 || tigetnum("RGB") > 0) return 1;
    const char *text = tigetstr("RGB");
    return text != NULL && text != (char *)-1;
}
int cn_is_xterm_like(void) { return is_xterm_like; }
int cn_is_utf8(void) { return is_utf8; }
int cn_wcwidth(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

// ---- painting ------------------------------------------------------------------------------------------------------------------

void cn_styles_reset(void) {
#ifdef HAS_EXTENDED_PAIRS
    if (has_color) reset_color_pairs();
#endif
    for (int i = 0; i <= CN_PLAIN_STYLE; i++) {
        styles[i].attributes = A_NORMAL;
        styles[i].pair = 0;
    }
}

static int color_number(int color) {
    if (color < 0) return -1;
    if (color & CN_RGB) {
        // Up to 7 the number means the palette, also where colours go by value.
        int value = color & 0xffffff;
        return value < 8 ? 8 : value;
    }
    return color < COLORS ? color : -1;
}

void cn_style(int index, int foreground, int background, unsigned modifiers) {
    if (index < 0 || index >= CN_PLAIN_STYLE) return;
    attr_t attributes = A_NORMAL;
    if (modifiers & CN_BOLD) attributes |= A_BOLD;
    if (modifiers & CN_DIM) attributes |= A_DIM;
    if (modifiers & CN_REVERSE) attributes |= A_REVERSE;
    if (modifiers & CN_UNDERLINE) attributes |= A_UNDERLINE;
#ifdef A_ITALIC
    if (modifiers & CN_ITALIC) attributes |= A_ITALIC;
#endif
    int pair = 0;
    int fg = color_number(foreground), bg = color_number(background);
    // Without colours alloc_pair writes through a null pointer (ncurses 6.4).
    if (has_color && (fg >= 0 || bg >= 0)) {
#ifdef HAS_EXTENDED_PAIRS
        pair = alloc_pair(fg, bg);
#else
        static short next = 0;
        next = (short)(next % (COLOR_PAIRS - 1) + 1);
        pair = init_pair(next, (short)fg, (short)bg) == OK ? next : 0;
#endif
        if (pair < 0) pair = 0;
    }
    styles[index].attributes = attributes;
    styles[index].pair = pair;
}

void cn_put(int row, int column, int style, uint32_t base, uint32_t m1, uint32_t m2, uint32_t m3, uint32_t m4) {
    if (!screen || style < 0 || style > CN_PLAIN_STYLE) return;
    wchar_t text[6] = {(wchar_t)base, (wchar_t)m1, (wchar_t)m2, (wchar_t)m3, (wchar_t)m4, 0};
    cchar_t cell;
#ifdef HAS_EXTENDED_PAIRS
    int pair = styles[style].pair;
    int result = setcchar(&cell, text, styles[style].attributes, 0, &pair);
#else
    int result = setcchar(&cell, text, styles[style].attributes, (short)styles[style].pair, NULL);
#endif
    // The bottom right cell is set although this fails: the cursor cannot move on from it.
    if (result == OK) mvadd_wch(row, column, &cell);
}

void cn_cursor(int row, int column, int visible) {
    if (!screen) return;
    if (visible != cursor_is_visible) curs_set(visible ? 1 : 0);
    cursor_is_visible = visible;
    move(row, column);
}

void cn_update(int synchronized) {
    if (!screen) return;
    synchronized = synchronized && is_xterm_like;
    // Not putp: it writes to standard output, which may be caught.
    if (synchronized) cn_send("\033[?2026h", 8);
    wnoutrefresh(stdscr);
    doupdate();
    if (synchronized) cn_send("\033[?2026l", 8);
}

void cn_invalidate(void) {
    if (screen) clearok(curscr, TRUE);
}

void cn_size(int *height, int *width) {
    *height = screen ? getmaxy(stdscr) : 0;
    *width = screen ? getmaxx(stdscr) : 0;
}

int cn_adopt_size(void) {
    struct winsize size;
    if (!screen || ioctl(cn_out_fd(), TIOCGWINSZ, &size) != 0) return 0;
    // A serial line reports 0 by 0; then terminfo's size stands.
    if (size.ws_row == 0 || size.ws_col == 0) return 0;
    if (size.ws_row == getmaxy(stdscr) && size.ws_col == getmaxx(stdscr)) return 0;
    if (resizeterm(size.ws_row, size.ws_col) != OK) return 0;
    clearok(curscr, TRUE);
    return 1;
}

void cn_bell(void) {
    if (screen) beep();
}

void cn_send(const char *bytes, size_t count) {
    // Between updates nothing of ncurses is buffered, so the order holds.
    if (screen && !isendwin()) cn_write_all(cn_out_fd(), bytes, count);
}

// ---- input ---------------------------------------------------------------------------------------------------------------------

static int code_of(int key, int modifiers) { return CN_KEY | key << 3 | modifiers; }

static void define(const char *sequence, int code, int is_fallback) {
    if (!is_fallback || key_defined(sequence) == 0) define_key(sequence, code);
}

/// What terminals send beyond terminfo. Definite ones replace terminfo's; fallbacks only fill gaps.
static void define_keys(void) {
    static const struct {
        const char *sequence;
        int key;
        int is_fallback;
    } plain[] = {
        {"\033[200~", CN_KEY_PASTE_BEGIN, 0}, {"\033[201~", CN_KEY_PASTE_END, 0}, {"\033[I", CN_KEY_FOCUS_IN, 0},
        {"\033[O", CN_KEY_FOCUS_OUT, 0},      {"\033[<", CN_KEY_MOUSE, 0},
        {"\033[A", CN_KEY_UP, 1},             {"\033[B", CN_KEY_DOWN, 1},         {"\033[C", CN_KEY_RIGHT, 1},
        {"\033[D", CN_KEY_LEFT, 1},           {"\033OA", CN_KEY_UP, 1},           {"\033OB", CN_KEY_DOWN, 1},
        {"\033OC", CN_KEY_RIGHT, 1},          {"\033OD", CN_KEY_LEFT, 1},         {"\033[H", CN_KEY_HOME, 1},
        {"\033[F", CN_KEY_END, 1},            {"\033OH", CN_KEY_HOME, 1},         {"\033OF", CN_KEY_END, 1},
        {"\033[1~", CN_KEY_HOME, 1},          {"\033[4~", CN_KEY_END, 1},         {"\033[7~", CN_KEY_HOME, 1},
        {"\033[8~", CN_KEY_END, 1},           {"\033[2~", CN_KEY_INSERT, 1},      {"\033[3~", CN_KEY_DELETE, 1},
        {"\033[5~", CN_KEY_PAGE_UP, 1},       {"\033[6~", CN_KEY_PAGE_DOWN, 1},   {"\033OM", CN_KEY_ENTER, 1},
        {"\033OP", CN_KEY_FUNCTION + 1, 1},   {"\033OQ", CN_KEY_FUNCTION + 2, 1}, {"\033OR", CN_KEY_FUNCTION + 3, 1},
        {"\033OS", CN_KEY_FUNCTION + 4, 1},
    };
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        define(plain[i].sequence, code_of(plain[i].key, 0), plain[i].is_fallback);
    }
    define("\033[Z", code_of(CN_KEY_TAB, CN_SHIFT), 1);

    // xterm's modified keys: CSI 1 ; m X and CSI n ; m ~, where m is 1 plus shift 1, alt 2, control 4.
    static const struct {
        char final;
        int key;
    } letters[] = {{'A', CN_KEY_UP},  {'B', CN_KEY_DOWN}, {'C', CN_KEY_RIGHT}, {'D', CN_KEY_LEFT}, {'H', CN_KEY_HOME},
                   {'F', CN_KEY_END}, {'P', CN_KEY_FUNCTION + 1}, {'Q', CN_KEY_FUNCTION + 2}, {'R', CN_KEY_FUNCTION + 3},
                   {'S', CN_KEY_FUNCTION + 4}};
    static const struct {
        int number;
        int key;
    } numbers[] = {{2, CN_KEY_INSERT},        {3, CN_KEY_DELETE},        {5, CN_KEY_PAGE_UP},        {6, CN_KEY_PAGE_DOWN},
                   {11, CN_KEY_FUNCTION + 1}, {12, CN_KEY_FUNCTION + 2}, {13, CN_KEY_FUNCTION + 3},  {14, CN_KEY_FUNCTION + 4},
                   {15, CN_KEY_FUNCTION + 5}, {17, CN_KEY_FUNCTION + 6}, {18, CN_KEY_FUNCTION + 7},  {19, CN_KEY_FUNCTION + 8},
                   {20, CN_KEY_FUNCTION + 9}, {21, CN_KEY_FUNCTION + 10}, {23, CN_KEY_FUNCTION + 11}, {24, CN_KEY_FUNCTION + 12}};
    char sequence[16];
    for (int modifiers = 1; modifiers < 8; modifiers++) {
        for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
            snprintf(sequence, sizeof sequence, "\033[1;%d%c", modifiers + 1, letters[i].final);
            define(sequence, code_of(letters[i].key, modifiers), 0);
        }
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            snprintf(sequence, sizeof sequence, "\033[%d;%d~", numbers[i].number, modifiers + 1);
            define(sequence, code_of(numbers[i].key, modifiers), 0);
        }
    }
    for (size_t i = 4; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(sequence, sizeof sequence, "\033[%d~", numbers[i].number);
        define(sequence, code_of(numbers[i].key, 0), 1);
    }
}

static int translate(int code) {
    if (code >= KEY_F(1) && code <= KEY_F(63)) return code_of(CN_KEY_FUNCTION + (code - KEY_F0), 0);
    switch (code) {
    case KEY_UP: return code_of(CN_KEY_UP, 0);
    case KEY_DOWN: return code_of(CN_KEY_DOWN, 0);
    case KEY_LEFT: return code_of(CN_KEY_LEFT, 0);
    case KEY_RIGHT: return code_of(CN_KEY_RIGHT, 0);
    case KEY_HOME: case KEY_FIND: case KEY_A1: return code_of(CN_KEY_HOME, 0);
    case KEY_END: case KEY_SELECT: case KEY_LL: case KEY_C1: return code_of(CN_KEY_END, 0);
    case KEY_PPAGE: case KEY_A3: return code_of(CN_KEY_PAGE_UP, 0);
    case KEY_NPAGE: case KEY_C3: return code_of(CN_KEY_PAGE_DOWN, 0);
    case KEY_IC: return code_of(CN_KEY_INSERT, 0);
    case KEY_DC: return code_of(CN_KEY_DELETE, 0);
    case KEY_ENTER: return code_of(CN_KEY_ENTER, 0);
    case KEY_BACKSPACE: return code_of(CN_KEY_BACKSPACE, 0);
    case KEY_BTAB: return code_of(CN_KEY_TAB, CN_SHIFT);
    case KEY_SF: return code_of(CN_KEY_DOWN, CN_SHIFT);
    case KEY_SR: return code_of(CN_KEY_UP, CN_SHIFT);
    case KEY_SLEFT: return code_of(CN_KEY_LEFT, CN_SHIFT);
    case KEY_SRIGHT: return code_of(CN_KEY_RIGHT, CN_SHIFT);
    case KEY_SHOME: return code_of(CN_KEY_HOME, CN_SHIFT);
    case KEY_SEND: return code_of(CN_KEY_END, CN_SHIFT);
    case KEY_SPREVIOUS: return code_of(CN_KEY_PAGE_UP, CN_SHIFT);
    case KEY_SNEXT: return code_of(CN_KEY_PAGE_DOWN, CN_SHIFT);
    case KEY_SDC: return code_of(CN_KEY_DELETE, CN_SHIFT);
    case KEY_SIC: return code_of(CN_KEY_INSERT, CN_SHIFT);
    default: return code_of(CN_KEY_UNKNOWN, 0);
    }
}

int cn_read(void) {
    if (!screen) return -1;
    for (;;) {
        // Bytes, not wide characters: wget_wch loses a character that arrives in two reads, and keys after an invalid byte.
        int code = wgetch(keys);
        if (code == ERR) return -1;
        if (code == KEY_RESIZE) continue;  // of resizeterm; the size has been reported
        if (code >= CN_KEY || (code >= 0 && code < 256)) return code;
        return translate(code);
    }
}

int cn_wait(int wake_fd, int timeout_ms) {
    // poll ignores negative descriptors.
    struct pollfd items[4] = {
        {.fd = cn_in_fd(), .events = POLLIN},
        {.fd = cn_signal_fd(), .events = POLLIN},
        {.fd = wake_fd, .events = POLLIN},
        {.fd = cn_capture_fd(), .events = POLLIN},
    };
    int result = 0;
    int count;
    do {
        count = poll(items, 4, timeout_ms);
        // A signal of ours made the pipe readable; others are nobody's business here.
    } while (count < 0 && errno == EINTR);
    if (count < 0) return 0;
    if (items[0].revents & POLLIN) result |= CN_READY_INPUT;
    if (items[0].revents & (POLLHUP | POLLERR | POLLNVAL)) result |= CN_READY_HANGUP;
    if (items[1].revents) result |= CN_READY_SIGNAL;
    if (items[2].revents) result |= CN_READY_WAKE;
    if (items[3].revents) result |= CN_READY_DIAGNOSTICS;
    return result;
}
