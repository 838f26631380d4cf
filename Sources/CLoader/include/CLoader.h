// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#pragma once

// Gives the pages of all code and constants of this process back; those that are needed again come from the page cache.
//
// Loading and starting touches most of what we will ever have in memory: relocations, metadata of all types, parsers of
// options and files. A daemon that waits needs a tenth of it. Segments that can be written are left alone, since what the
// loader wrote into them is nowhere else (elf(5), madvise(2)).
void slstats_release_code(void);
