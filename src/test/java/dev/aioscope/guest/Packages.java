package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The .deb and the .rpm of this project, and a .deb of a later version with the same in it. */
final class Packages {
    private static final Path FOLDER = Path.of("target/packages").toAbsolutePath();
    private static final Path LATER = FOLDER.resolve("later");

    private Packages() {}

    /** Makes them, hardly compressed. */
    static void build() throws IOException {
        Command.run("packaging/build", "--quick", "deb", "rpm");
        Path unpacked = FOLDER.resolve("unpacked");
        Command.run("dpkg-deb", "-R", deb().toString(), unpacked.toString());
        Command.run(
                "sed",
                "-i",
                "s/^Version: .*/&+later/",
                unpacked.resolve("DEBIAN/control").toString());
        Files.createDirectories(LATER);
        Command.run("dpkg-deb", "--root-owner-group", "-Znone", "-b", unpacked.toString(), LATER.toString());
        Command.run("rm", "-r", unpacked.toString());
    }

    static Path deb() throws IOException {
        return only(FOLDER, ".deb");
    }

    static Path later() throws IOException {
        return only(LATER, ".deb");
    }

    static Path rpm() throws IOException {
        return only(FOLDER, ".rpm");
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
