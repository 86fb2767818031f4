package dev.aioscope.guest;

import static dev.aioscope.guest.StuckTeardowns.assertReportedAfterThreshold;
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
@Tag("turn1")
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
                case SUSPENDED -> BlockingDevice.suspended();
                case DELAYED -> BlockingDevice.delayedForAnHour();
                case SILENT -> BlockingFileSystem.mount();
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
        Commands.awaitText(Objects.requireNonNull(trace), output(), "Tier full");
        // The first scan after the start of Java is slow, and the pause after it takes four times as long.
        try (AioWork work = AioWork.start("sibling", "--wait")) {
            work.await("ready");
            await(work.pid(), "in_progress");
            work.proceed();
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
                Duration.ofMinutes(2),
                () -> JsonLines.parse(Files.readString(output())),
                found -> found.stream().anyMatch(wanted));
        return reports.stream().filter(wanted).findFirst().orElseThrow();
    }

    private static JsonNode await(long pid, String end) throws IOException {
        return await(
                end + " of " + pid,
                report -> report.path("owner_pid").asLong() == pid
                        && report.path("end").asString("").equals(end));
    }

    private AioWork start(String situation, RequestBlocker blocker, int requests, String... more) throws IOException {
        return startThrough(List.of(), situation, blocker, requests, more);
    }

    private AioWork startThrough(
            List<String> launcher, String situation, RequestBlocker blocker, int requests, String... more)
            throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of(situation, "--outstanding", Integer.toString(requests), "--device", blocker.path(), "--wait"));
        arguments.addAll(List.of(more));
        AioWork work = AioWork.startThrough(launcher, arguments.toArray(String[]::new));
        works.add(work);
        work.await("ready");
        return work;
    }

    /** Continues with the last step, which blocks. */
    private static StuckProcess proceed(AioWork work, String trigger, int requests) throws IOException {
        work.proceed();
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
    private StuckProcess killContained(RequestBlocker blocker, int requests) throws IOException {
        Files.createDirectories(CGROUP);
        AioWork outside = startThrough(CONTAINED, "exit", blocker, requests);
        return kill(handle(outside).children().findFirst().orElseThrow(), requests);
    }

    private static void assertNamed(StuckProcess stuck) throws IOException {
        JsonNode report = await(stuck.pid, "in_progress");
        assertThat(report.path("waits_for").asString()).isEqualTo("requests");
        assertThat(report.path("outstanding_now").asInt()).isEqualTo(stuck.requests);
        assertThat(report.path("siblings_now").asInt()).isZero();
        assertThat(report.path("trigger").asString()).isEqualTo(stuck.trigger);
        assertThat(report.path("found_late").asBoolean()).isFalse();
        assertThat(report.path("stuck").asBoolean()).isTrue();
        assertReportedAfterThreshold(report.path("age_ns").asLong());
    }

    @ParameterizedTest
    @EnumSource
    void reportsRequestsHoweverContextEnds(BlockerKind recipe) throws IOException {
        try (RequestBlocker blocker = recipe.make()) {
            StuckProcess contained = killContained(blocker, 8);
            List<StuckProcess> all = List.of(
                    proceed(start("destroy", blocker, 1), "destroy", 1),
                    proceed(start("destroy", blocker, 2, "--close"), "destroy", 2),
                    proceed(start("leaderless", blocker, 3), "destroy", 3),
                    kill(handle(start("exit", blocker, 4)), 4),
                    proceed(start("exit", blocker, 5, "--close"), "exit", 5),
                    proceed(start("exec", blocker, 6), "exit", 6),
                    kill(handle(start("leaderless", blocker, 7)), 7),
                    contained);
            for (StuckProcess stuck : all) {
                assertNamed(stuck);
            }
            assertThat(await(contained.pid, "in_progress")
                            .path("owner_cgroup_id")
                            .asLong())
                    .isEqualTo(Files.getAttribute(CGROUP, "unix:ino"));

            blocker.release();
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
            JsonNode report = await(work.pid(), "in_progress");
            assertThat(report.path("waits_for").asString()).isEqualTo("siblings");
            assertThat(report.path("siblings_now").asInt()).isEqualTo(1);
            assertThat(report.path("tid").asLong()).isEqualTo(work.value("destroyer"));
            assertReportedAfterThreshold(report.path("age_ns").asLong());
            assertThat(report.path("found_late").asBoolean()).isFalse();
            work.proceed();
            work.finish();
            assertThat(await(work.pid(), "complete").path("siblings").asInt()).isEqualTo(1);
        }
    }

    @Test
    void repeatsStateWithGrowingPauses() throws IOException {
        try (RequestBlocker blocker = BlockingDevice.suspended()) {
            StuckProcess stuck = proceed(start("destroy", blocker, 2), "destroy", 2);
            List<JsonNode> reports = Await.value(
                    "three reports of " + stuck.pid,
                    Duration.ofMinutes(2),
                    () -> reports(stuck.pid),
                    found -> found.size() >= 3);

            assertThat(pause(reports, 0)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            assertThat(pause(reports, 1)).isGreaterThanOrEqualTo(Duration.ofSeconds(10));
            for (JsonNode report : reports) {
                assertThat(report.path("outstanding_now").asInt()).isEqualTo(2);
                assertThat(report.path("kernel_stack").asString()).contains("io_destroy");
            }
            blocker.release();
            await(stuck.pid, "complete");
        }
    }

    private static List<JsonNode> reports(long pid) throws IOException {
        return JsonLines.parse(Files.readString(output())).stream()
                .filter(report -> report.path("owner_pid").asLong() == pid
                        && report.path("end").asString("").equals("in_progress"))
                .toList();
    }

    /** The time between two reports, by the kernel's clock. */
    private static Duration pause(List<JsonNode> reports, int first) {
        return Duration.ofNanos(reports.get(first + 1).path("age_ns").asLong()
                - reports.get(first).path("age_ns").asLong());
    }

    @Test
    void explainsDelayingDeviceWithCountOfKernel() throws IOException {
        try (RequestBlocker blocker = BlockingDevice.delayedForAnHour()) {
            StuckProcess stuck = proceed(start("destroy", blocker, 3), "destroy", 3);
            assertNamed(stuck);
            assertThat(Commands.run(Aioscope.command("explain", Long.toString(stuck.pid))))
                    .contains("waits uninterruptibly in io_destroy")
                    .contains("fd 3 " + blocker.path() + " on dm-0")
                    .contains(delayedRequests())
                    .doesNotContain("SUSPENDED");
        }
    }

    /** What {@code explain} says of three delayed reads: Linux 5.10 counts them as in flight, later kernels do not. */
    private static String delayedRequests() throws IOException {
        String counted = "3 reads and 0 writes in flight";
        String uncounted = "0 reads and 0 writes in flight (requests that its target delays may not be counted)";
        return Files.readString(Path.of("/sys/block/dm-0/inflight")).strip().startsWith("3") ? counted : uncounted;
    }
}
