package dev.aioscope.kernel;

import dev.aioscope.event.UnsignedNumber;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Facts about the running kernel and this process; each call reads them again. */
public final class Host {
    /** The first UTS namespace (PROC_UTS_INIT_INO in include/linux/proc_ns.h). */
    private static final String UTS_NAMESPACE = "uts:[4026531838]";

    /** The capabilities that aioscope uses, with their numbers in the kernel. */
    public enum Capability {
        CAP_SYS_PTRACE(19),
        CAP_SYS_ADMIN(21),
        CAP_SYS_RESOURCE(24),
        CAP_SYSLOG(34),
        CAP_PERFMON(38),
        CAP_BPF(39);

        private final int bit;

        Capability(int bit) {
            this.bit = bit;
        }
    }

    private Host() {}

    /** The name of the architecture as in the folders of the compiled probes: {@code x86_64} or {@code aarch64}. */
    public static String architecture() {
        String name = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        return name.equals("amd64") ? "x86_64" : name.equals("arm64") ? "aarch64" : name;
    }

    /** The kernel's release, as {@code uname -r} prints it. */
    public static String release() {
        return read("/proc/sys/kernel/osrelease").orElse("unknown");
    }

    /** The kernel's notes, which contain its build id; empty if unreadable. */
    public static byte[] notes() {
        try {
            return Files.readAllBytes(Path.of("/sys/kernel/notes"));
        } catch (IOException e) {
            return new byte[0];
        }
    }

    /** One more than the highest possible CPU number of this host. */
    public static int possibleCpus() {
        String range = read("/sys/devices/system/cpu/possible").orElse("0");
        String last = range.substring(Math.max(range.lastIndexOf('-'), range.lastIndexOf(',')) + 1);
        try {
            return Integer.parseInt(last) + 1;
        } catch (NumberFormatException e) {
            return Runtime.getRuntime().availableProcessors();
        }
    }

    /**
     * Whether BPF maps and programs count against the limit on locked memory, as before 5.11. Kernels since then have a
     * helper that came with the change; libbpf decides by it too. False without BTF: then there are no probes.
     */
    public static boolean limitsBpfMemory() {
        try {
            return Btf.ofKernel()
                    .enumerator("bpf_func_id", "BPF_FUNC_ktime_get_coarse_ns")
                    .isEmpty();
        } catch (BtfException e) {
            return false;
        }
    }

    /** Number of CPUs that are online. */
    public static int onlineCpus() {
        int cpus = 0;
        for (String range : read("/sys/devices/system/cpu/online").orElse("").split(",", -1)) {
            Matcher matcher = Pattern.compile("(\\d{1,6})(?:-(\\d{1,6}))?").matcher(range);
            if (matcher.matches()) {
                String last = matcher.group(2) == null ? matcher.group(1) : matcher.group(2);
                cpus += Integer.parseInt(last) - Integer.parseInt(matcher.group(1)) + 1;
            }
        }
        return cpus > 0 ? cpus : Runtime.getRuntime().availableProcessors();
    }

    /** Timer interrupts per second (CONFIG_HZ) from the kernel configuration in /boot; empty if that is missing. */
    public static Optional<Integer> hz() {
        try (Stream<String> lines = Files.lines(Path.of("/boot/config-" + release()))) {
            return lines.filter(line -> line.matches("CONFIG_HZ=\\d{1,6}"))
                    .map(line -> Integer.parseInt(line.substring("CONFIG_HZ=".length())))
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    /** Whether the kernel has readable type information (BTF), which the probes need. */
    public static boolean hasBtf() {
        return Files.isReadable(Path.of("/sys/kernel/btf/vmlinux"));
    }

    /** {@code none}, {@code integrity} or {@code confidentiality}; empty if securityfs does not show it. */
    public static Optional<String> lockdown() {
        return read("/sys/kernel/security/lockdown").flatMap(line -> {
            int open = line.indexOf('[');
            int close = line.indexOf(']');
            return open >= 0 && close > open ? Optional.of(line.substring(open + 1, close)) : Optional.empty();
        });
    }

    /** Whether this process has the capability in its effective set. */
    public static boolean has(Capability capability) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("CapEff:")) {
                    long effective = Long.parseUnsignedLong(line.substring(7).strip(), 16);
                    return (effective >>> capability.bit & 1) != 0;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return false;
        }
        return false;
    }

    /** Whether the kernel has this capability; true if it does not say. */
    public static boolean knows(Capability capability) {
        return read("/proc/sys/kernel/cap_last_cap")
                .filter(last -> last.matches("\\d{1,3}"))
                .map(last -> Integer.parseInt(last) >= capability.bit)
                .orElse(true);
    }

    /** Whether this process is in another user namespace than the initial one, where its capabilities count less. */
    public static boolean isInUserNamespace() {
        return read("/proc/self/uid_map")
                .map(map -> !map.strip().matches("0\\s+0\\s+4294967295"))
                .orElse(false);
    }

    /** Whether the files here name a distribution, as all but minimal images do. */
    public static boolean isDistributionNamed() {
        return Files.isReadable(Path.of("/etc/os-release"));
    }

    /** Whether the files of this process are those of the host; false in a container, where they are those of an image. */
    public static boolean hasRootOfHost() {
        return PidNamespace.read().equals(PidNamespace.HOSTS)
                && read("/proc/self/mountinfo")
                        .flatMap(Host::root)
                        .equals(read("/proc/1/mountinfo").flatMap(Host::root));
    }

    /** Whether {@code /proc/sys/kernel/hostname} is the name of the host, and not that of a container or pod. */
    public static boolean hasNameOfHost() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/uts"))
                    .toString()
                    .equals(UTS_NAMESPACE);
        } catch (IOException e) {
            return true; // The kernel has no such namespaces.
        }
    }

    /** Device and folder of the topmost mount of the root in this mountinfo. */
    static Optional<String> root(String mountinfo) {
        return mountinfo
                .lines()
                .map(line -> line.split(" ", 6))
                .filter(fields -> fields.length == 6 && fields[4].equals("/"))
                .map(fields -> fields[2] + " " + fields[3])
                .reduce((below, above) -> above);
    }

    /** Whether a seccomp filter checks the system calls of this process. */
    public static boolean hasSeccompFilter() {
        return read("/proc/self/status")
                .map(status -> status.contains("\nSeccomp:\t2"))
                .orElse(false);
    }

    /** The soft limit of this process, as {@code /proc/self/limits} names it; empty if that is unreadable. */
    public static Optional<String> limit(String name) {
        return read("/proc/self/limits").flatMap(text -> {
            Matcher matcher = Pattern.compile("(?m)^" + name + " +(\\S+)").matcher(text);
            return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
        });
    }

    /** How many more files this process can open; empty if that is unknown or unlimited. */
    public static Optional<Long> freeDescriptors() {
        String[] open = new File("/proc/self/fd").list();
        return limit("Max open files")
                .filter(limit -> open != null && limit.matches("\\d{1,18}"))
                .map(limit -> Long.parseLong(limit) - Objects.requireNonNull(open).length);
    }

    /** {@code fs.aio-nr}; empty on a kernel without CONFIG_AIO, and if it is unreadable. */
    public static Optional<BigInteger> aioNr() {
        return read("/proc/sys/fs/aio-nr").flatMap(UnsignedNumber::parse);
    }

    /** {@code fs.aio-max-nr}; empty on a kernel without CONFIG_AIO, and if it is unreadable. */
    public static Optional<BigInteger> aioMaxNr() {
        return read("/proc/sys/fs/aio-max-nr").flatMap(UnsignedNumber::parse);
    }

    /** The text of a small file, 64 KiB at most, without its last newline; empty if it cannot be read. */
    public static Optional<String> read(String path) {
        // Not Files.readString: for size 0 it reads one byte first, and /proc/sys returns a number to the first read
        // only.
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            return Optional.of(new String(in.readNBytes(1 << 16), StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
