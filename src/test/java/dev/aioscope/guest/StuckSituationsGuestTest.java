package dev.aioscope.guest;

import static dev.aioscope.guest.StuckTeardowns.assertToldSoon;
import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.testing.Aioscope;
import dev.aioscope.testing.Await;
import dev.aioscope.testing.Commands;
import dev.aioscope.testing.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
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

/** Reports of {@code trace} about each kind of stuck teardown. One process traces all of them. */
@Tag("guest")
class StuckSituationsGuestTest {
    private static final Path CGROUP =
            Path.of("/sys/fs/cgroup/system.slice/docker-" + "fedcba9876543210".repeat(4) + ".scope");

    /** Starts the first process of a container, with its cgroup and namespaces. */
    private static final List<String> CONTAINED = List.of(
            "sh", "-c", "echo $$ > " + CGROUP + "/cgroup.procs && exec unshare --mount-proc --pid --fork \"$@\"", "sh");

    @TempDir
    @Nullable static Path folder;

    private static @Nullable Process trace;

    private final List<AioWork> works = new ArrayList<>();

    /** The kinds of request blockers. */
    enum BlockerKind {
        SUSPENDED,
        DELAYED,
        SILENT;

        private RequestBlocker make() throws IOException {
            return switch (this) {
                case SUSPENDED -> BlockingDevice.make();
                case DELAYED -> BlockingDevice.delaying();
                case SILENT -> BlockingFileSystem.make();
            };
        }
    }

    /**
     * A stuck process.
     *
     * @param requests the number of requests that it waits for
     */
    private record StuckProcess(long pid, String trigger, int requests) {}

    @BeforeAll
    static void watch() throws IOException {
        trace = Commands.start(output(), Aioscope.command("trace", "--json", "--tier", "full"));
        Commands.awaitText(output(), "Tier full");
        // The first scan after the start of Java is slow, and the pause after it takes four times as long.
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("ready");
            await(work.pid(), "in_progress");
            work.goOn();
            work.finish();
        }
    }

    @AfterAll
    static void stop() throws IOException {
        Commands.stop(Objects.requireNonNull(trace), "TERM", 143, output());
    }

    @AfterEach
    void close() {
        works.forEach(AioWork::close);
    }

    private static Path output() {
        return Objects.requireNonNull(folder).resolve("trace.log");
    }

    /** Waits for a report that matches and returns the first. */
    private static JsonNode await(String what, Predicate<JsonNode> wanted) throws IOException {
        List<JsonNode> reports = Await.value(
                what,
                Duration.ofSeconds(120),
                () -> JsonLines.parse(Files.readString(output())),
                found -> found.stream().anyMatch(wanted));
        return reports.stream().filter(wanted).findFirst().orElseThrow();
    }

    private static JsonNode await(long pid, String end) throws IOException {
        return await(
                end + " of " + pid,
                told -> told.path("owner_pid").asLong() == pid
                        && told.path("end").asString("").equals(end));
    }

    private AioWork start(String situation, RequestBlocker hold, int requests, String... more) throws IOException {
        return startBy(List.of(), situation, hold, requests, more);
    }

    private AioWork startBy(List<String> becoming, String situation, RequestBlocker hold, int requests, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of(situation, "--outstanding", Integer.toString(requests), "--device", hold.path(), "--wait"));
        arguments.addAll(List.of(more));
        AioWork work = AioWork.startBy(becoming, arguments.toArray(String[]::new));
        works.add(work);
        work.await("ready");
        return work;
    }

    /** Continues with the last step, which blocks. */
    private static StuckProcess goOn(AioWork work, String trigger, int requests) throws IOException {
        work.goOn();
        return new StuckProcess(work.pid(), trigger, requests);
    }

    private static StuckProcess kill(ProcessHandle process, int requests) {
        process.destroyForcibly();
        return new StuckProcess(process.pid(), "exit", requests);
    }

    private static ProcessHandle handle(AioWork work) {
        return ProcessHandle.of(work.pid()).orElseThrow();
    }

    /** Kills a process in a container; the process is a child of the started one. */
    private StuckProcess killContained(RequestBlocker hold, int requests) throws IOException {
        Files.createDirectories(CGROUP);
        AioWork outside = startBy(CONTAINED, "exit", hold, requests);
        return kill(handle(outside).children().findFirst().orElseThrow(), requests);
    }

    private static void assertNamed(StuckProcess stuck) throws IOException {
        JsonNode told = await(stuck.pid, "in_progress");
        assertThat(told.path("waits_for").asString()).isEqualTo("requests");
        assertThat(told.path("requests_left").asInt()).isEqualTo(stuck.requests);
        assertThat(told.path("siblings_left").asInt()).isZero();
        assertThat(told.path("trigger").asString()).isEqualTo(stuck.trigger);
        assertThat(told.path("found_late").asBoolean()).isFalse();
        assertThat(told.path("stuck").asBoolean()).isTrue();
        assertToldSoon(told.path("age_ns").asLong());
    }

    @ParameterizedTest
    @EnumSource
    void reportsRequestsHoweverContextEnds(BlockerKind recipe) throws IOException {
        try (RequestBlocker hold = recipe.make()) {
            StuckProcess contained = killContained(hold, 8);
            List<StuckProcess> all = List.of(
                    goOn(start("destroy", hold, 1), "destroy", 1),
                    goOn(start("destroy", hold, 2, "--close"), "destroy", 2),
                    goOn(start("leaderless", hold, 3), "destroy", 3),
                    kill(handle(start("exit", hold, 4)), 4),
                    goOn(start("exit", hold, 5, "--close"), "exit", 5),
                    goOn(start("exec", hold, 6), "exit", 6),
                    kill(handle(start("leaderless", hold, 7)), 7),
                    contained);
            for (StuckProcess stuck : all) {
                assertNamed(stuck);
            }
            assertThat(await(contained.pid, "in_progress")
                            .path("owner_cgroup_id")
                            .asLong())
                    .isEqualTo(Files.getAttribute(CGROUP, "unix:ino"));

            hold.release();
            for (StuckProcess stuck : all) {
                assertThat(await(stuck.pid, "complete").path("outstanding").asInt())
                        .isEqualTo(stuck.requests);
            }
        }
    }

    /** One thread is inside io_submit, reading from an empty pipe, the other inside io_getevents. */
    @ParameterizedTest
    @ValueSource(strings = {"sibling", "reaping"})
    void reportsThreadInsideCall(String situation) throws IOException {
        try (AioWork work = AioWork.start(situation, "--wait")) {
            work.await("ready");
            JsonNode told = await(work.pid(), "in_progress");
            assertThat(told.path("waits_for").asString()).isEqualTo("siblings");
            assertThat(told.path("siblings_left").asInt()).isEqualTo(1);
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
    void namesDelayingDeviceInExplainWithoutCount() throws IOException {
        try (RequestBlocker hold = BlockingDevice.delaying()) {
            StuckProcess stuck = goOn(start("destroy", hold, 3), "destroy", 3);
            assertNamed(stuck);
            assertThat(Commands.run(Aioscope.command("explain", Long.toString(stuck.pid))))
                    .contains("waits uninterruptibly in io_destroy")
                    .contains("fd 3 " + hold.path() + " on dm-0")
                    .contains("what its target holds back may not be counted")
                    .doesNotContain("SUSPENDED");
        }
    }
}
