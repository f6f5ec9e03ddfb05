#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

const int csystem_tcp_nodelay = TCP_NODELAY;
const int csystem_tcp_user_timeout = TCP_USER_TIMEOUT;
const int csystem_tcp_keepidle = TCP_KEEPIDLE;
const int csystem_ipv6_v6only = IPV6_V6ONLY;

int csystem_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    *length = sizeof *address;
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int csystem_stream_socket(int family, bool blocking) {
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0);
}

ssize_t csystem_send(int fd, const void *first, size_t first_count, const void *second, size_t second_count) {
    struct iovec parts[2] = {
        {.iov_base = (void *)first, .iov_len = first_count},
        {.iov_base = (void *)second, .iov_len = second_count},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = second_count > 0 ? 2 : 1};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int csystem_set_option(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value);
}

int csystem_poller(void) { return epoll_create1(EPOLL_CLOEXEC); }

int csystem_poller_add(int poller, int fd, uint64_t token, bool edges) {
    struct epoll_event event = {
        .events = edges ? EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET : EPOLLIN,
        .data.u64 = token,
    };
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

int csystem_poller_remove(int poller, int fd) { return epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL); }

int csystem_poller_wait(int poller, struct csystem_event *events, int capacity, int milliseconds) {
    enum { most = 256 };
    struct epoll_event raw[most];
    int count = epoll_wait(poller, raw, capacity < most ? capacity : most, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        events[i] = (struct csystem_event){
            .token = raw[i].data.u64,
            .readable = raw[i].events & EPOLLIN,
            .writable = raw[i].events & EPOLLOUT,
            .read_closed = raw[i].events & EPOLLRDHUP,
            .hung_up = raw[i].events & (EPOLLHUP | EPOLLERR),
        };
    }
    return count;
}

int csystem_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
