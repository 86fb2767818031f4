#!/usr/bin/python3
"""A short BCC counterpart of aioscope, for packaging/benchmark: durations of teardowns, and processes that io_setup refuses.

teardowns.py full | syscall: probe the same functions or system calls as aioscope in that tier.
"""

import signal
import sys

from bcc import BPF

COMMON = """
typedef unsigned long aio_context_t;

BPF_HASH(begun, u64, u64);
BPF_HISTOGRAM(nanoseconds);
BPF_HASH(refused, u32, u64);

static int begin(u64 key)
{
    u64 now = bpf_ktime_get_ns();

    begun.update(&key, &now);
    return 0;
}

static int end(u64 key)
{
    u64 *then = begun.lookup(&key);

    if (then) {
        nanoseconds.increment(bpf_log2l(bpf_ktime_get_ns() - *then));
        begun.delete(&key);
    }
    return 0;
}

static int setup(s64 result)
{
    if (result < 0)
        refused.increment(bpf_get_current_pid_tgid() >> 32);
    return 0;
}
"""

PROGRAMS = {
    # The two references are the first members of a context, 16 bytes each.
    "full": """
KFUNC_PROBE(kill_ioctx, void *mm, void *context) { return begin((u64)context); }
KFUNC_PROBE(free_ioctx_reqs, void *ref) { return end((u64)ref - 16); }
KRETFUNC_PROBE(__x64_sys_io_setup, void *regs, long result) { return setup(result); }
""",
    "syscall": """
TRACEPOINT_PROBE(syscalls, sys_enter_io_destroy) { return begin(bpf_get_current_pid_tgid()); }
TRACEPOINT_PROBE(syscalls, sys_exit_io_destroy) { return end(bpf_get_current_pid_tgid()); }
TRACEPOINT_PROBE(syscalls, sys_exit_io_setup) { return setup(args->ret); }
""",
}

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
bpf = BPF(text=COMMON + PROGRAMS[sys.argv[1]])
print("attached", flush=True)
signal.sigwait([signal.SIGTERM, signal.SIGINT])
bpf["nanoseconds"].print_log2_hist("ns")
for pid, count in bpf["refused"].items():
    print("refused", pid.value, count.value)
