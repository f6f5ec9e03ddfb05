// The calls of Linux that Swift does not import, or imports without what makes them safe here.
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC. -1 and errno on failure.
int csystem_accept(int listener, struct sockaddr_storage *address, socklen_t *length);

/// A non-blocking (or blocking) close-on-exec stream socket.
int csystem_stream_socket(int family, bool blocking);

/// sendmsg of up to two buffers in one segment, without SIGPIPE and without blocking.
ssize_t csystem_send(int fd, const void *first, size_t first_count, const void *second, size_t second_count);

/// Sets an integer option of SOL_SOCKET, IPPROTO_TCP or IPPROTO_IPV6.
int csystem_set_option(int fd, int level, int option, int value);

/// The numbers of the options used, which are macros that Swift cannot always see.
extern const int csystem_tcp_nodelay, csystem_tcp_user_timeout, csystem_tcp_keepidle, csystem_ipv6_v6only;

/// One readiness report.
struct csystem_event {
    uint64_t token;
    bool readable;
    bool writable;
    /// The peer has closed its sending side (EPOLLRDHUP).
    bool read_closed;
    /// Both directions are shut or the connection failed (EPOLLHUP, EPOLLERR).
    bool hung_up;
};

/// A close-on-exec epoll instance.
int csystem_poller(void);
/// Reports edges of both directions (EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLET), or the level of reading alone.
int csystem_poller_add(int poller, int fd, uint64_t token, bool edges);
int csystem_poller_remove(int poller, int fd);
/// Waits at most `milliseconds` (0: not at all). The number of events, 0 also when a signal came; -1 and errno.
int csystem_poller_wait(int poller, struct csystem_event *events, int capacity, int milliseconds);

/// A non-blocking close-on-exec eventfd.
int csystem_eventfd(void);

#endif
