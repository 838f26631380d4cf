// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

// What Swift's Glibc module leaves out: random numbers, getrandom(2), extended attributes, xattr(7), and what has been
// loaded where, dl_iterate_phdr(3).
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <link.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/xattr.h>
