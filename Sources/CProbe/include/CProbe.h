// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#pragma once

// Things that a process of an ordinary user may do, and that a sandboxed one may not. Each is tried; the answer is 0 if it
// was possible, and otherwise the errno of what prevented it. What was possible is undone, except for the user namespace:
// a process that has tried everything should end.
//
// In C, since syscall(2) takes any number of arguments and Swift imports no such function.

int slstats_try_add_key(void);
int slstats_try_memory_lock(void);
int slstats_try_shared_memory(void);
int slstats_try_asynchronous_io(void);
int slstats_try_personality(void);
int slstats_try_writable_code(void);
int slstats_try_adjust_clock(void);
int slstats_try_kernel_log(void);
int slstats_try_hostname(void);
int slstats_try_realtime(void);
int slstats_try_mount(void);
int slstats_try_user_namespace(void);

// A system call of another architecture, in a child; -1 if this machine has none.
int slstats_try_other_architecture(void);
