package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** The packages of this project, and later versions with the same content except in {@link #laterRpm}. */
public final class PackageFiles {
    private static final Path FOLDER = Path.of("target/packages").toAbsolutePath();
    /** Packages for another architecture can be beside them. */
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    private static final String MACHINE = ARM ? "aarch64" : "x86_64";
    private static final String DEB = ARM ? "_arm64.deb" : "_amd64.deb";
    private static final String RPM = "." + MACHINE + ".rpm";
    private static final Path LATER = FOLDER.resolve("later");

    /** A file that the later .rpm no longer contains. */
    static final Path DROPPED = Path.of("/usr/share/doc/aioscope/older-systemd.conf");
    /** A line of the settings file that only the later .rpm contains. */
    static final String NEW_DEFAULT = "# of the later version";

    private PackageFiles() {}

    /** Builds them with little compression, unless they are up to date. */
    public static synchronized void build() throws IOException {
        if (areUpToDate()) {
            return;
        }
        Commands.run("rm", "-rf", LATER.toString());
        Commands.run("packaging/build", "--quick");
        Path unpacked = FOLDER.resolve("unpacked");
        Commands.run("dpkg-deb", "-R", deb().toString(), unpacked.toString());
        Commands.run(
                "sed",
                "-i",
                "s/^Version: .*/&+later/",
                unpacked.resolve("DEBIAN/control").toString());
        Files.createDirectories(LATER);
        Commands.run("dpkg-deb", "--root-owner-group", "-Znone", "-b", unpacked.toString(), LATER.toString());
        makeLaterRpm(unpacked);
        Commands.run("rm", "-r", unpacked.toString());
    }

    /** Builds those for arm64 with little compression. */
    static synchronized void buildForArm64() throws IOException {
        Commands.run("packaging/build", "--quick", "--arch", "arm64");
    }

    private static boolean areUpToDate() throws IOException {
        if (!Files.isDirectory(LATER)) {
            return false;
        }
        String later = laterRpm().toString();
        return Commands.run("find", "target/aioscope.jar", "packaging", "agent", "NOTICE", "-newer", later)
                .isEmpty();
    }

    /** Uses the spec of the .rpm, and moves the files of the .deb to the paths of an .rpm. */
    private static void makeLaterRpm(Path unpacked) throws IOException {
        Commands.run("rm", "-r", unpacked.resolve("DEBIAN").toString());
        Path zsh = unpacked.resolve("usr/share/zsh");
        Files.move(zsh.resolve("vendor-completions"), zsh.resolve("site-functions"));
        Files.delete(unpacked.resolve(Path.of("/").relativize(DROPPED)));
        Files.writeString(
                unpacked.resolve("etc/aioscope/aioscope.yaml"), NEW_DEFAULT + "\n", StandardOpenOption.APPEND);
        String version = Commands.run("rpm", "--query", "--package", "--queryformat", "%{VERSION}", rpm().toString());
        Path work = FOLDER.resolve("rpm");
        Commands.run(
                "rpmbuild",
                "-bb",
                "--quiet",
                "--buildroot=" + FOLDER.resolve("rpm-root"),
                "--define=_topdir " + work,
                "--define=_rpmdir " + LATER,
                "--define=_build_name_fmt %%{NAME}-%%{VERSION}.%%{ARCH}.rpm",
                "--define=version " + version + "+later",
                "--define=stage " + unpacked,
                "--define=project " + Path.of("").toAbsolutePath(),
                "--define=_binary_payload w.ufdio",
                "packaging/rpm/aioscope.spec");
        Commands.run("rm", "-r", work.toString());
    }

    static Path deb() throws IOException {
        return only(FOLDER, DEB);
    }

    static Path tar() throws IOException {
        return only(FOLDER, "-linux-" + MACHINE + ".tar.gz");
    }

    static Path laterDeb() throws IOException {
        return only(LATER, DEB);
    }

    static Path rpm() throws IOException {
        return only(FOLDER, RPM);
    }

    /** Without {@link #DROPPED}, and with {@link #NEW_DEFAULT} in its settings file. */
    static Path laterRpm() throws IOException {
        return only(LATER, RPM);
    }

    private static Path only(Path folder, String kind) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> found =
                    files.filter(file -> file.toString().endsWith(kind)).toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }
}
