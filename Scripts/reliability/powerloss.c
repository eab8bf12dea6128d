// Records how a program changes the files of a directory: loaded before the C library (LD_PRELOAD) by
// powerloss.py, which derives the possible states of a disk after a power loss.
//
//   RECORD_DIRECTORY  the directory, an absolute path; also the program's working directory
//   RECORD_LOG        the file to write, outside the directory
//
// Each event is a line; a write is followed by its bytes:
//
//   C FILE NAME           a file was created      T FILE SIZE     a file was truncated or extended
//   W FILE OFFSET LENGTH  bytes were written      S FILE          a file was synced
//   U NAME                a name was removed      R FILE FROM TO  a name was changed
//   L FILE NAME           a name was added        M NAME          a directory was created
//   D NAME                a directory was synced  O LENGTH        the program printed or sent data
//
// FILE is the inode number; names are relative to the directory, and separated by a tab.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (next == NULL) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static const char *directory;
static size_t directory_length;
static int log_descriptor = -1;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("RECORD_LOG");
  directory = getenv("RECORD_DIRECTORY");
  if (path == NULL || directory == NULL) return;
  directory_length = strlen(directory);
  log_descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_descriptor < 0) abort();
}

static void put(const void *bytes, size_t count) {
  NEXT(write);
  while (count > 0) {
    ssize_t done = next(log_descriptor, bytes, count);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) abort();
    bytes = (const char *)bytes + done;
    count -= (size_t)done;
  }
}

__attribute__((format(printf, 1, 2))) static void event(const char *format, ...) {
  char line[3 * PATH_MAX];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (length < 0 || (size_t)length >= sizeof line) abort();
  put(line, (size_t)length);
}

static int records(void) { return log_descriptor >= 0; }

// Returns the part of an absolute path below the directory; NULL if the path is elsewhere.
static const char *below(const char *path) {
  if (strncmp(path, directory, directory_length) != 0) return NULL;
  if (path[directory_length] == 0) return ".";
  return path[directory_length] == '/' ? path + directory_length + 1 : NULL;
}

// Copies and returns the name of a path below the directory; NULL if the path is elsewhere.
static const char *name_at(int at, const char *path, char name[static PATH_MAX]) {
  char full[2 * PATH_MAX];
  if (!records()) return NULL;
  if (path[0] == '/') {
    snprintf(full, sizeof full, "%s", path);
  } else if (at == AT_FDCWD) {
    snprintf(full, sizeof full, "%s/%s", directory, path);
  } else {
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0) return NULL;
    target[length] = 0;
    snprintf(full, sizeof full, "%s/%s", target, path);
  }
  const char *found = below(full);
  if (found == NULL) return NULL;
  while (found[0] == '.' && found[1] == '/') found += 2;
  snprintf(name, PATH_MAX, "%s", found);
  return name;
}

// Copies and returns the name of an open file below the directory; NULL if it is elsewhere.
static const char *name_of(int descriptor, char name[static PATH_MAX]) {
  char link[64], target[PATH_MAX];
  if (!records()) return NULL;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return NULL;
  target[length] = 0;
  const char *found = below(target);
  if (found == NULL) return NULL;
  snprintf(name, PATH_MAX, "%s", found);
  return name;
}

static unsigned long number_of(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 ? (unsigned long)status.st_ino : 0;
}

static unsigned long number_at(int at, const char *path) {
  struct stat status;
  return fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (unsigned long)status.st_ino : 0;
}

// Opens a file by `call`, and records if that creates or truncates it.
#define OPEN(at, call) \
  char name[PATH_MAX]; \
  int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; \
  const char *known = writes ? name_at(at, path, name) : NULL; \
  if (known == NULL) return call; \
  pthread_mutex_lock(&lock); \
  int is_new = number_at(at, path) == 0; \
  int result = call; \
  int error = errno; \
  if (result >= 0 && is_new) event("C %lu %s\n", number_of(result), known); \
  if (result >= 0 && !is_new && flags & O_TRUNC) event("T %lu 0\n", number_of(result)); \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return result

#define MODE(flags) \
  va_list list; \
  va_start(list, flags); \
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; \
  va_end(list)

int open(const char *path, int flags, ...) {
  NEXT(open);
  MODE(flags);
  OPEN(AT_FDCWD, next(path, flags, mode));
}

int open64(const char *path, int flags, ...) {
  NEXT(open64);
  MODE(flags);
  OPEN(AT_FDCWD, next(path, flags, mode));
}

int openat(int at, const char *path, int flags, ...) {
  NEXT(openat);
  MODE(flags);
  OPEN(at, next(at, path, flags, mode));
}

int openat64(int at, const char *path, int flags, ...) {
  NEXT(openat64);
  MODE(flags);
  OPEN(at, next(at, path, flags, mode));
}

// Writes by `call` at an offset, and records that.
#define WRITE(at_offset, call) \
  char name[PATH_MAX]; \
  if (name_of(descriptor, name) == NULL) return call; \
  pthread_mutex_lock(&lock); \
  off_t start = at_offset; \
  ssize_t result = call; \
  int error = errno; \
  if (result > 0) { \
    event("W %lu %lld %zd\n", number_of(descriptor), (long long)start, result); \
    put(bytes, (size_t)result); \
  } \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return result

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  NEXT(pwrite);
  WRITE(offset, next(descriptor, bytes, count, offset));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
  NEXT(pwrite64);
  WRITE(offset, next(descriptor, bytes, count, offset));
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
  NEXT(write);
  if (records() && (descriptor == 1 || descriptor == 2)) {
    pthread_mutex_lock(&lock);
    ssize_t result = next(descriptor, bytes, count);
    int error = errno;
    event("O %zu\n", count);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
  }
  int flags = records() ? fcntl(descriptor, F_GETFL) : 0;
  WRITE(lseek(descriptor, 0, flags >= 0 && flags & O_APPEND ? SEEK_END : SEEK_CUR),
        next(descriptor, bytes, count));
}

// Does `call`, and records `done` if it succeeds.
#define DO(call, done) \
  pthread_mutex_lock(&lock); \
  int result = call; \
  int error = errno; \
  if (result == 0) done; \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return result

// A response to a client counts as output of the program before it is sent.
ssize_t send(int socket, const void *bytes, size_t count, int flags) {
  NEXT(send);
  if (records()) {
    pthread_mutex_lock(&lock);
    event("O %zu\n", count);
    pthread_mutex_unlock(&lock);
  }
  return next(socket, bytes, count, flags);
}

static void synced(int descriptor, const char *name) {
  struct stat status;
  if (fstat(descriptor, &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    event("D %s\n", name);
  } else {
    event("S %lu\n", (unsigned long)status.st_ino);
  }
}

#define SYNC(function) \
  int function(int descriptor) { \
    NEXT(function); \
    char name[PATH_MAX]; \
    if (name_of(descriptor, name) == NULL) return next(descriptor); \
    DO(next(descriptor), synced(descriptor, name)); \
  }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(function, offset) \
  int function(int descriptor, offset size) { \
    NEXT(function); \
    char name[PATH_MAX]; \
    if (name_of(descriptor, name) == NULL) return next(descriptor, size); \
    DO(next(descriptor, size), event("T %lu %lld\n", number_of(descriptor), (long long)size)); \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path) {
  NEXT(unlink);
  char name[PATH_MAX];
  if (name_at(AT_FDCWD, path, name) == NULL) return next(path);
  DO(next(path), event("U %s\n", name));
}

int rmdir(const char *path) {
  NEXT(rmdir);
  char name[PATH_MAX];
  if (name_at(AT_FDCWD, path, name) == NULL) return next(path);
  DO(next(path), event("U %s\n", name));
}

int unlinkat(int at, const char *path, int flags) {
  NEXT(unlinkat);
  char name[PATH_MAX];
  if (name_at(at, path, name) == NULL) return next(at, path, flags);
  DO(next(at, path, flags), event("U %s\n", name));
}

#define RENAME(from_at, to_at, call) \
  char old[PATH_MAX], new[PATH_MAX]; \
  if (name_at(from_at, from, old) == NULL || name_at(to_at, to, new) == NULL) return call; \
  pthread_mutex_lock(&lock); \
  unsigned long number = number_at(from_at, from); \
  int result = call; \
  int error = errno; \
  if (result == 0) event("R %lu %s\t%s\n", number, old, new); \
  pthread_mutex_unlock(&lock); \
  errno = error; \
  return result

int rename(const char *from, const char *to) {
  NEXT(rename);
  RENAME(AT_FDCWD, AT_FDCWD, next(from, to));
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
  NEXT(renameat);
  RENAME(from_at, to_at, next(from_at, from, to_at, to));
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned int flags) {
  NEXT(renameat2);
  RENAME(from_at, to_at, next(from_at, from, to_at, to, flags));
}

int link(const char *from, const char *to) {
  NEXT(link);
  char name[PATH_MAX];
  if (name_at(AT_FDCWD, to, name) == NULL) return next(from, to);
  DO(next(from, to), event("L %lu %s\n", number_at(AT_FDCWD, to), name));
}

int mkdir(const char *path, mode_t mode) {
  NEXT(mkdir);
  char name[PATH_MAX];
  if (name_at(AT_FDCWD, path, name) == NULL) return next(path, mode);
  DO(next(path, mode), event("M %s\n", name));
}

int mkdirat(int at, const char *path, mode_t mode) {
  NEXT(mkdirat);
  char name[PATH_MAX];
  if (name_at(at, path, name) == NULL) return next(at, path, mode);
  DO(next(at, path, mode), event("M %s\n", name));
}

// Writes through a mapping cannot be recorded, so only SQLite's -shm file, whose content does not
// matter after a crash, may be mapped for writing.
#define MMAP(function, offset_type) \
  void *function(void *at, size_t size, int protection, int flags, int descriptor, \
                 offset_type offset) { \
    NEXT(function); \
    char name[PATH_MAX]; \
    if (descriptor >= 0 && protection & PROT_WRITE && flags & MAP_SHARED) { \
      const char *mapped = name_of(descriptor, name); \
      size_t length = mapped != NULL ? strlen(mapped) : 0; \
      if (length > 0 && (length < 4 || strcmp(mapped + length - 4, "-shm") != 0)) abort(); \
    } \
    return next(at, size, protection, flags, descriptor, offset); \
  }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)
