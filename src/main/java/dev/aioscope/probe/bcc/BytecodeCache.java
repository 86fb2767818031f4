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
 * Keeps bytecode from libbcc for the next start. The bytecode runs in the kernel with all privileges of aioscope, so the
 * cache reads only files and directories that nobody but root and the user of this process can write to. On any error it
 * compiles the probes again.
 */
final class BytecodeCache {
    /** The default directory. */
    static final Path DIRECTORY = Path.of("/var/cache/aioscope");

    private static final Logger LOG = Logger.getLogger(BytecodeCache.class.getName());
    private static final String SUFFIX = ".bytecode";
    private static final int MAX_FILES = 4;
    private static final long MAX_BYTES = 8 << 20;
    private static final Set<PosixFilePermission> WRITABLE_BY_OTHERS =
            Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    private final Path directory;

    BytecodeCache(Path directory) {
        this.directory = directory;
    }

    /**
     * Returns the bytecode of this source for the running kernel and the installed libbcc. Compiles and keeps it if the cache
     * does not have it.
     *
     * @throws ProbeException if it cannot compile
     */
    Bytecode get(SourceCode source) {
        Path file = directory.resolve(key(source) + SUFFIX);
        Bytecode kept = read(file);
        if (kept != null) {
            return kept;
        }
        Bytecode compiled = Compiler.compile();
        keep(compiled, file);
        return compiled;
    }

    /** The name of the file: a hash of the kernel's build (its notes have its build id) and the source. */
    static String key(SourceCode source) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Host.release().getBytes(StandardCharsets.UTF_8));
            digest.update(Host.read("/proc/sys/kernel/version").orElse("").getBytes(StandardCharsets.UTF_8));
            digest.update(Host.notes());
            digest.update(source.everything().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Java has no SHA-256", e);
        }
    }

    private @Nullable Bytecode read(Path file) {
        try {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                return null;
            }
            checkDirectory();
            check(file);
            Bytecode kept = Bytecode.of(bytes(file));
            return kept.libbcc().equals(LibBcc.identity(Path.of(LibBcc.file(kept.libbcc())))) ? kept : null;
        } catch (IOException e) {
            LOG.log(Level.WARNING, "Compiling the probes again: cannot use the cached bytecode: {0}", reason(e));
            return null;
        }
    }

    private static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            return in.readNBytes((int) MAX_BYTES);
        }
    }

    /** Writes all or nothing; concurrent starts write the same content. */
    private void keep(Bytecode bytecode, Path file) {
        Path partial = null;
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            checkDirectory();
            partial = Files.createTempFile(directory, "partial", SUFFIX);
            Files.write(partial, bytecode.bytes());
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
            partial = null;
            deleteOldest();
        } catch (IOException e) {
            LOG.log(Level.INFO, "The next start compiles the probes again: cannot keep the bytecode: {0}", reason(e));
        } finally {
            if (partial != null) {
                partial.toFile().delete();
            }
        }
    }

    private static String reason(IOException e) {
        return e.getClass() == IOException.class ? String.valueOf(e.getMessage()) : e.toString();
    }

    private void deleteOldest() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(directory)) {
            all.filter(file -> file.toString().endsWith(SUFFIX)).forEach(files::add);
        }
        files.sort(Comparator.comparing(BytecodeCache::time).reversed());
        for (Path file : files.subList(Math.min(MAX_FILES, files.size()), files.size())) {
            Files.deleteIfExists(file);
        }
    }

    private static FileTime time(Path file) {
        try {
            return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            return FileTime.fromMillis(0); // another start deleted it
        }
    }

    /** Checks the directory and its parents: a user who can write to one of them could replace it. */
    private void checkDirectory() throws IOException {
        for (Path part = directory.toRealPath(); part != null; part = part.getParent()) {
            // In a directory with the sticky bit, such as /tmp, users cannot replace files of others.
            boolean isSticky = ((int) Files.getAttribute(part, "unix:mode") & 01000) != 0;
            if (!isSticky || part.equals(directory.toRealPath())) {
                check(part);
            }
        }
    }

    private static void check(Path path) throws IOException {
        int owner = (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS);
        if (Files.isSymbolicLink(path)) {
            throw new IOException(path + " is a symbolic link (hint: delete it)");
        }
        if (owner != 0 && owner != Libc.geteuid()) {
            throw new IOException(path + " belongs to user " + owner + " (hint: delete it, or chown it to root)");
        }
        if (WRITABLE_BY_OTHERS.stream().anyMatch(permissions::contains)) {
            throw new IOException("other users can write to " + path + " (hint: chmod go-w " + path + ")");
        }
    }
}
