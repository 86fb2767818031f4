#!/bin/sh
# Compiles the BPF programs for each architecture: build.sh OUTPUT_DIRECTORY
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
CLANG=${CLANG:-clang}
LLVM_STRIP=${LLVM_STRIP:-llvm-strip}

missing() {
    echo "aioscope: cannot build the BPF programs: $1 not found" >&2
    echo "hint: install clang llvm libbpf-dev" >&2
    exit 1
}
command -v "$CLANG" >/dev/null || missing "$CLANG"
command -v "$LLVM_STRIP" >/dev/null || missing "$LLVM_STRIP"
echo '#include <bpf/bpf_helpers.h>' | "$CLANG" -target bpf -M -MG -E -x c - -o - 2>/dev/null | grep -q '/bpf/bpf_helpers.h' ||
    missing "bpf/bpf_helpers.h"

# Relative paths make the objects independent of the location of the checkout.
cd "$here/.."
compile() { # OBJECT ARCHITECTURE [OPTION...]
    object=$1 architecture=$2
    shift 2
    mkdir -p "${object%/*}"
    "$CLANG" -target bpf -O2 -g -mcpu=v3 "-D__TARGET_ARCH_$architecture" "$@" -Wall -Werror \
        "-ffile-prefix-map=$PWD=." -Iprobes -c probes/aioscope.bpf.c -o "$object"
    "$LLVM_STRIP" -g "$object"
}
for target in x86_64:x86 aarch64:arm64; do
    compile "$out/${target%:*}/aioscope.bpf.o" "${target#*:}"
    compile "$out/${target%:*}/aioscope-without-kernel-functions.bpf.o" "${target#*:}" -DWITHOUT_KERNEL_FUNCTIONS
    compile "$out/${target%:*}/aioscope-without-ring-buffer.bpf.o" "${target#*:}" -DWITHOUT_RING_BUFFER
done
