// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

// What Swift's Glibc module leaves out: how malloc keeps memory, mallopt(3); random numbers, getrandom(2); and extended
// attributes, xattr(7).
#include <malloc.h>
#include <sys/random.h>
#include <sys/xattr.h>
