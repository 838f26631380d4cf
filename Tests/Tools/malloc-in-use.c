// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

// A library to be loaded before a program (LD_PRELOAD, ld.so(8)): whoever reads from the FIFO that MALLOC_IN_USE names is
// told how many bytes the program has allocated and not freed, one line each time it is opened. What malloc keeps for
// later is not counted, but for the caches of the threads, which GLIBC_TUNABLES=glibc.malloc.tcache_count=0 turns off.
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Allocates nothing itself: it would be a thread with a heap.
static void *tell(void *path) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (;;) {
        int fifo = open(path, O_WRONLY | O_CLOEXEC);
        if (fifo < 0) return NULL;
        struct mallinfo2 now = mallinfo2();
        dprintf(fifo, "%zu\n", now.uordblks + now.hblkhd);
        close(fifo);
    }
}

__attribute__((constructor)) static void start(void) {
    char *path = getenv("MALLOC_IN_USE");
    pthread_t thread;
    if (path != NULL && pthread_create(&thread, NULL, tell, path) == 0) pthread_detach(thread);
}
