package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code src/test/programs/build} builds once on each machine for the tests, which takes some minutes. */
public enum BuiltProgram {
    OTELCOL,
    JAEGER,
    PROMTOOL,
    GRAFANA,
    HELM,
    KAFKA,
    AXE;

    private static final Path BUILD = Path.of("src/test/programs/build").toAbsolutePath();
    /** The exit status of {@code build} if this machine lacks a requirement. */
    private static final int CANNOT = 3;

    /** The builds take some ten minutes of CPU time, and CI runs virtual machines beside them. */
    private static final Duration BUILD_LIMIT = Duration.ofMinutes(80);

    @SuppressWarnings("ImmutableEnumChecker") // Set once, under the lock of the constant.
    private Result result;

    /** The path, or why there is none. */
    private record Result(Optional<Path> path, Optional<String> reason) {}

    /** Why this machine cannot run it; empty if it can. Builds it if necessary. */
    public Optional<String> unavailable() {
        return result().reason();
    }

    /** The binary, or its folder. */
    public Path path() {
        return result().path()
                .orElseThrow(() -> new IllegalStateException(unavailable().orElseThrow()));
    }

    private synchronized Result result() {
        if (result == null) {
            result = build(name().toLowerCase(Locale.ROOT));
        }
        return result;
    }

    private static Result build(String program) {
        try {
            Path out = Files.createTempFile(program, ".out");
            Path err = Files.createTempFile(program, ".err");
            try {
                Process build = new ProcessBuilder(BUILD.toString(), program)
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                build.getOutputStream().close();
                await(build);
                int status = build.exitValue();
                if (status == 0) {
                    return new Result(Optional.of(Path.of(lastLine(out))), Optional.empty());
                }
                if (status == CANNOT) {
                    return new Result(Optional.empty(), Optional.of(lastLine(err)));
                }
                throw new IllegalStateException(BUILD + " exited with status " + status + "\n" + Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(Process build) {
        try {
            if (build.waitFor(BUILD_LIMIT.toNanos(), NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        build.destroy();
        build.onExit().join();
        throw new IllegalStateException(BUILD + " did not exit in time");
    }

    private static String lastLine(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }
}
