package dev.aioscope.guest;

import static dev.aioscope.guest.StuckListener.assertToldSoon;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code trace} tells of each way in which a teardown gets stuck. One of them watches all of it. */
@Tag("guest")
class StuckSituationsGuestTest {
    private static final Path CGROUP =
            Path.of("/sys/fs/cgroup/system.slice/docker-" + "fedcba9876543210".repeat(4) + ".scope");

    /** Becomes the first process of a container, as far as cgroup and namespaces go. */
    private static final List<String> CONTAINED = List.of(
            "sh", "-c", "echo $$ > " + CGROUP + "/cgroup.procs && exec unshare --mount-proc --pid --fork \"$@\"", "sh");

    @TempDir
    @Nullable static Path folder;

    private static @Nullable Process trace;

    private final List<AioWork> works = new ArrayList<>();

    /** What holds requests back. */
    enum Recipe {
        SUSPENDED,
        DELAYED,
        SILENT;

        private Hold make() throws IOException {
            return switch (this) {
                case SUSPENDED -> StuckDevice.make();
                case DELAYED -> StuckDevice.delaying();
                case SILENT -> SilentServer.make();
            };
        }
    }

    /**
     * A process that is stuck.
     *
     * @param requests that it waits for
     */
    private record Stuck(long pid, String trigger, int requests) {}

    @BeforeAll
    static void watch() throws IOException {
        trace = Command.start(output(), Command.aioscope("trace", "--json", "--tier", "full"));
        Command.awaitText(output(), "Tier full");
        // The first look of a Java that has just begun takes long, and the pause after it four times that.
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("ready");
            await(work.pid(), "in_progress");
            work.goOn();
            work.finish();
        }
    }

    @AfterAll
    static void end() throws InterruptedException {
        Process process = Objects.requireNonNull(trace);
        process.destroy();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    @AfterEach
    void close() {
        works.forEach(AioWork::close);
    }

    private static Path output() {
        return Objects.requireNonNull(folder).resolve("trace.log");
    }

    /** The first teardown that was told of and is like this. */
    private static JsonNode await(String what, Predicate<JsonNode> wanted) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (System.nanoTime() < deadline) {
            try (Stream<String> lines = Files.lines(output(), StandardCharsets.UTF_8)) {
                JsonNode found = lines.filter(line -> line.startsWith("{\"schema") && line.endsWith("}"))
                        .map(JsonMapper.shared()::readTree)
                        .filter(wanted)
                        .findFirst()
                        .orElse(null);
                if (found != null) {
                    return found;
                }
            }
            Command.pause();
        }
        throw new AssertionError("not told of: " + what + "\n" + Files.readString(output()));
    }

    private static JsonNode await(long pid, String end) throws IOException {
        return await(
                end + " of " + pid,
                told -> told.path("owner_pid").asLong() == pid
                        && told.path("end").asString("").equals(end));
    }

    private AioWork start(String situation, Hold hold, int requests, String... more) throws IOException {
        return startBy(List.of(), situation, hold, requests, more);
    }

    private AioWork startBy(List<String> becoming, String situation, Hold hold, int requests, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of(situation, "--outstanding", Integer.toString(requests), "--device", hold.path(), "--wait"));
        arguments.addAll(List.of(more));
        AioWork work = AioWork.startBy(becoming, arguments.toArray(String[]::new));
        works.add(work);
        work.await("ready");
        return work;
    }

    /** Lets it take its last step. */
    private static Stuck goOn(AioWork work, String trigger, int requests) throws IOException {
        work.goOn();
        return new Stuck(work.pid(), trigger, requests);
    }

    private static Stuck kill(ProcessHandle process, int requests) {
        process.destroyForcibly();
        return new Stuck(process.pid(), "exit", requests);
    }

    private static ProcessHandle handle(AioWork work) {
        return ProcessHandle.of(work.pid()).orElseThrow();
    }

    /** A process in a container, which is not the one that was started. */
    private Stuck killContained(Hold hold, int requests) throws IOException {
        Files.createDirectories(CGROUP);
        AioWork outside = startBy(CONTAINED, "exit", hold, requests);
        return kill(handle(outside).children().findFirst().orElseThrow(), requests);
    }

    private static void assertNamed(Stuck stuck) throws IOException {
        JsonNode told = await(stuck.pid, "in_progress");
        assertThat(told.path("waits_for").asString()).isEqualTo("requests");
        assertThat(told.path("outstanding_now").asInt()).isEqualTo(stuck.requests);
        assertThat(told.path("siblings_now").asInt()).isZero();
        assertThat(told.path("trigger").asString()).isEqualTo(stuck.trigger);
        assertThat(told.path("found_late").asBoolean()).isFalse();
        assertThat(told.path("stuck").asBoolean()).isTrue();
        assertToldSoon(told.path("age_ns").asLong());
    }

    @ParameterizedTest
    @EnumSource
    void whoWaitsForRequestsIsNamedHoweverTheContextEnds(Recipe recipe) throws IOException {
        try (Hold hold = recipe.make()) {
            Stuck contained = killContained(hold, 8);
            List<Stuck> all = List.of(
                    goOn(start("destroy", hold, 1), "destroy", 1),
                    goOn(start("destroy", hold, 2, "--close"), "destroy", 2),
                    goOn(start("leaderless", hold, 3), "destroy", 3),
                    kill(handle(start("exit", hold, 4)), 4),
                    goOn(start("exit", hold, 5, "--close"), "exit", 5),
                    goOn(start("exec", hold, 6), "exit", 6),
                    kill(handle(start("leaderless", hold, 7)), 7),
                    contained);
            for (Stuck stuck : all) {
                assertNamed(stuck);
            }
            assertThat(await(contained.pid, "in_progress")
                            .path("owner_cgroup_id")
                            .asLong())
                    .isEqualTo(Files.getAttribute(CGROUP, "unix:ino"));

            hold.release();
            for (Stuck stuck : all) {
                assertThat(await(stuck.pid, "complete").path("outstanding").asInt())
                        .isEqualTo(stuck.requests);
            }
        }
    }

    /** One is inside io_submit, which reads from an empty pipe, the other inside io_getevents. */
    @ParameterizedTest
    @ValueSource(strings = {"sibling", "reaping"})
    void whoWaitsForAThreadInsideACallIsNamed(String situation) throws IOException {
        try (AioWork work = AioWork.start(situation, "--wait")) {
            work.await("ready");
            JsonNode told = await(work.pid(), "in_progress");
            assertThat(told.path("waits_for").asString()).isEqualTo("siblings");
            assertThat(told.path("siblings_now").asInt()).isEqualTo(1);
            assertThat(told.path("tid").asLong()).isEqualTo(work.the("destroyer"));
            assertToldSoon(told.path("age_ns").asLong());
            assertThat(told.path("found_late").asBoolean()).isFalse();
            work.goOn();
            work.finish();
            assertThat(await(work.pid(), "complete").path("siblings").asInt()).isEqualTo(1);
        }
    }

    @Test
    @Tag("once")
    void explainNamesTheDeviceThoughTheKernelDoesNotCountWhatItHoldsBack() throws IOException {
        try (Hold hold = StuckDevice.delaying()) {
            Stuck stuck = goOn(start("destroy", hold, 3), "destroy", 3);
            assertNamed(stuck);
            assertThat(Command.run(Command.aioscope("explain", Long.toString(stuck.pid))))
                    .contains("waits uninterruptibly in io_destroy")
                    .contains("fd 3 " + hold.path() + " on dm-0")
                    .contains("what its target holds back may not be counted")
                    .doesNotContain("SUSPENDED");
        }
    }
}
