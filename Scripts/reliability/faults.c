// Makes one call of the C library fail: loaded before it (LD_PRELOAD) by faults.py.
//
//   FAULT_COUNTS    a file of 64 counters of 64 bits: the calls so far, in the order of the list below
//   FAULT_FUNCTION  the function, by its name in that list; without it calls are only counted
//   FAULT_AT        the number of the call that fails, from 1
//   FAULT_ONWARD    if set, all later calls fail, too
//   FAULT_ERRNO     the error; 0: a read or write transfers only half of the bytes
//   FAULT_RUN       a command that a shell runs before that call, which then does not fail
//
// `create` is an open or openat that may create a file.
//
// The standard descriptors (0 to 2) are neither counted nor made to fail, since the test reads the
// messages of the program. Only allocations by SQLite fail: Swift ends a program that gets no memory.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

// faults.py reads this list: one name per line.
#define FUNCTIONS(X) \
  X(open) \
  X(create) \
  X(openat) \
  X(read) \
  X(pread) \
  X(write) \
  X(pwrite) \
  X(fsync) \
  X(fdatasync) \
  X(ftruncate) \
  X(rename) \
  X(renameat) \
  X(unlink) \
  X(unlinkat) \
  X(rmdir) \
  X(mkdir) \
  X(mkdirat) \
  X(link) \
  X(stat) \
  X(lstat) \
  X(fstat) \
  X(fstatat) \
  X(access) \
  X(lseek) \
  X(flock) \
  X(fcntl) \
  X(close) \
  X(opendir) \
  X(readdir) \
  X(mmap) \
  X(chmod) \
  X(fchmod) \
  X(fchown) \
  X(realpath) \
  X(getcwd) \
  X(pthread_create) \
  X(malloc) \
  X(realloc)

#define INDEX(name) F_##name,
enum function { FUNCTIONS(INDEX) function_count };
#define NAME(name) #name,
static const char *const names[] = {FUNCTIONS(NAME)};

extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

static _Atomic uint64_t own_counters[64];
static _Atomic uint64_t *counters = own_counters;
static int failing = -1;
static uint64_t fails_at;
static int fails_onward;
static int fails_with;
static const char *command;
static int is_ready;

// The addresses of SQLite's code.
static uintptr_t sqlite_start, sqlite_end;

static int find_sqlite(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  if (strstr(info->dlpi_name, "libsqlite3") == NULL) return 0;
  sqlite_start = UINTPTR_MAX;
  for (int index = 0; index < info->dlpi_phnum; index++) {
    if (info->dlpi_phdr[index].p_type != PT_LOAD) continue;
    uintptr_t start = info->dlpi_addr + info->dlpi_phdr[index].p_vaddr;
    uintptr_t end = start + info->dlpi_phdr[index].p_memsz;
    if (start < sqlite_start) sqlite_start = start;
    if (end > sqlite_end) sqlite_end = end;
  }
  return 1;
}

static int is_sqlite(const void *caller) {
  return (uintptr_t)caller >= sqlite_start && (uintptr_t)caller < sqlite_end;
}

__attribute__((constructor)) static void begin(void) {
  dl_iterate_phdr(find_sqlite, NULL);
  const char *counts = getenv("FAULT_COUNTS");
  if (counts != NULL) {
    int descriptor = open(counts, O_RDWR | O_CLOEXEC);
    void *map = mmap(NULL, sizeof own_counters, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (descriptor < 0 || map == MAP_FAILED) abort();
    counters = map;
  }
  const char *function = getenv("FAULT_FUNCTION");
  for (int index = 0; function != NULL && index < function_count; index++) {
    if (strcmp(function, names[index]) == 0) failing = index;
  }
  if (function != NULL && failing < 0) abort();
  const char *at = getenv("FAULT_AT");
  fails_at = at != NULL ? strtoull(at, NULL, 10) : 1;
  fails_onward = getenv("FAULT_ONWARD") != NULL;
  const char *error = getenv("FAULT_ERRNO");
  fails_with = error != NULL ? atoi(error) : EIO;
  command = getenv("FAULT_RUN");
  is_ready = 1;
}

// Runs the command, in a shell without this library.
static void run_command(void) {
  int error = errno;
  unsetenv("LD_PRELOAD");
  if (system(command) != 0) abort();
  errno = error;
}

// Counts a call, and returns whether it fails.
static int fails(enum function function) {
  if (!is_ready) return 0;
  uint64_t number = atomic_fetch_add(&counters[function], 1) + 1;
  if (command != NULL) {
    if (function == (enum function)failing && number == fails_at) run_command();
    return 0;
  }
  return function == (enum function)failing &&
         (number == fails_at || (fails_onward && number > fails_at));
}

// The C library's own function.
#define NEXT(name) \
  static __typeof__(name) *next; \
  if (next == NULL) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

// Wraps the function `name`, which returns `failure` on failure, and is counted as `function`.
#define WRAP(returns, failure, name, function, parameters, arguments) \
  returns name parameters { \
    NEXT(name); \
    if (fails(F_##function)) { \
      errno = fails_with; \
      return failure; \
    } \
    return next arguments; \
  }

#define WRAP_OPEN(name) \
  int name(const char *path, int flags, ...) { \
    NEXT(name); \
    va_list list; \
    va_start(list, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    if (fails(flags & O_CREAT ? F_create : F_open)) { \
      errno = fails_with; \
      return -1; \
    } \
    return next(path, flags, mode); \
  }
WRAP_OPEN(open)
WRAP_OPEN(open64)

#define WRAP_OPENAT(name) \
  int name(int directory, const char *path, int flags, ...) { \
    NEXT(name); \
    va_list list; \
    va_start(list, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
    va_end(list); \
    if (fails(flags & O_CREAT ? F_create : F_openat)) { \
      errno = fails_with; \
      return -1; \
    } \
    return next(directory, path, flags, mode); \
  }
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)

#define WRAP_FCNTL(name) \
  int name(int descriptor, int command, ...) { \
    NEXT(name); \
    va_list list; \
    va_start(list, command); \
    void *argument = va_arg(list, void *); \
    va_end(list); \
    if (fails(F_fcntl)) { \
      errno = fails_with; \
      return -1; \
    } \
    return next(descriptor, command, argument); \
  }
WRAP_FCNTL(fcntl)
WRAP_FCNTL(fcntl64)

// Wraps a function that reads or writes, which may also transfer fewer bytes than requested.
#define WRAP_TRANSFER(name, function, parameters, arguments) \
  ssize_t name parameters { \
    NEXT(name); \
    if (descriptor > 2 && fails(F_##function)) { \
      if (fails_with != 0) { \
        errno = fails_with; \
        return -1; \
      } \
      if (count > 1) count /= 2; \
    } \
    return next arguments; \
  }
WRAP_TRANSFER(read, read, (int descriptor, void *bytes, size_t count), (descriptor, bytes, count))
WRAP_TRANSFER(write, write, (int descriptor, const void *bytes, size_t count),
              (descriptor, bytes, count))
WRAP_TRANSFER(pread, pread, (int descriptor, void *bytes, size_t count, off_t offset),
              (descriptor, bytes, count, offset))
WRAP_TRANSFER(pread64, pread, (int descriptor, void *bytes, size_t count, off64_t offset),
              (descriptor, bytes, count, offset))
WRAP_TRANSFER(pwrite, pwrite, (int descriptor, const void *bytes, size_t count, off_t offset),
              (descriptor, bytes, count, offset))
WRAP_TRANSFER(pwrite64, pwrite, (int descriptor, const void *bytes, size_t count, off64_t offset),
              (descriptor, bytes, count, offset))

WRAP(int, -1, fsync, fsync, (int descriptor), (descriptor))
WRAP(int, -1, fdatasync, fdatasync, (int descriptor), (descriptor))
WRAP(int, -1, ftruncate, ftruncate, (int descriptor, off_t size), (descriptor, size))
WRAP(int, -1, ftruncate64, ftruncate, (int descriptor, off64_t size), (descriptor, size))
WRAP(int, -1, rename, rename, (const char *from, const char *to), (from, to))
WRAP(int, -1, renameat, renameat, (int a, const char *from, int b, const char *to),
     (a, from, b, to))
WRAP(int, -1, renameat2, renameat,
     (int a, const char *from, int b, const char *to, unsigned int flags), (a, from, b, to, flags))
WRAP(int, -1, unlink, unlink, (const char *path), (path))
WRAP(int, -1, unlinkat, unlinkat, (int directory, const char *path, int flags),
     (directory, path, flags))
WRAP(int, -1, rmdir, rmdir, (const char *path), (path))
WRAP(int, -1, mkdir, mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, mkdirat, mkdirat, (int directory, const char *path, mode_t mode),
     (directory, path, mode))
WRAP(int, -1, link, link, (const char *from, const char *to), (from, to))
WRAP(int, -1, stat, stat, (const char *restrict path, struct stat *restrict to), (path, to))
WRAP(int, -1, stat64, stat, (const char *restrict path, struct stat64 *restrict to), (path, to))
WRAP(int, -1, lstat, lstat, (const char *restrict path, struct stat *restrict to), (path, to))
WRAP(int, -1, lstat64, lstat, (const char *restrict path, struct stat64 *restrict to), (path, to))
WRAP(int, -1, fstat, fstat, (int descriptor, struct stat *to), (descriptor, to))
WRAP(int, -1, fstat64, fstat, (int descriptor, struct stat64 *to), (descriptor, to))
WRAP(int, -1, fstatat, fstatat,
     (int directory, const char *restrict path, struct stat *restrict to, int flags),
     (directory, path, to, flags))
WRAP(int, -1, access, access, (const char *path, int mode), (path, mode))
WRAP(off_t, -1, lseek, lseek, (int descriptor, off_t offset, int whence),
     (descriptor, offset, whence))
WRAP(int, -1, flock, flock, (int descriptor, int operation), (descriptor, operation))
WRAP(DIR *, NULL, opendir, opendir, (const char *path), (path))
WRAP(struct dirent *, NULL, readdir, readdir, (DIR * directory), (directory))
WRAP(void *, MAP_FAILED, mmap, mmap,
     (void *at, size_t size, int protection, int flags, int descriptor, off_t offset),
     (at, size, protection, flags, descriptor, offset))
WRAP(void *, MAP_FAILED, mmap64, mmap,
     (void *at, size_t size, int protection, int flags, int descriptor, off64_t offset),
     (at, size, protection, flags, descriptor, offset))
WRAP(int, -1, chmod, chmod, (const char *path, mode_t mode), (path, mode))
WRAP(int, -1, fchmod, fchmod, (int descriptor, mode_t mode), (descriptor, mode))
WRAP(int, -1, fchown, fchown, (int descriptor, uid_t user, gid_t group), (descriptor, user, group))
WRAP(char *, NULL, realpath, realpath, (const char *restrict path, char *restrict to), (path, to))
WRAP(char *, NULL, getcwd, getcwd, (char *to, size_t size), (to, size))

// The descriptor is closed even if close fails, as by the C library.
int close(int descriptor) {
  NEXT(close);
  int result = next(descriptor);
  if (descriptor > 2 && fails(F_close)) {
    errno = fails_with;
    return -1;
  }
  return result;
}

// Returns its error instead of setting errno.
int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                   void *(*body)(void *), void *restrict argument) {
  NEXT(pthread_create);
  if (fails(F_pthread_create)) return fails_with;
  return next(thread, attributes, body, argument);
}

void *malloc(size_t size) {
  if (is_sqlite(__builtin_return_address(0)) && fails(F_malloc)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_malloc(size);
}

void *realloc(void *old, size_t size) {
  if (is_sqlite(__builtin_return_address(0)) && fails(F_realloc)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_realloc(old, size);
}
