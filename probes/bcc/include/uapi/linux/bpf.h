/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* libbcc has its own; it only checks that this file exists. */
#include <linux/types.h>
