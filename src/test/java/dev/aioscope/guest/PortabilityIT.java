package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.CommandResult;
import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packages need of the host only a kernel and glibc 2.17. */
class PortabilityIT {
    private static final Path PACKAGES = Path.of("target/packages");
    private static final Pattern SYMBOL_VERSION = Pattern.compile("\\b(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)\\b");
    private static final Pattern LIBRARY = Pattern.compile("(?m)(/\\S+) \\(0x\\w+\\)$");
    private static final Pattern JAVA_DATE = Pattern.compile("java\\.version\\.date = (\\S+)");

    /** The numbers of machines in ELF files. */
    private static final int X86_64 = 62;

    private static final int AARCH64 = 183;
    private static final int BPF = 247;

    @BeforeAll
    static void build() throws IOException {
        PackageFiles.build();
    }

    @Test
    void needsGlibc217AndFitsArchitecture(@TempDir Path folder) throws IOException {
        for (Path tar : tars()) {
            Path unpacked = unpack(tar, folder);
            int machine = tar.toString().contains("x86_64") ? X86_64 : AARCH64;
            List<Path> files = elfFiles(unpacked);
            assertThat(files)
                    .hasSizeGreaterThan(10)
                    .allSatisfy(file ->
                            assertThat(elfMachine(file)).as(file.toString()).isEqualTo(machine));
            List<String> command = new ArrayList<>(List.of("objdump", "--private-headers", "--dynamic-syms"));
            files.forEach(file -> command.add(file.toString()));
            String symbols = Commands.run(command.toArray(String[]::new));
            List<Integer> minors = new ArrayList<>();
            for (MatchResult version : SYMBOL_VERSION.matcher(symbols).results().toList()) {
                assertThat(version.group(1)).isEqualTo("GLIBC");
                minors.add(Integer.parseInt(version.group(2).split("\\.", -1)[1]));
            }
            assertThat(Collections.max(minors)).isLessThanOrEqualTo(17);
        }
    }

    private static List<Path> tars() throws IOException {
        try (Stream<Path> files = Files.list(PACKAGES)) {
            return files.filter(file -> file.toString().endsWith(".tar.gz")).toList();
        }
    }

    private static Path unpack(Path tar, Path folder) throws IOException {
        Commands.run("tar", "-C", folder.toString(), "-xf", tar.toString());
        return folder.resolve(tar.getFileName().toString().replace(".tar.gz", ""));
    }

    private static List<Path> elfFiles(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> elfMachine(file) != 0)
                    .toList();
        }
    }

    @Test
    void containsNoNativeCodeInJars(@TempDir Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(unpack(PackageFiles.tar(), folder))) {
            for (Path file :
                    files.filter(one -> one.toString().endsWith(".jar")).toList()) {
                try (JarFile jar = new JarFile(file.toFile())) {
                    for (JarEntry entry : Collections.list(jar.entries())) {
                        try (InputStream input = jar.getInputStream(entry)) {
                            assertThat(elfMachine(input)).as(file + " " + entry).isIn(0, BPF);
                        }
                    }
                }
            }
        }
    }

    /** As made by LeanJars, and by the build for aioscope's own. */
    @Test
    void containsOnlyLeanJars(@TempDir Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(unpack(PackageFiles.tar(), folder))) {
            for (Path file :
                    files.filter(one -> one.toString().endsWith(".jar")).toList()) {
                try (JarFile jar = new JarFile(file.toFile())) {
                    for (JarEntry entry : Collections.list(jar.entries())) {
                        assertThat(entry.getMethod()).as(file + " " + entry).isEqualTo(ZipEntry.STORED);
                        if (entry.getName().endsWith(".class")) {
                            try (InputStream input = jar.getInputStream(entry)) {
                                assertThat((int) input.readNBytes(8)[7])
                                        .as(file + " " + entry)
                                        .isGreaterThan(50);
                            }
                        }
                    }
                }
            }
        }
    }

    /** The machine in an ELF file; 0 for other files. */
    private static int elfMachine(Path file) {
        try (InputStream input = Files.newInputStream(file)) {
            return elfMachine(input);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int elfMachine(InputStream input) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(input.readNBytes(20)).order(ByteOrder.LITTLE_ENDIAN);
        return header.limit() == 20 && header.getInt(0) == 0x464c457f ? header.getShort(18) : 0;
    }

    @Test
    void namesEveryBundledJarInNotice() throws IOException {
        String notice = Files.readString(Path.of("NOTICE"));
        try (Stream<Path> jars = Files.list(Path.of("target/lib"))) {
            assertThat(jars.map(jar -> jar.getFileName().toString().replaceFirst("-(jpms-|jvm-)?\\d.*", "")))
                    .allSatisfy(name -> assertThat(notice).contains(name));
        }
    }

    /** A bundled Java misses the security updates of the host. */
    @Test
    void bundlesJavaAtLeastAsNewAsThatOfHost(@TempDir Path folder) throws IOException {
        LocalDate bundled = javaDate(unpack(PackageFiles.tar(), folder).resolve("runtime"));
        for (Path home : JavaVersionsIT.javas()) {
            LocalDate host = javaDate(home);
            assumeTrue(
                    !host.isAfter(bundled),
                    () -> "the packages contain a Java of " + bundled + ", which is older than " + home + " of " + host
                            + ": build them again with a newer one");
        }
    }

    private static LocalDate javaDate(Path home) throws IOException {
        String properties = Commands.run(home.resolve("bin/java").toString(), "-XshowSettings:properties", "-version");
        return JAVA_DATE
                .matcher(properties)
                .results()
                .map(date -> LocalDate.parse(date.group(1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void runsFromTarInRootWithOnlyGlibcAndBusybox(@TempDir Path root) throws IOException {
        assumeRoot();
        Path unpacked = unpack(PackageFiles.tar(), root);
        Set<String> copied = new TreeSet<>();
        List<String> copy = new ArrayList<>(List.of("cp", "--parents", "--dereference", busybox()));
        for (Path file : elfFiles(unpacked)) {
            LIBRARY.matcher(Commands.execute("ldd", file.toString()).output())
                    .results()
                    .map(library -> library.group(1))
                    .filter(library -> !library.startsWith(root.toString()) && copied.add(library))
                    .forEach(copy::add);
        }
        copy.add(root.toString());
        Commands.run(copy.toArray(String[]::new));
        Commands.run("chroot", root.toString(), busybox(), "mkdir", "-p", "/usr/bin", "/proc", "/sys", "/dev", "/tmp");
        Commands.run("chroot", root.toString(), busybox(), "--install", "/usr/bin");
        Commands.run("chroot", root.toString(), busybox(), "ln", busybox(), "/bin/sh");

        assertWorks(root, "/" + root.relativize(unpacked) + "/aioscope");
    }

    private static String busybox() throws IOException {
        Commands.run("packaging/install", "busybox-static");
        return "/bin/busybox";
    }

    /** Takes a minute per release, and downloads it. */
    @ParameterizedTest
    @ValueSource(strings = {"bullseye", "bookworm", "trixie", "sid"})
    @Tag("all")
    void runsFromDebInCleanRootOfDebian(String release, @TempDir Path folder) throws IOException {
        assumeRoot();
        Path root = debian(release, folder);
        Files.copy(PackageFiles.deb(), root.resolve("aioscope.deb"));
        Commands.run(inRoot(root, "dpkg", "--install", "/aioscope.deb"));
        assertWorks(root, "aioscope");
    }

    @Test
    @Tag("all")
    void runsFromRpmInCleanRootWithRpm(@TempDir Path folder) throws IOException {
        assumeRoot();
        Path root = debian("bookworm", folder, "--include=rpm");
        Files.copy(PackageFiles.rpm(), root.resolve("aioscope.rpm"));
        // The database of rpm does not know Debian's glibc.
        Commands.run(inRoot(root, "rpm", "--install", "--nodeps", "--force-debian", "/aioscope.rpm"));
        assertWorks(root, "aioscope");
    }

    private static void assumeRoot() throws IOException {
        assumeTrue(Commands.run("id", "-u").equals("0\n"), "requires root");
    }

    /** A root with Debian's essential packages and apt. */
    private static Path debian(String release, Path folder, String... options) throws IOException {
        Commands.run("packaging/install", "mmdebstrap");
        Path root = folder.resolve(release);
        List<String> command = new ArrayList<>(List.of("mmdebstrap", "--variant=minbase", "--quiet"));
        // Mirrors can lag behind, and the lists of sid are valid for a week only.
        command.add("--aptopt=Acquire::Check-Valid-Until \"false\"");
        command.addAll(List.of(options));
        command.addAll(List.of(release, root.toString()));
        Commands.run(command.toArray(String[]::new));
        return root;
    }

    private static void assertWorks(Path root, String aioscope) throws IOException {
        CommandResult doctor = Commands.execute(inRoot(root, aioscope, "doctor"));
        assertThat(doctor.output())
                .containsPattern("ok core +libbpf \\S+ of the package\n")
                .doesNotContain("WARNING");
        CommandResult demo = Commands.execute(inRoot(root, aioscope, "demo", "--watch"));
        assertThat(demo.output()).contains("Everything was observed.").doesNotContain("WARNING");
        assertThat(demo.status()).isZero();
    }

    /** With the host's kernel and devices. The mounts end with the command. */
    private static String[] inRoot(Path root, String... command) {
        List<String> all = new ArrayList<>(List.of(
                "unshare",
                "--mount",
                "sh",
                "-c",
                "for one in proc sys dev; do mount --rbind /$one \"$0/$one\"; done; exec chroot \"$0\" \"$@\"",
                root.toString(),
                "/usr/bin/env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "DEBIAN_FRONTEND=noninteractive"));
        all.addAll(List.of(command));
        return all.toArray(String[]::new);
    }
}
