package dev.aioscope.diagnosis;

import dev.aioscope.kernel.PidNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The host's files, which are not those of this process in a container or below a chroot. Paths are the host's. */
final class HostFiles {
    private static final int MAX_LINKS = 40;

    private final Path root;

    private HostFiles(Path root) {
        this.root = root;
    }

    /** Files below this root; links in them lead to other files below it. */
    static HostFiles below(Path root) {
        return new HostFiles(root);
    }

    /**
     * The files of process 1, in the pid namespace of the host.
     *
     * @throws IOException if this process cannot reach them; the message names what is closed to it
     */
    static HostFiles open() throws IOException {
        if (!PidNamespace.read().isHostsInProc()) {
            throw new FileSystemException("/proc/1/root", null, "this pid namespace is not the host's");
        }
        return open(Path.of("/proc"), Path.of("/"));
    }

    /** As {@link #open()}, with another /proc and another root of this process. */
    static HostFiles open(Path proc, Path own) throws IOException {
        Path host = proc.resolve("1/root");
        try {
            return new HostFiles(Files.isSameFile(own, host) ? own : host);
        } catch (IOException e) {
            // Only the same user and CAP_SYS_PTRACE can follow this link, but every user can read mountinfo.
            Optional<String> mounted = rootMount(proc.resolve("1/mountinfo"));
            if (mounted.isPresent() && mounted.equals(rootMount(proc.resolve("self/mountinfo")))) {
                return new HostFiles(own);
            }
            throw e;
        }
    }

    /** Device and directory of the topmost mount on the root; empty if unreadable, or below a chroot. */
    private static Optional<String> rootMount(Path mountinfo) {
        try {
            return Files.readAllLines(mountinfo, StandardCharsets.ISO_8859_1).stream()
                    .map(line -> line.split(" ", -1))
                    .filter(fields -> fields.length > 4 && fields[4].equals("/"))
                    .map(fields -> fields[2] + " " + fields[3])
                    .reduce((lower, upper) -> upper);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Names of the directory's entries, without links that lead nowhere; none if there is no such directory. */
    List<String> names(String directory) throws IOException {
        try (Stream<Path> entries = Files.list(resolve(directory))) {
            List<String> names = new ArrayList<>();
            for (Path entry : (Iterable<Path>) entries::iterator) {
                String name = entry.getFileName().toString();
                if (!leadsNowhere(directory + "/" + name)) {
                    names.add(name);
                }
            }
            return names;
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (UncheckedIOException e) {
            throw new IOException(e);
        }
    }

    private boolean leadsNowhere(String path) {
        try {
            return Files.notExists(resolve(path));
        } catch (IOException e) {
            return false;
        }
    }

    /** The lines of a file; none if it does not exist, or is no regular file, such as a link to /dev/null. */
    List<String> lines(String file) throws IOException {
        try {
            Path path = resolve(file);
            return Files.readAttributes(path, BasicFileAttributes.class).isRegularFile()
                    ? Files.readAllLines(path, StandardCharsets.ISO_8859_1)
                    : List.of();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    boolean hasDirectory(String path) {
        try {
            return Files.isDirectory(resolve(path));
        } catch (IOException e) {
            return false;
        }
    }

    /** Follows links below the root: the kernel would follow an absolute one from the root of this process. */
    private Path resolve(String path) throws IOException {
        Deque<String> rest = new ArrayDeque<>(Arrays.asList(path.substring(1).split("/", -1)));
        Path at = root;
        int links = 0;
        while (!rest.isEmpty()) {
            String name = rest.pop();
            Path next = name.equals("..") ? parent(at) : at.resolve(name);
            if (!Files.isSymbolicLink(next)) {
                at = next;
                continue;
            }
            if (++links > MAX_LINKS) {
                throw new FileSystemLoopException(path);
            }
            Path target = Files.readSymbolicLink(next);
            at = target.isAbsolute() ? root : at;
            for (int i = target.getNameCount() - 1; i >= 0; i--) {
                rest.push(target.getName(i).toString());
            }
        }
        return at;
    }

    private Path parent(Path path) {
        Path parent = path.getParent();
        return path.equals(root) || parent == null ? root : parent;
    }

    /** An object that is not readable, and the reason. */
    static String unreadable(String object, IOException failure) {
        String reason = failure instanceof FileSystemException file ? file.getReason() : failure.getMessage();
        String text = failure instanceof AccessDeniedException
                ? "permission denied"
                : failure instanceof FileSystemLoopException ? "too many symbolic links" : reason;
        return text == null
                ? object
                : object + " (" + text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1) + ")";
    }
}
