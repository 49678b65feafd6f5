#define _GNU_SOURCE
#include "clinux.h"
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

_Thread_local void *clinux_tls_loop_storage;

int clinux_accept(int fd, struct sockaddr_storage *peer) {
  socklen_t length = sizeof *peer;
  peer->ss_family = AF_UNSPEC;
  int accepted = accept4(fd, (struct sockaddr *)peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) return -errno;
  if (peer->ss_family == AF_INET || peer->ss_family == AF_INET6) clinux_no_delay(accepted);
  return accepted;
}

int clinux_listen(const struct sockaddr *address, socklen_t length, int backlog, int reuse_port) {
  int one = 1, zero = 0;
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (address->sa_family != AF_UNIX) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  }
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (bind(fd, address, length) || listen(fd, backlog)) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

int clinux_connect(const struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (address->sa_family != AF_UNIX) clinux_no_delay(fd);
  if (connect(fd, address, length) && errno != EINPROGRESS) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd;
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

uint64_t clinux_cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int clinux_timer(void) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

void clinux_timer_arm(int fd, uint64_t time) {
  struct itimerspec when = {.it_value = {.tv_sec = (time_t)(time / 1000000000u), .tv_nsec = (long)(time % 1000000000u)}};
  timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

uint64_t clinux_raise_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit)) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

int clinux_signal_descriptor(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  if (pthread_sigmask(SIG_BLOCK, &set, NULL)) return -errno;
  int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  return fd < 0 ? -errno : fd;
}

int clinux_sync_file_system(int fd) { return syncfs(fd) ? -errno : 0; }

int clinux_pidfd(pid_t pid) {
  /* Close-on-exec by definition. */
  long fd = syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? -errno : (int)fd;
}

pid_t clinux_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                   int output, uid_t uid, gid_t gid, int death_signal) {
  int status_pipe[2];
  if (pipe2(status_pipe, O_CLOEXEC)) return -errno;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) {
    int error = errno;
    close(status_pipe[0]);
    close(status_pipe[1]);
    return -error;
  }
  if (child == 0) {
    /* Only async-signal-safe calls from here on. */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < 32; signal++)
      if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &standard, NULL);
    setpgid(0, 0);
    int null = open("/dev/null", O_RDWR);
    int failed = null < 0 || dup2(null, 0) < 0 || dup2(output >= 0 ? output : null, 1) < 0 || dup2(1, 2) < 0;
    /* Whatever else is open, a library's sockets too, is not the program's: it would keep connections alive that end here.
       The numbers stay open until execve, so that a failure can be told. */
    syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
    if (!failed && gid) failed = setgroups(0, NULL) || setgid(gid);
    if (!failed && uid) failed = setuid(uid);
    /* After setuid, which clears it. */
    if (!failed && death_signal) {
      failed = prctl(PR_SET_PDEATHSIG, death_signal);
      if (!failed && getppid() != parent) _exit(1);
    }
    if (!failed && directory) failed = chdir(directory);
    if (!failed) execve(path, arguments, environment);
    int error = errno;
    ssize_t ignored = write(status_pipe[1], &error, sizeof error);
    (void)ignored;
    _exit(127);
  }
  close(status_pipe[1]);
  int error = 0;
  ssize_t got;
  do got = read(status_pipe[0], &error, sizeof error);
  while (got < 0 && errno == EINTR);
  close(status_pipe[0]);
  if (got == sizeof error) {
    waitpid(child, NULL, 0);
    return -error;
  }
  return child;
}
