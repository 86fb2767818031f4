package dev.aioscope.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Resolves a path to the cgroup ID, which is the inode of the directory. */
public final class CgroupConverter implements ITypeConverter<Long> {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    @Override
    public Long convert(String text) {
        if (text.matches("\\d{1,18}")) {
            return Long.parseLong(text);
        }
        Path path = Path.of(text);
        Path directory = path.startsWith(ROOT) ? path : ROOT.resolve(path.isAbsolute() ? text.substring(1) : text);
        try {
            if (Files.isRegularFile(directory.resolve("cgroup.procs"))) {
                return (Long) Files.getAttribute(directory, "unix:ino");
            }
        } catch (IOException | UnsupportedOperationException e) {
            // Reported below.
        }
        throw new TypeConversionException("expected a cgroup below " + ROOT + " or its ID, got '" + text + "'");
    }
}
