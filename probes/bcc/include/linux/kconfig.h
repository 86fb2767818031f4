/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* libbcc accepts a directory as kernel headers if it has this file. */
#define CONFIG_BPF_SYSCALL 1
