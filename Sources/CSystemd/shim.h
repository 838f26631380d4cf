// This source file is part of the slstats project
// SPDX-License-Identifier: Apache-2.0

#include <systemd/sd-daemon.h>
