/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* libbcc brings its own; this one is only asked for. */
#include <linux/types.h>
