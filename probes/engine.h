/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The differences between the two engines. Both share the rest of the source.
 *
 * core: clang compiles the source when aioscope is built. libbpf creates the maps, inserts their descriptors, and relocates
 * each field access to the field's offset in the running kernel (CO-RE).
 *
 * bcc: libbcc compiles the source on the host. offsets.h, made from the kernel's BTF, has the offsets of the fields. libbcc
 * gets another file, so its rewriter does not change this one: a constant in the code describes each map, and the loader
 * creates the map and replaces the constant by its descriptor.
 */
#ifndef AIOSCOPE_ENGINE_H
#define AIOSCOPE_ENGINE_H

#define inline_body static __always_inline

#ifndef AIOSCOPE_BCC

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifndef WITHOUT_RING_BUFFER
/* A global function, which the verifier checks once and not for each call. Linux 5.10 allows only numbers as its arguments
 * and result. */
#define GLOBAL_FUNCTION __noinline

/* Slots of a table per run of the iterator: the records of one task must fit into the kernel's buffer of 32 KiB. */
#define SLOTS_PER_RUN 256

/* Searches for a handle, each in a global function. */
#define MAX_SEARCHES 128

/* Of arm64, up to the first memory: a table is 16 GiB or more, a section in it 128 MiB, or 512 with pages of 64 KiB. */
#define MAX_SECTION_TABLES 1024
#define MAX_SECTIONS 2048
#endif

/* Each map has a function that returns it: name_map(). */
#define MAP(name, kind, key_type, value_type, entries)        \
	struct {                                              \
		__uint(type, BPF_MAP_TYPE_##kind);            \
		__uint(max_entries, entries);                 \
		__type(key, key_type);                        \
		__type(value, value_type);                    \
	} name SEC(".maps");                                  \
	inline_body void *name##_map(void)                    \
	{                                                     \
		return &name;                                 \
	}

#define RING(name, bytes)                                     \
	struct {                                              \
		__uint(type, BPF_MAP_TYPE_RINGBUF);           \
		__uint(max_entries, bytes);                   \
	} name SEC(".maps");                                  \
	inline_body void *name##_map(void)                    \
	{                                                     \
		return &name;                                 \
	}

/* Elements without a key, first in, first out. */
#define QUEUE(name, value_type, entries)                      \
	struct {                                              \
		__uint(type, BPF_MAP_TYPE_QUEUE);             \
		__uint(max_entries, entries);                 \
		__uint(value_size, sizeof(value_type));       \
	} name SEC(".maps");                                  \
	inline_body void *name##_map(void)                    \
	{                                                     \
		return &name;                                 \
	}

/* Memory shared with user space: name_memory(). User space writes a CONSTANT before it loads the program. */
#define CONSTANT(name)                                        \
	const volatile struct name name = {};                 \
	inline_body const volatile struct name *name##_memory(void) \
	{                                                     \
		return &name;                                 \
	}

#define SHARED(name)                                          \
	struct name name = {};                                \
	inline_body struct name *name##_memory(void)          \
	{                                                     \
		return &name;                                 \
	}

#define FIELD_EXISTS(type, field) bpf_core_field_exists(((struct type *)0)->field)
#define FIELD_OFFSET(type, field) bpf_core_field_offset(struct type, field)
#define FIELD_ADDRESS(pointer, field) ((void *)__builtin_preserve_access_index(&(pointer)->field))
#define SIZE_OF(type) bpf_core_type_size(struct type)
#define ENUMERATOR_EXISTS(type, name) bpf_core_enum_value_exists(enum type, name)
#define ENUMERATOR_VALUE(type, name) bpf_core_enum_value(enum type, name)

/*
 * A function of the kernel that programs may call: name(). If the kernel lacks it, libbpf searches the types of modules,
 * which needs CAP_SYS_ADMIN: without it user space loads the object that calls none.
 */
#if defined(WITHOUT_KERNEL_FUNCTIONS) || defined(WITHOUT_RING_BUFFER)
#define KERNEL_FUNCTION(name) inline_body void name(void) {}
#else
#define KERNEL_FUNCTION(name) extern void name(void) __ksym __weak;
#endif

#else /* AIOSCOPE_BCC */

#undef SEC
#define SEC(name) static __always_inline

/*
 * The constant that describes a map: 16 bits mark, 1 bit whether it refers to the first value in the map, 6 bits type,
 * 5 bits key size, 11 bits value size in units of 8 bytes, 4 bits number of the map, 21 bits entries. The numbers are in
 * offsets.h.
 */
#define MAP_MARK 0xa105ULL
#define MAP_CONSTANT(name, is_value, kind, key_size, value_size, entries)                                    \
	(MAP_MARK << 48 | (__u64)(is_value) << 47 | (__u64)(kind) << 41 | (__u64)(key_size) << 36 |           \
	 (__u64)((value_size) / 8) << 25 | (__u64)MAP_NUMBER_##name << 21 | (entries))

#define MAP_FUNCTION(function, result, constant)              \
	inline_body result function(void)                     \
	{                                                     \
		__u64 address;                                \
                                                              \
		asm volatile("%0 = %1 ll"                     \
			     : "=r"(address)                  \
			     : "i"(constant));                \
		return (result)address;                       \
	}

#define MAP(name, kind, key_type, value_type, entries)        \
	MAP_FUNCTION(name##_map, void *,                      \
		     MAP_CONSTANT(name, 0, BPF_MAP_TYPE_##kind, sizeof(key_type), sizeof(value_type), entries))

#define RING(name, bytes) MAP_FUNCTION(name##_map, void *, MAP_CONSTANT(name, 0, BPF_MAP_TYPE_RINGBUF, 0, 0, bytes))

#define MEMORY(name, result)                                  \
	MAP_FUNCTION(name##_memory, result,                   \
		     MAP_CONSTANT(name, 1, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct name), 1))
#define CONSTANT(name) MEMORY(name, const volatile struct name *)
#define SHARED(name) MEMORY(name, struct name *)

#define FIELD_EXISTS(type, field) HAS_##type##_##field
#define FIELD_OFFSET(type, field) OFFSET_##type##_##field
#define FIELD_ADDRESS(pointer, field) ((void *)&(pointer)->field)
#define SIZE_OF(type) SIZE_##type
#define ENUMERATOR_EXISTS(type, name) HAS_##name
#define ENUMERATOR_VALUE(type, name) VALUE_##name

/* Helpers that the oldest supported libbcc (0.18) does not declare. */
static long (*const helper_task_pt_regs)(void *) = (void *)175;
static void *(*const helper_map_lookup_percpu_elem)(void *, const void *, __u32) = (void *)195;
#define bpf_task_pt_regs helper_task_pt_regs
#define bpf_map_lookup_percpu_elem helper_map_lookup_percpu_elem

/* Beyond the numbers of helpers: the compiler process turns it into a call of a kernel function. */
#define KERNEL_CALL 0x40000000
#define KERNEL_FUNCTION(name) static void (*const name)(void) = (void *)(KERNEL_CALL | FUNCTION_##name);

#define READ_1(from, a)                                                \
	({                                                             \
		typeof((from)->a) read_1;                              \
		bpf_probe_read_kernel(&read_1, sizeof(read_1), &(from)->a); \
		read_1;                                                \
	})
#define READ_2(from, a, b)                                \
	({                                                \
		typeof((from)->a) read_2 = READ_1(from, a); \
		READ_1(read_2, b);                        \
	})
#define READ_3(from, a, b, c)                             \
	({                                                \
		typeof((from)->a) read_3 = READ_1(from, a); \
		READ_2(read_3, b, c);                     \
	})
#define READ_4(from, a, b, c, d)                          \
	({                                                \
		typeof((from)->a) read_4 = READ_1(from, a); \
		READ_3(read_4, b, c, d);                  \
	})
#define FIFTH(_1, _2, _3, _4, fifth, ...) fifth
#define BPF_CORE_READ(from, ...) FIFTH(__VA_ARGS__, READ_4, READ_3, READ_2, READ_1)(from, __VA_ARGS__)
#define BPF_CORE_READ_INTO(to, from, field) bpf_probe_read_kernel(to, sizeof(*(to)), &(from)->field)

/* BPF_PROG, BPF_KPROBE and BPF_KRETPROBE as in libbpf: they read a program's arguments from its context. */
#undef BPF_PROG
#pragma clang diagnostic ignored "-Wint-conversion"
#define PROGRAM_0(name, context) name(context *ctx)
#define PROGRAM_N(name, context, passed, ...)                    \
	name(context *ctx);                                      \
	inline_body int body_##name(context *ctx, __VA_ARGS__);  \
	inline_body int name(context *ctx)                       \
	{                                                        \
		return body_##name(ctx, passed);                 \
	}                                                        \
	inline_body int body_##name(context *ctx, __VA_ARGS__)
#define PASSED(...) __VA_ARGS__
#define PASS_1(get) get(1)
#define PASS_2(get) PASS_1(get), get(2)
#define PASS_3(get) PASS_2(get), get(3)
#define PASS_4(get) PASS_3(get), get(4)
#define OF_ARRAY(n) (void *)ctx[(n) - 1]
#define OF_REGISTERS(n) (void *)PT_REGS_PARM##n(ctx)
#define OF_RESULT(n) PT_REGS_RC(ctx)
#define PROG_0(name) PROGRAM_0(name, unsigned long long)
#define PROG_1(name, ...) PROGRAM_N(name, unsigned long long, PASSED(PASS_1(OF_ARRAY)), __VA_ARGS__)
#define PROG_2(name, ...) PROGRAM_N(name, unsigned long long, PASSED(PASS_2(OF_ARRAY)), __VA_ARGS__)
#define PROG_3(name, ...) PROGRAM_N(name, unsigned long long, PASSED(PASS_3(OF_ARRAY)), __VA_ARGS__)
#define PROG_4(name, ...) PROGRAM_N(name, unsigned long long, PASSED(PASS_4(OF_ARRAY)), __VA_ARGS__)
#define KPROBE_0(name) PROGRAM_0(name, struct pt_regs)
#define KPROBE_1(name, ...) PROGRAM_N(name, struct pt_regs, PASSED(PASS_1(OF_REGISTERS)), __VA_ARGS__)
#define KPROBE_2(name, ...) PROGRAM_N(name, struct pt_regs, PASSED(PASS_2(OF_REGISTERS)), __VA_ARGS__)
#define KPROBE_3(name, ...) PROGRAM_N(name, struct pt_regs, PASSED(PASS_3(OF_REGISTERS)), __VA_ARGS__)
#define KRETPROBE_1(name, ...) PROGRAM_N(name, struct pt_regs, PASSED(PASS_1(OF_RESULT)), __VA_ARGS__)
#define BY_COUNT(_1, _2, _3, _4, _5, chosen, ...) chosen
#define BPF_PROG(...) BY_COUNT(__VA_ARGS__, PROG_4, PROG_3, PROG_2, PROG_1, PROG_0)(__VA_ARGS__)
#define BPF_KPROBE(...) BY_COUNT(__VA_ARGS__, none, KPROBE_3, KPROBE_2, KPROBE_1, KPROBE_0)(__VA_ARGS__)
#define BPF_KRETPROBE(...) BY_COUNT(__VA_ARGS__, none, none, none, KRETPROBE_1, KPROBE_0)(__VA_ARGS__)

#endif /* AIOSCOPE_BCC */

#ifndef GLOBAL_FUNCTION
/* libbcc supports no global functions, and a kernel without ring buffers may have none. The verifier then checks each slot:
 * use few. */
#define GLOBAL_FUNCTION inline_body
#define SLOTS_PER_RUN 8
#define MAX_SEARCHES 1
#define MAX_SECTION_TABLES 64
#define MAX_SECTIONS 256
#endif

/*
 * Slots that a search for a handle reads: at once, in a block and in all. A table of the kernel has 4, 16, 64 and so on.
 * Without global functions the verifier of 6.1 needs 230 of its 1,000,000 instructions for each slot.
 */
#define SLOTS_PER_READ 4
#define SLOTS_PER_BLOCK 64
#define BLOCKS_PER_SEARCH 32
#define MAX_SLOTS (MAX_SEARCHES * BLOCKS_PER_SEARCH * SLOTS_PER_BLOCK)

/* The value of a field, or another one on a kernel without that field. */
#define READ_OR(otherwise, pointer, type, field) \
	(FIELD_EXISTS(type, field) ? BPF_CORE_READ(pointer, field) : (otherwise))

/* The number of an enumerator, or another one on a kernel without it. */
#define ENUMERATOR_OR(otherwise, type, name) (ENUMERATOR_EXISTS(type, name) ? ENUMERATOR_VALUE(type, name) : (otherwise))

/*
 * The kernel's structs. With bcc each field is in its own packed struct, after as many bytes as precede it in the running
 * kernel.
 */
#ifndef AIOSCOPE_BCC
#define KERNEL_STRUCT(name) struct name {
#define FIELD(type, name, declaration) declaration;
#define OPTIONAL FIELD
#define KERNEL_STRUCT_END };
#else
#define KERNEL_STRUCT(name) \
	struct name {       \
		union {
#define FIELD(type, name, declaration)                        \
	struct {                                              \
		char before_##name[OFFSET_##type##_##name];   \
		declaration;                                  \
	} __attribute__((packed));
#define OPTIONAL FIELD
#define KERNEL_STRUCT_END \
	}                 \
	;                 \
	}                 \
	;
#endif

#endif
