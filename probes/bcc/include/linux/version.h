/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* No version: the BTF of the kernel shows what it has. */
#define LINUX_VERSION_CODE 0
#define KERNEL_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + (patch))
