// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0
//
// load SOCKET CONNECTIONS DEPTH REQUESTS NEWLINES FILE: asks a server on a Unix socket, over and over, and prints
// requests per second and the median and 99th percentile of the time until a group of DEPTH is answered, in µs.
//
// One thread and epoll(7), so that it costs little beside what it measures. FILE holds one request; an answer is known
// by its NEWLINES.

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct connection {
    int descriptor;
    size_t sent;
    long missing;
    uint64_t started;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int ascending(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void send_rest(struct connection *connection, const char *group, size_t size) {
    while (connection->sent < size) {
        ssize_t count = send(connection->descriptor, group + connection->sent, size - connection->sent, MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EAGAIN) return;
            fail("send");
        }
        connection->sent += (size_t)count;
    }
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: load SOCKET CONNECTIONS DEPTH REQUESTS NEWLINES FILE\n");
        return 64;
    }
    long connections = atol(argv[2]), depth = atol(argv[3]), requests = atol(argv[4]), newlines = atol(argv[5]);
    FILE *file = fopen(argv[6], "r");
    if (!file) fail(argv[6]);
    static char request[1 << 16];
    size_t length = fread(request, 1, sizeof request, file);
    fclose(file);
    size_t size = length * (size_t)depth;
    char *group = malloc(size);
    for (long i = 0; i < depth; i++) memcpy(group + (size_t)i * length, request, length);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = calloc((size_t)connections, sizeof *all);
    for (long i = 0; i < connections; i++) {
        all[i].descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(all[i].descriptor, (struct sockaddr *)&address, sizeof address)) fail("connect");
        fcntl(all[i].descriptor, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, all[i].descriptor, &event)) fail("epoll_ctl");
    }

    long groups = requests / depth, begun = 0, ended = 0;
    uint64_t *times = malloc((size_t)groups * sizeof *times);
    uint64_t start = now();
    for (long i = 0; i < connections && begun < groups; i++, begun++) {
        all[i].missing = depth * newlines;
        all[i].started = now();
        send_rest(&all[i], group, size);
    }
    static char answer[1 << 18];
    struct epoll_event events[64];
    while (ended < groups) {
        int count = epoll_wait(poll, events, 64, 30000);
        if (count == 0) {
            fprintf(stderr, "no answer for 30 s: %ld of %ld groups\n", ended, groups);
            return 1;
        }
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (connection->missing > 0) send_rest(connection, group, size);
            for (;;) {
                ssize_t got = recv(connection->descriptor, answer, sizeof answer, 0);
                if (got < 0 && errno == EAGAIN) break;
                if (got <= 0) {
                    fprintf(stderr, "the server closed the connection\n");
                    return 1;
                }
                for (char *at = answer; (at = memchr(at, '\n', (size_t)(answer + got - at))); at++) connection->missing--;
                if (connection->missing > 0) continue;
                times[ended++] = now() - connection->started;
                if (begun == groups) break;
                begun++;
                connection->sent = 0;
                connection->missing = depth * newlines;
                connection->started = now();
                send_rest(connection, group, size);
            }
        }
    }
    double seconds = (double)(now() - start) / 1e9;
    qsort(times, (size_t)groups, sizeof *times, ascending);
    printf("%.0f %.1f %.1f\n", (double)(groups * depth) / seconds, (double)times[groups / 2] / 1e3,
        (double)times[groups * 99 / 100] / 1e3);
    return 0;
}
