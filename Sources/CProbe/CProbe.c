// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CProbe.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int outcome(long result) { return result < 0 ? errno : 0; }

int slstats_try_add_key(void) {
    // KEY_SPEC_PROCESS_KEYRING: it goes with the process.
    return outcome(syscall(SYS_add_key, "user", "slstats-probe", "", 0, -2));
}

int slstats_try_memory_lock(void) {
    static char page[1];
    const int error = outcome(mlock(page, sizeof page));
    if (!error) munlock(page, sizeof page);
    return error;
}

int slstats_try_shared_memory(void) {
    const int identifier = shmget(IPC_PRIVATE, 1, 0600);
    if (identifier < 0) return errno;
    shmctl(identifier, IPC_RMID, NULL);
    return 0;
}

int slstats_try_asynchronous_io(void) {
    aio_context_t context = 0;
    const int error = outcome(syscall(SYS_io_setup, 1, &context));
    if (!error) syscall(SYS_io_destroy, context);
    return error;
}

int slstats_try_personality(void) {
    const int before = personality(0xffffffff);
    if (before < 0) return errno;
    const int error = outcome(personality(PER_LINUX32));
    if (!error) personality((unsigned long)before);
    return error;
}

int slstats_try_writable_code(void) {
    void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return errno;
    munmap(page, 4096);
    return 0;
}

int slstats_try_adjust_clock(void) {
    // Reads only, which everybody may.
    struct timex time = {0};
    return outcome(clock_adjtime(CLOCK_REALTIME, &time));
}

int slstats_try_kernel_log(void) { return outcome(klogctl(10, NULL, 0)); }

int slstats_try_hostname(void) {
    char name[65];
    if (gethostname(name, sizeof name)) return errno;
    return outcome(sethostname(name, __builtin_strlen(name)));
}

int slstats_try_realtime(void) {
    const struct sched_param parameters = {.sched_priority = 1};
    const int error = outcome(sched_setscheduler(0, SCHED_FIFO, &parameters));
    const struct sched_param normal = {0};
    if (!error) sched_setscheduler(0, SCHED_OTHER, &normal);
    return error;
}

int slstats_try_mount(void) { return outcome(mount("none", "/tmp", "tmpfs", 0, NULL)); }

int slstats_try_user_namespace(void) { return outcome(unshare(CLONE_NEWUSER)); }

int slstats_try_other_architecture(void) {
#ifdef __x86_64__
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) {
        long result;
        // getpid(2) of i386. A kernel that has no i386 ends the child with a signal.
        __asm__ volatile("int $0x80" : "=a"(result) : "0"(20) : "memory", "r8", "r9", "r10", "r11");
        _exit(result < 0 && result > -128 ? (int)-result : 0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) < 0) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
#else
    return -1;
#endif
}
