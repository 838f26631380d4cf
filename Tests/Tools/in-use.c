// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

// A library to be loaded before a program (LD_PRELOAD, ld.so(8)): whoever reads from the FIFO $IN_USE/PID is told how many
// bytes of malloc the program has in use. The first line is of now. A block in the cache of a thread is in use to malloc;
// GLIBC_TUNABLES=glibc.malloc.tcache_count=0 turns these caches off. What the program starts has the library as well.
// Needs glibc 2.33.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4096];

// Allocates nothing itself: that would be one more thread with a heap. Who has gone before the line came means no SIGPIPE.
static void *tell(void *nothing) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    int fifo;
    while ((fifo = open(path, O_WRONLY | O_CLOEXEC)) >= 0) {
        struct mallinfo2 now = mallinfo2();
        char line[32];
        int size = snprintf(line, sizeof line, "%zu\n", now.uordblks + now.hblkhd);
        if (write(fifo, line, size) < 0) { /* nobody reads any more */ }
        close(fifo);
    }
    return nothing;
}

static void start(void) {
    pthread_t thread;
    snprintf(path, sizeof path, "%s/%d", getenv("IN_USE"), getpid());
    // It is there already if the process was another program before, as env(1) is.
    if (mkfifo(path, 0600) != 0 && errno != EEXIST) return;
    if (pthread_create(&thread, NULL, tell, NULL) == 0) pthread_detach(thread);
}

// A daemon leaves whoever started it by a fork, and a fork has one thread.
__attribute__((constructor)) static void load(void) {
    if (getenv("IN_USE") == NULL) return;
    start();
    pthread_atfork(NULL, NULL, start);
}
