/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* No version: what the kernel has is asked of its BTF. */
#define LINUX_VERSION_CODE 0
#define KERNEL_VERSION(major, minor, patch) (((major) << 16) + ((minor) << 8) + (patch))
