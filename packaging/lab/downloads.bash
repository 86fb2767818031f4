# What the lab takes from Debian: tools for this system, and kernels and roots for its cache. `lab` sources this file.
# shellcheck shell=bash
# shellcheck disable=SC2154 # lab sets here, cache, kernel, architecture, flavour, version, root and file_system

# --- tools --------------------------------------------------------------------------------------------------------

install_missing_tools() {
    local packages=()
    command -v qemu-system-x86_64 >/dev/null || packages+=(qemu-system-x86)
    if [[ $architecture == arm64 ]]; then command -v qemu-system-aarch64 >/dev/null || packages+=(qemu-system-arm); fi
    command -v depmod >/dev/null || packages+=(kmod)
    command -v cpio >/dev/null || packages+=(cpio)
    command -v xz >/dev/null || packages+=(xz-utils)
    command -v zstd >/dev/null || packages+=(zstd)
    if [[ $file_system == virtiofs && ! -x $("$here/virtiofs" program) ]]; then packages+=(virtiofsd); fi
    install_packages "${packages[@]}"
}

install_packages() {
    if (($# == 0)); then return; fi
    if ((EUID != 0)); then die "cannot install $*: not root"; fi
    say "installing $*"
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=300) log
    log=$({ "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends \
        "$@"; } 2>&1 </dev/null) || die "cannot install $*: $(reason <<<"$log")"
}

reason() { # the first error in the output of apt or mmdebstrap (stdin), or else the first warning, as one line
    awk '/^E: / && !error { error = substr($0, 4) } /^W: / && !warning { warning = substr($0, 4) }
        END { print error ? error : warning ? warning : "apt gave no reason" }'
}

# Runs packaging/debian for these suites and the guest's architecture.
debian() { # "SUITE..." [STATE apt-get|apt-cache ARGUMENT...]
    local suites=${1// /,}
    shift
    "$here/../debian" deb "$suites" "$architecture" "$@"
}

# --- kernels ------------------------------------------------------------------------------------------------------

# Debian's suites with each kernel, in order of preference: a set of suites in each line.
suites_of() {
    case $1 in
        5.10) echo bullseye bullseye-security ;;
        6.1) echo bookworm bookworm-security ;;
        6.12) printf '%s\n' "trixie trixie-security" "bookworm bookworm-backports" ;;
        6.18) echo trixie trixie-backports ;;
        7) printf '%s\n' "trixie trixie-backports" forky sid ;;
    esac
}

# Prints the images of the kernel in some suites, the newest first.
images() { # "SUITE..." STATE
    debian "$1" "$2" apt-cache pkgnames linux-image- |
        { grep -E "^linux-image-${version//./\\.}\.[0-9][^-]*(-[0-9]+)?-$flavour$" || true; } | sort -V -r
}

# Prints an image and the packages it is split into, from 6.19 on. A dependency that is no package is part of the image.
packages_of() { # IMAGE "SUITE..." STATE
    local package
    echo "$1"
    debian "$2" "$3" apt-cache show --no-all-versions "$1" | sed -n 's/^Depends: //p' | tr ',' '\n' |
        sed -nE 's/^ *(linux-(base|binary|modules)-[0-9][^ ]+).*/\1/p' |
        while read -r package; do
            if debian "$2" "$3" apt-cache show "$package" >/dev/null 2>&1 </dev/null; then echo "$package"; fi
        done
}

download() { # the kernel and busybox, into the folder $1/debs
    local new=$1 state=$1/apt suites images=() image log='' packages
    while ((${#images[@]} == 0)) && read -r suites; do
        log=$(debian "$suites" "$state" apt-get update --error-on=any 2>&1) ||
            die "cannot fetch Linux $kernel from Debian's $suites: $(reason <<<"$log")"
        mapfile -t images < <(images "$suites" "$state")
    done < <(suites_of "$version")
    if ((${#images[@]} == 0)); then
        die "cannot fetch Linux $kernel: Debian has none in $(suites_of "$version" | paste -s -d ' ')"
    fi

    mkdir "$new/debs"
    # A mirror can lack packages of its list.
    for image in "${images[@]}"; do
        mapfile -t packages < <(packages_of "$image" "$suites" "$state" && echo "busybox-static/${suites%% *}")
        log=$(cd "$new/debs" && debian "$suites" "$state" apt-get download "${packages[@]}" 2>&1) && return
    done
    die "cannot fetch ${packages[*]}: $(reason <<<"$log")"
}

unpack() { # leaves vmlinuz, vmlinux, release, busybox and usr/lib/modules/RELEASE in the folder
    local new=$1 deb release
    mkdir -p "$new/unpacked" "$new/usr/lib/modules"
    for deb in "$new"/debs/*.deb; do dpkg-deb -x "$deb" "$new/unpacked"; done
    find "$new/unpacked" -path '*/bin/busybox' -exec mv {} "$new/busybox" \;
    # Newer packages have both in /usr/lib/modules.
    find "$new/unpacked" \( -path '*/boot/vmlinuz-*' -o -path '*/lib/modules/*/vmlinuz' \) -exec mv {} "$new/vmlinuz" \;
    find "$new/unpacked" -path '*/lib/modules/*' -prune -exec mv {} "$new/usr/lib/modules/" \;
    release=$(ls "$new/usr/lib/modules")
    ln -s usr/lib "$new/lib" # depmod and modprobe use one or the other
    depmod -b "$new" "$release"
    echo "$release" >"$new/release"
    unpack_kernel "$new/vmlinuz" >"$new/vmlinux"
}

# Prints the kernel inside a compressed image. QEMU starts it directly; a compressed image would unpack itself in emulation,
# which takes 1 to 6 seconds.
unpack_kernel() {
    local image=$1 sectors offset length start
    if [[ $architecture == arm64 ]]; then cat "$image" && return; fi # Debian does not compress it
    # The kernel's Documentation/arch/x86/boot.rst has the header's fields.
    sectors=$(od -An -t u1 -j $((0x1f1)) -N 1 "$image")
    read -r offset length < <(od -An -t u4 -j $((0x248)) -N 8 "$image")
    start=$(((sectors + 1) * 512 + offset))
    payload() { dd if="$image" bs=64K iflag=skip_bytes,count_bytes skip="$start" count="$1" status=none; }
    case $(od -An -t x1 -j "$start" -N 4 "$image") in
        " fd 37 7a 58") payload "$length" | xz -dc --single-stream ;;
        " 28 b5 2f fd") payload $((length - 4)) | zstd -qdc ;; # the last four bytes are the unpacked size
        *) die "cannot unpack the kernel in $image: unknown compression" ;;
    esac
}

# Builds the part of the initramfs that all runs share: busybox and the modules in load order.
build_initramfs() {
    local new=$1 release root=$1/initramfs module modules=(virtio_pci virtio_console overlay)
    # What the guest needs before it sees the host's files: the output ports, and the file systems of its root.
    if [[ $file_system == 9p ]]; then modules+=(9pnet_virtio 9p); else modules+=("$file_system"); fi
    release=$(<"$new/release")
    mkdir -p "$root"/{bin,modules}
    mv "$new/busybox" "$root/bin/busybox"
    modprobe -C /dev/null -d "$new" -S "$release" -a --show-depends "${modules[@]}" |
        awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
        while read -r module; do
            case $module in
                *.xz) xz -dc "$module" ;;
                *.zst) zstd -qdc "$module" ;;
                *) cat "$module" ;;
            esac >"$root/modules/$(basename "${module%%.ko*}").ko"
            echo "$(basename "${module%%.ko*}").ko" >>"$root/modules/order"
        done
    pack "$root" >"$new/initramfs.cpio"
}

pack() { (cd "$1" && find . | cpio -o -H newc --quiet -R 0:0); }

fetch_kernel() {
    local new lock
    if [[ -e $cache/$kernel ]]; then return; fi
    install_missing_tools
    mkdir -p "$(dirname "$cache/$kernel")"
    exec {lock}>"$cache/.lock-${kernel/\//-}"
    flock "$lock"
    if [[ ! -e $cache/$kernel ]]; then # not fetched by another process while this one waited for the lock
        say "fetching Linux $kernel"
        new=$cache/.new-${kernel/\//-}
        rm -rf "$new" # what an interrupted fetch left behind
        mkdir "$new"
        download "$new"
        unpack "$new"
        build_initramfs "$new"
        rm -rf "$new"/{apt,debs,unpacked,initramfs}
        mv "$new" "$cache/$kernel"
    fi
    exec {lock}>&-
}

# --- roots --------------------------------------------------------------------------------------------------------

root_folder() { echo "$cache/roots/$architecture/$root"; }

fetch_root() {
    local new lock
    if [[ -e $(root_folder) ]]; then return; fi
    command -v mmdebstrap >/dev/null || install_packages mmdebstrap
    mkdir -p "$cache/roots/$architecture"
    exec {lock}>"$cache/roots/.lock-$architecture-$root"
    flock "$lock"
    if [[ ! -e $(root_folder) ]]; then
        say "fetching $root for $architecture"
        new=$cache/roots/.new-$architecture-$root
        rm -rf "$new"
        make_root "$new"
        mv "$new" "$(root_folder)"
    fi
    exec {lock}>&-
}

# Installs Debian's essential packages and apt, and in a root whose name ends with "-tools" what the guest tests need.
make_root() { # FOLDER
    local new=$1 suites packages=(apt) variant=minbase log
    case $root in
        debian11*) suites="bullseye bullseye-security" ;;
        debian12*) suites="bookworm bookworm-security" ;;
        debian13*) suites="trixie trixie-security" ;;
        sid*) suites=sid ;;
    esac
    if [[ $root == *-tools ]]; then read -r -a packages < <(tools_of "$root"); fi
    # This system cannot run the packages' scripts for another architecture, so the packages are only unpacked.
    if [[ $architecture != "$(dpkg --print-architecture)" ]]; then variant=extract packages+=('?essential'); fi

    log=$(debian "$suites" |
        mmdebstrap --mode=root --architectures="$architecture" --variant="$variant" "${packages[@]/#/--include=}" \
            --hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr --aptopt='APT::Sandbox::User "root"' \
            --aptopt='Acquire::Check-Valid-Until "false"' "${suites%% *}" "$new" - 2>&1) ||
        die "cannot fetch $root for $architecture: $(reason <<<"$log")"
    if [[ $variant == extract ]]; then finish_unpacked_root "$new"; fi
}

tools_of() { # ROOT
    local tools="bpftool dmsetup e2fsprogs fio kmod mariadb-server-core mount procps rpm udev libbpfcc"
    case $1 in
        debian11*) echo "$tools libbpf0 openjdk-17-jdk-headless" ;;
        debian12*) echo "$tools libbpf1 openjdk-17-jdk-headless" ;;
        *) echo "$tools libbpf1 default-jdk-headless" ;;
    esac
}

# Does what the scripts of the packages would do, as far as the tests need it.
finish_unpacked_root() { # FOLDER
    local new=$1 program
    cp "$new"/usr/share/base-passwd/passwd.master "$new/etc/passwd"
    cp "$new"/usr/share/base-passwd/group.master "$new/etc/group"
    if [[ ! -e $new/bin/sh ]]; then ln -s dash "$new/bin/sh"; fi
    ln -s mawk "$new/usr/bin/awk"
    for program in "$new"/usr/lib/jvm/java-*/bin/*; do
        if [[ -e $program ]]; then ln -sf "${program#"$new"}" "$new/usr/bin/"; fi
    done
}
