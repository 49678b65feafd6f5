/* What the Glibc overlay lacks or cannot express: epoll, eventfd, signalfd, accept4, a thread-local, sockets.
   Do not define _GNU_SOURCE or include sys/resource.h here; clinux.c may. */
#ifndef CLINUX_H
#define CLINUX_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* The loop that runs on this thread, or NULL. */
extern _Thread_local void *clinux_tls_loop_storage __attribute__((tls_model("initial-exec")));
static inline void *clinux_tls_loop(void) { return clinux_tls_loop_storage; }
static inline void clinux_set_tls_loop(void *loop) { clinux_tls_loop_storage = loop; }

static inline int clinux_errno(void) { return errno; }
static inline void clinux_set_errno(int value) { errno = value; }

static inline int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event;
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll, operation, fd, &event);
}

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t clinux_monotonic_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CLOCK_REALTIME in microseconds since 1970. */
static inline int64_t clinux_realtime_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* accept4 with SOCK_NONBLOCK | SOCK_CLOEXEC; `peer` is filled in. Negative errno on failure. */
int clinux_accept(int fd, struct sockaddr_storage *peer);
/* A listening socket, nonblocking and close-on-exec; SO_REUSEPORT for IP when asked. Negative errno on failure. */
int clinux_listen(const struct sockaddr *address, socklen_t length, int backlog, int reuse_port);
/* Starts a nonblocking connect. Negative errno on failure; EINPROGRESS is success. */
int clinux_connect(const struct sockaddr *address, socklen_t length);
static inline void clinux_no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}
/* SO_ERROR: 0 when a connect has succeeded. */
static inline int clinux_socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ? errno : error;
}
static inline ssize_t clinux_receive(int fd, void *bytes, size_t count) { return recv(fd, bytes, count, 0); }
static inline ssize_t clinux_send(int fd, const void *bytes, size_t count) { return send(fd, bytes, count, MSG_NOSIGNAL); }

/* Names this thread, as `top -H` shows it; longer names than 15 bytes are refused by the kernel. */
void clinux_name_thread(const char *name);
/* getrandom: how many bytes were given, or -1 with errno. */
static inline ssize_t clinux_random(void *bytes, size_t count) { return getrandom(bytes, count, 0); }
/* User and system CPU time of this process, in nanoseconds. */
uint64_t clinux_cpu_ns(void);
/* Raises the soft limit of open files to the hard one and returns it. */
uint64_t clinux_raise_file_limit(void);
/* A timerfd of the monotonic clock, and the time (ns) at which it becomes readable next; epoll_wait alone counts in milliseconds. */
int clinux_timer(void);
void clinux_timer_arm(int fd, uint64_t time);
/* Blocks the signals in this thread (call before any other thread starts) and returns a signalfd for them. */
int clinux_signal_descriptor(const int *signals, int count);
static inline int clinux_exited(int status) { return WIFEXITED(status); }
static inline int clinux_exit_code(int status) { return WEXITSTATUS(status); }
static inline int clinux_termination_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
/* A descriptor that becomes readable when the process `pid` ends. Negative errno on failure. */
int clinux_pidfd(pid_t pid);
/* syncfs: everything written to the file system of `fd` is on its disk. */
int clinux_sync_file_system(int fd);
/* An exclusive flock without waiting: 0, or a negative errno (EWOULDBLOCK: somebody else holds it). */
static inline int clinux_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0; }
/* Runs `path` with `arguments` and `environment` (both NULL-terminated) in a child with its own process group:
   stdin from /dev/null, stdout and stderr to `output` (a file descriptor), nothing else open, as `uid`/`gid` unless they are 0, and with
   SIGTERM or `death_signal` when this thread's process dies (0: none). Returns the pid or a negative errno. */
pid_t clinux_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                   int output, uid_t uid, gid_t gid, int death_signal);
#endif
