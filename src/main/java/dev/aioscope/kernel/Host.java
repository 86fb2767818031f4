package dev.aioscope.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What the running kernel says of itself, read anew at each call. */
public final class Host {
    /** The capabilities that matter here, by their number in the kernel. */
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

    /** What the kernel's build has written into it, its build id above all; empty if that cannot be read. */
    public static byte[] notes() {
        try {
            return Files.readAllBytes(Path.of("/sys/kernel/notes"));
        } catch (IOException e) {
            return new byte[0];
        }
    }

    /** Whether the release is this one or a newer one; also if its number cannot be read. */
    public static boolean isAtLeast(int major, int minor) {
        Matcher matcher = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})").matcher(release());
        return !matcher.lookingAt()
                || Integer.parseInt(matcher.group(1)) > major
                || (Integer.parseInt(matcher.group(1)) == major && Integer.parseInt(matcher.group(2)) >= minor);
    }

    /** One more than the highest number that a CPU of this host can have. */
    public static int possibleCpus() {
        String range = read("/sys/devices/system/cpu/possible").orElse("0");
        String last = range.substring(Math.max(range.lastIndexOf('-'), range.lastIndexOf(',')) + 1);
        try {
            return Integer.parseInt(last) + 1;
        } catch (NumberFormatException e) {
            return Runtime.getRuntime().availableProcessors();
        }
    }

    /** Timer interrupts a second (CONFIG_HZ), as the configuration in /boot tells; empty where it is not there. */
    public static Optional<Integer> hz() {
        try (Stream<String> lines = Files.lines(Path.of("/boot/config-" + release()))) {
            return lines.filter(line -> line.matches("CONFIG_HZ=\\d{1,6}"))
                    .map(line -> Integer.parseInt(line.substring("CONFIG_HZ=".length())))
                    .findFirst();
        } catch (IOException | UncheckedIOException e) {
            return Optional.empty();
        }
    }

    /** Whether the kernel carries its own type information, which the probes need. */
    public static boolean hasBtf() {
        return Files.isReadable(Path.of("/sys/kernel/btf/vmlinux"));
    }

    /** {@code none}, {@code integrity} or {@code confidentiality}; empty where securityfs does not tell. */
    public static Optional<String> lockdown() {
        return read("/sys/kernel/security/lockdown").flatMap(line -> {
            int open = line.indexOf('[');
            int close = line.indexOf(']');
            return open >= 0 && close > open ? Optional.of(line.substring(open + 1, close)) : Optional.empty();
        });
    }

    /** Whether this process may use the capability now. */
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

    /** {@code fs.aio-nr}; empty on a kernel without CONFIG_AIO. */
    public static Optional<Long> aioNr() {
        return read("/proc/sys/fs/aio-nr").map(Long::parseLong);
    }

    /** {@code fs.aio-max-nr}; empty on a kernel without CONFIG_AIO. */
    public static Optional<Long> aioMaxNr() {
        return read("/proc/sys/fs/aio-max-nr").map(Long::parseLong);
    }

    /** The text of a small file, 64 KiB at most, without its last newline; empty if it cannot be read. */
    public static Optional<String> read(String path) {
        // Not Files.readString: it begins with one byte where the size is 0, and a number in /proc/sys is only given
        // to the first read.
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            return Optional.of(new String(in.readNBytes(1 << 16), StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
