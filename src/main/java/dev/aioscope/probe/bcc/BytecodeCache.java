package dev.aioscope.probe.bcc;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.probe.ProbeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What libbcc has compiled, kept so that the next start compiles nothing. It goes into the kernel with all the rights of
 * aioscope: so it is only taken from a folder and a file that nobody but root and the user of this process could have
 * written to. If anything is wrong with it the probes are compiled again; the cache never stops a start.
 */
final class BytecodeCache {
    /** Where the bytecode is kept, unless told otherwise. */
    static final Path FOLDER = Path.of("/var/cache/aioscope");

    private static final Logger LOG = Logger.getLogger(BytecodeCache.class.getName());
    private static final String SUFFIX = ".bytecode";
    private static final int MOST_FILES = 4;
    private static final long MOST_BYTES = 8 << 20;
    private static final Set<PosixFilePermission> OF_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path folder;

    BytecodeCache(Path folder) {
        this.folder = folder;
    }

    /**
     * The kept bytecode that was compiled from this source, for the running kernel, by the libbcc that is installed; else
     * it is compiled now, and kept.
     *
     * @throws ProbeException if there is none and none can be compiled
     */
    Bytecode get(SourceCode source) {
        Path file = folder.resolve(key(source) + SUFFIX);
        Bytecode kept = read(file);
        if (kept != null) {
            return kept;
        }
        Bytecode compiled = Compiler.compile();
        keep(compiled, file);
        return compiled;
    }

    /** The name for what is compiled here: the kernel's build (its build id stands in its notes) and the source. */
    static String key(SourceCode source) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Host.release().getBytes(StandardCharsets.UTF_8));
            digest.update(Host.read("/proc/sys/kernel/version").orElse("").getBytes(StandardCharsets.UTF_8));
            digest.update(Host.notes());
            digest.update(source.everything().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private @Nullable Bytecode read(Path file) {
        try {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return null;
            }
            checkFolder();
            check(file);
            Bytecode kept = Bytecode.of(bytes(file));
            return kept.libbcc().equals(LibBcc.identity(Path.of(LibBcc.file(kept.libbcc())))) ? kept : null;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "The kept bytecode of the probes is not used, they are compiled again: {0}", why(e));
            return null;
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return in.readNBytes((int) MOST_BYTES);
        }
    }

    /** Complete or not at all, and whoever is last wins: two that start at once write the same. */
    private void keep(Bytecode bytecode, Path file) {
        Path unfinished = null;
        try {
            Files.createDirectories(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            checkFolder();
            unfinished = Files.createTempFile(folder, "unfinished", SUFFIX);
            Files.write(unfinished, bytecode.bytes());
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            unfinished = null;
            deleteOldest();
        } catch (IOException e) {
            LOG.log(Level.INFO, "The next start compiles the probes again; this one''s cannot be kept: {0}", why(e));
        } finally {
            if (unfinished != null) {
                unfinished.toFile().delete();
            }
        }
    }

    private static String why(IOException e) {
        return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
    }

    private void deleteOldest() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(folder)) {
            all.filter(file -> file.toString().endsWith(SUFFIX)).forEach(files::add);
        }
        files.sort(Comparator.comparing(BytecodeCache::time).reversed());
        for (Path file : files.subList(Math.min(MOST_FILES, files.size()), files.size())) {
            Files.deleteIfExists(file);
        }
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            return FileTime.fromMillis(0); // another start has deleted it
        }
    }

    /** The folder and all above it: whoever may write to one of those could put another folder in its place. */
    private void checkFolder() throws IOException {
        for (Path part = folder.toRealPath(); part != null; part = part.getParent()) {
            // In a folder with the sticky bit, as /tmp, nobody can replace what is another's.
            boolean isSticky = ((int) Files.getAttribute(part, "unix:mode") & 01000) != 0;
            if (!isSticky || part.equals(folder.toRealPath())) {
                check(part);
            }
        }
    }

    private static void check(Path path) throws IOException {
        int owner = (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        if (Files.isSymbolicLink(path)) {
            throw new IOException(path + " is a symbolic link; delete it");
        }
        if (owner != 0 && owner != Libc.geteuid()) {
            throw new IOException(path + " belongs to user " + owner + "; delete it, or chown it to root");
        }
        if (OF_OTHERS.stream().anyMatch(permissions::contains)) {
            throw new IOException("others than its owner may write to " + path + "; chmod go-w it");
        }
    }
}
