// libpq, and the functions needed to wait for its socket and to run pg_dump.
#include <libpq-fe.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/// errno, which is a macro.
static inline int rmos_errno(void) { return errno; }

/// Starts a program that is found in PATH, with /dev/null as its input: posix_spawnp, whose
/// argument types differ between systems. Returns 0, or a value of errno.
static inline int rmos_spawn(
    pid_t *process, const char *program, const char *const *arguments,
    const char *const *environment, int output, int error) {
  posix_spawn_file_actions_t actions;
  int result = posix_spawn_file_actions_init(&actions);
  if (result != 0) return result;
  result = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, output, 1);
  if (result == 0) result = posix_spawn_file_actions_adddup2(&actions, error, 2);
  if (result == 0) {
    result = posix_spawnp(
        process, program, &actions, NULL, (char *const *)arguments, (char *const *)environment);
  }
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

/// Waits for a program to end: waitpid, whose macros differ between systems. Returns its exit
/// status, or -1 if it was ended by a signal.
static inline int rmos_wait(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Creates a pipe that programs do not inherit: pipe. Returns 0, or a value of errno.
static inline int rmos_pipe(int *reading, int *writing) {
  int ends[2];
  if (pipe(ends) != 0) return errno;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  *reading = ends[0];
  *writing = ends[1];
  return 0;
}

/// Creates a file that only its owner can read: open. Returns its descriptor, or a negative value
/// of errno.
static inline int rmos_create(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return file >= 0 ? file : -errno;
}

/// Waits until the names in a directory are on the disk: fsync. Returns 0, or a value of errno.
/// Not an error: the directory cannot be read, or the file system does not support it.
static inline int rmos_synchronize_directory(const char *path) {
  int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return 0;
  int result = fsync(directory) == 0 ? 0 : errno;
  close(directory);
  return result == EINVAL || result == EBADF || result == ENOTSUP ? 0 : result;
}

/// The environment of this process.
static inline char *const *rmos_environment(void) {
  extern char **environ;
  return environ;
}
