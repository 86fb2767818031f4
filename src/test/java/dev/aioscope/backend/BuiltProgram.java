package dev.aioscope.backend;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What a script builds once on each machine for the tests: the path that it prints last, or why there is none. */
record BuiltProgram(Optional<Path> built, Optional<String> reason) {
    /** The exit status of the script if this machine lacks a requirement. */
    private static final int CANNOT = 3;

    private static final Duration LIMIT = Duration.ofMinutes(20);

    /** Runs the script, which takes some minutes on the first use. */
    static BuiltProgram of(Path script) {
        try {
            Path out = Files.createTempFile("build", ".out");
            Path err = Files.createTempFile("build", ".err");
            try {
                Process build = new ProcessBuilder(script.toAbsolutePath().toString())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                build.getOutputStream().close();
                await(build, script);
                int status = build.exitValue();
                if (status == 0) {
                    return new BuiltProgram(Optional.of(Path.of(lastLine(out))), Optional.empty());
                }
                if (status == CANNOT) {
                    return new BuiltProgram(Optional.empty(), Optional.of(lastLine(err)));
                }
                throw new IllegalStateException(
                        script + " exited with status " + status + "\n" + Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() {
        return built.orElseThrow(() -> new IllegalStateException(reason.orElseThrow()));
    }

    private static void await(Process build, Path script) {
        try {
            if (build.waitFor(LIMIT.toNanos(), NANOSECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        build.destroy();
        build.onExit().join();
        throw new IllegalStateException(script + " did not exit in time");
    }

    private static String lastLine(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }
}
