// Runs an editor or a pager on the terminal.
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "internal.h"

extern char **environ;

int cn_run(const char *const argv[], int *status) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (error) {
        posix_spawn_file_actions_destroy(&files);
        return error;
    }
    posix_spawn_file_actions_adddup2(&files, cn_in_fd(), 0);
    posix_spawn_file_actions_adddup2(&files, cn_out_fd(), 1);
    posix_spawn_file_actions_adddup2(&files, cn_out_fd(), 2);
    sigset_t defaults, none;
    sigemptyset(&none);
    sigemptyset(&defaults);
    const int numbers[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGPIPE, SIGWINCH, SIGCONT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaddset(&defaults, numbers[i]);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

    cn_signals_for_child(1);
    pid_t child = 0;
    error = posix_spawnp(&child, argv[0], &files, &attributes, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (!error) {
        cn_guard_child(child);
        while (waitpid(child, status, 0) < 0) {
            if (errno == EINTR) continue;
            error = errno;
            break;
        }
        cn_guard_child(0);
    }
    cn_signals_for_child(0);
    return error;
}
