// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0
//
// sink: an HTTP server that takes whatever is posted to it, answers 200 and forgets it, as fast as a machine can. Prints
// its port first, and when its standard input ends how many requests and bytes of bodies there were.
//
// One connection after the other, HTTP/1.1 with Content-Length (RFC 9112, section 6.2) and nothing else.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 20];
static unsigned long long requests, bytes;

static void serve(int connection) {
    size_t filled = 0;
    for (;;) {
        char *end;
        while ((end = memmem(buffer, filled, "\r\n\r\n", 4)) == NULL) {
            ssize_t count = read(connection, buffer + filled, sizeof buffer - 1 - filled);
            if (count <= 0) return;
            filled += (size_t)count;
        }
        *end = 0;
        char *length = strcasestr(buffer, "\r\ncontent-length:");
        unsigned long long missing = length ? strtoull(length + 17, NULL, 10) : 0;
        if (strcasestr(buffer, "\r\nexpect:")) dprintf(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        bytes += missing;
        size_t rest = filled - (size_t)(end + 4 - buffer);
        if (rest > missing) return;
        missing -= rest;
        while (missing > 0) {
            ssize_t count = read(connection, buffer, missing < sizeof buffer ? missing : sizeof buffer);
            if (count <= 0) return;
            missing -= (size_t)count;
        }
        filled = 0;
        requests++;
        static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]";
        if (write(connection, answer, sizeof answer - 1) < 0) return;
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 8) < 0
        || getsockname(listener, (struct sockaddr *)&address, &size) < 0) {
        perror("sink");
        return 1;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    struct pollfd entries[] = {{listener, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (poll(entries, 2, -1) > 0 && !entries[1].revents) {
        int connection = accept(listener, NULL, NULL);
        if (connection < 0) continue;
        serve(connection);
        close(connection);
    }
    printf("%llu %llu\n", requests, bytes);
    return 0;
}
