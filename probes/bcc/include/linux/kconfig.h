/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* libbcc takes a folder for the kernel's headers if it has this file. */
#define CONFIG_BPF_SYSCALL 1
