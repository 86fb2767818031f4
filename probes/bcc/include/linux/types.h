/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The types that libbcc's own headers use. */
#ifndef AIOSCOPE_TYPES_H
#define AIOSCOPE_TYPES_H

typedef signed char __s8, s8;
typedef unsigned char __u8, u8;
typedef short __s16, s16;
typedef unsigned short __u16, u16;
typedef int __s32, s32;
typedef unsigned int __u32, u32;
typedef long long __s64, s64;
typedef unsigned long long __u64, u64;
typedef __u16 __be16;
typedef __u32 __be32, __wsum;
typedef __u64 __be64;
typedef unsigned long size_t, uintptr_t;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)
#define __aligned_u64 __u64 __attribute__((aligned(8)))
#define __always_inline inline __attribute__((always_inline))

#endif
