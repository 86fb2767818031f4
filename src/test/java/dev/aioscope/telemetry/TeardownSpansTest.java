package dev.aioscope.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import dev.aioscope.event.Operation;
import dev.aioscope.event.ReleasedBy;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.lifecycle.WrongHandle;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.testing.exporter.InMemoryLogRecordExporter;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TeardownSpansTest {
    /** Real time at boot. */
    private static final long BOOT = 1_800_000_000_000_000_000L;

    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static final long LONG_UPTIME = 3_600_000_000_000L;

    private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
    private final SdkTracerProvider provider = SdkTracerProvider.builder()
            .addSpanProcessor(SimpleSpanProcessor.create(exporter))
            .build();
    private final InMemoryLogRecordExporter log = InMemoryLogRecordExporter.create();
    private final SdkLoggerProvider loggers = SdkLoggerProvider.builder()
            .addLogRecordProcessor(SimpleLogRecordProcessor.create(log))
            .build();
    private final WallClock clock =
            new WallClock(() -> LONG_UPTIME, () -> Instant.ofEpochSecond(0, BOOT + LONG_UPTIME));

    private Identities identities = Identities.NONE;

    @AfterEach
    void close() {
        provider.close();
        loggers.close();
    }

    @Test
    void makesTreeOfPhasesForBusyDestroy() {
        assertThat(tree(TeardownBuilder.busy()))
                .containsExactlyInAnyOrder(
                        "io_destroy 1000..2025010000",
                        "io_destroy > lookup 1000..2000",
                        "io_destroy > kill 2000..10000",
                        "io_destroy > kill > unmap 3000..9000",
                        "io_destroy > drain 10000..2025000000",
                        "io_destroy > drain > grace period 1 10000..15000000",
                        "io_destroy > drain > cancel 15000000..15004000",
                        "io_destroy > drain > wait for requests 15004000..2025000000",
                        "io_destroy > wake 2025000000..2025010000",
                        "io_destroy > deferred_free 2025000000..2040000000");
    }

    @Test
    void waitsOnlyForGracePeriodsInIdleDestroy() {
        assertThat(tree(TeardownBuilder.idle()))
                .filteredOn(span -> span.contains("drain >"))
                .containsExactlyInAnyOrder(
                        "io_destroy > drain > grace period 1 10000..15000000",
                        "io_destroy > drain > cancel 15000000..15004000",
                        "io_destroy > drain > grace period 2 15004000..30000000");
    }

    @Test
    void namesWaitForSiblings() {
        TeardownBuilder t = TeardownBuilder.idle();
        t.usersReleasedBy = ReleasedBy.HOLDER;
        t.siblings = 1;
        assertThat(tree(t))
                .contains("io_destroy > drain > wait for threads 10000..15000000")
                .contains("io_destroy > drain > grace period 2 15004000..30000000");
    }

    @Test
    void omitsPartOfDrainWithUnknownCause() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.outstandingAfterGrace = null;
        t.usersReleasedBy = ReleasedBy.UNKNOWN;
        t.reqsReleasedBy = ReleasedBy.UNKNOWN;
        assertThat(tree(t))
                .filteredOn(span -> span.contains("drain >"))
                .containsExactly("io_destroy > drain > cancel 15000000..15004000");
        assertThat(root().getAttributes().asMap().keySet())
                .extracting(AttributeKey::getKey)
                .noneMatch(key -> key.startsWith("aio.drain"));
    }

    @Test
    void endsExitWithItsWait() {
        assertThat(tree(exit()))
                .contains("exit_aio 2000..2025000000", "exit_aio > deferred_free 2025000000..2040000000")
                .noneMatch(span -> span.matches(".*(lookup|unmap|wake).*"));
    }

    private static TeardownBuilder exit() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.trigger = Trigger.EXIT;
        t.callTime = null;
        t.unmapEnterTime = null;
        t.unmapExitTime = null;
        t.returnTime = null;
        t.result = null;
        t.unmapResult = null;
        return t;
    }

    @Test
    void omitsDrainOfRollback() {
        TeardownBuilder t = TeardownBuilder.idle();
        t.trigger = Trigger.ROLLBACK;
        t.callTime = null;
        t.returnTime = null;
        t.result = null;
        assertThat(tree(t))
                .containsExactlyInAnyOrder(
                        "io_setup 2000..10000",
                        "io_setup > kill 2000..10000",
                        "io_setup > kill > unmap 3000..9000",
                        "io_setup > deferred_free 30000000..45000000");
    }

    @Test
    void excludesGracePeriodThatEndsDuringUnmap() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.unmapExitTime = 19_000_000L;
        t.killExitTime = 20_000_000L;
        assertThat(tree(t))
                .contains(
                        "io_destroy > drain 20000000..2025000000",
                        "io_destroy > cancel 15000000..15004000",
                        "io_destroy > drain > wait for requests 20000000..2025000000")
                .noneMatch(span -> span.contains("grace period"));
    }

    @Test
    void omitsDrainWhenUnmapOutlastsRequests() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.killExitTime = 2_025_005_000L;
        assertThat(tree(t))
                .contains("io_destroy > wake 2025005000..2025010000")
                .noneMatch(span -> span.contains("> drain"));
    }

    @Test
    void writesStacksAsOneLinePerFrame() {
        TeardownBuilder t = TeardownBuilder.busy();
        UserStack setup = TeardownBuilder.stack("io_setup+0x9 (libaio.so.1)");
        t.context = t.context.withSetup(null, t.context.setupTime(), setup);
        t.callStack = TeardownBuilder.stack("io_destroy+0x9 (libaio.so.1)", "main+0x1f (mysqld)");
        assertThat(tree(t)).isNotEmpty();
        assertThat(root().getAttributes().asMap())
                .contains(
                        entry(AttributeKey.stringKey("aio.context.setup_stack"), "io_setup+0x9 (libaio.so.1)"),
                        entry(
                                AttributeKey.stringKey("code.stacktrace"),
                                "io_destroy+0x9 (libaio.so.1)\nmain+0x1f (mysqld)"));
    }

    @Test
    void omitsSpansAndAttributesOfUnobservedValues() {
        TeardownBuilder t = new TeardownBuilder();
        t.callTime = 1_000L;
        t.returnTime = 5_000L;
        assertThat(tree(t)).containsExactly("io_destroy 1000..5000");
        assertThat(root().getAttributes().asMap())
                .containsOnly(
                        entry(AttributeKey.stringKey("aio.context.id"), "7f0000001000-7"),
                        entry(AttributeKey.stringKey("aio.context.handle"), "0x7f0000001000"),
                        entry(AttributeKey.stringKey("aio.trigger"), "destroy"),
                        entry(AttributeKey.stringKey("aio.teardown.end"), "complete"));
    }

    @Test
    void omitsTeardownWithoutTimes() {
        TeardownBuilder t = new TeardownBuilder();
        t.trigger = Trigger.EXIT;
        t.end = Teardown.End.UNKNOWN;
        assertThat(tree(t)).isEmpty();
    }

    @Test
    void namesTeardownWithUnknownTrigger() {
        TeardownBuilder t = TeardownBuilder.idle();
        t.trigger = null;
        assertThat(tree(t)).contains("teardown 1000..30010000");
        assertThat(attributes(root())).doesNotContainKey("aio.trigger");
    }

    @Test
    void omitsOwnerThatIsCaller() {
        tree(TeardownBuilder.idle());
        assertThat(attributes(root())).doesNotContainKey("aio.context.owner.pid");
    }

    @Test
    void endsAtLastObservedTimeWhenEndIsLost() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.end = Teardown.End.UNKNOWN;
        t.reqsTime = null;
        t.returnTime = null;
        t.freeTime = null;
        t.result = null;
        assertThat(tree(t))
                .contains("io_destroy 1000..15004000", "io_destroy > cancel 15000000..15004000")
                .noneMatch(span -> span.matches(".*(drain|wake|deferred_free).*"));
        assertThat(attributes(root())).containsEntry("aio.teardown.end", "unknown");
        assertThat(root().getStatus()).isEqualTo(StatusData.unset());
    }

    @Test
    void describesTeardownOnRoot() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.pendingSigkill = true;
        tree(t);
        assertThat(root().getKind()).isEqualTo(SpanKind.INTERNAL);
        assertThat(root().getStatus()).isEqualTo(StatusData.unset());
        assertThat(attributes(root()))
                .containsOnly(
                        entry("sampling.priority", 1L),
                        entry("process.pid", 100L),
                        entry("aio.caller.tid", 101L),
                        entry("thread.name", "ib_io_rd-1"),
                        entry("aio.context.id", "7f0000001000-7"),
                        entry("aio.context.handle", "0x7f0000001000"),
                        entry("aio.context.max_events", 128L),
                        entry("aio.context.ring_events", 511L),
                        entry("aio.trigger", "destroy"),
                        entry("aio.teardown.end", "complete"),
                        entry("aio.outstanding", 3L),
                        entry("aio.unreaped", 4L),
                        entry("aio.siblings", 0L),
                        entry("aio.cancelled", 2L),
                        entry("aio.drain.grace", 0.01499),
                        entry("aio.drain.io", 2.009996),
                        entry("aio.drain.siblings", 0.0),
                        entry("aio.nr.before", 1024L),
                        entry("aio.nr.after", 896L),
                        entry("aio.unmap.result", 0L),
                        entry("aio.caller.sigkill_pending", true),
                        entry("aio.caller.voluntary_switches", 1L));
    }

    @Test
    void namesOwnerWhenCallerIsAnotherProcess() {
        TeardownBuilder t = TeardownBuilder.busy();
        t.trigger = Trigger.EXIT;
        t.caller = new Task(900, 900, "gdb", 1, 0);
        tree(t);
        assertThat(attributes(root())).containsEntry("process.pid", 900L).containsEntry("aio.context.owner.pid", 100L);
    }

    @Test
    void setsErrorStatusOnFailure() {
        TeardownBuilder t = TeardownBuilder.idle();
        t.result = -22L;
        tree(t);
        assertThat(root().getStatus()).isEqualTo(StatusData.create(StatusCode.ERROR, "io_destroy failed with EINVAL"));
        assertThat(attributes(root())).containsEntry("error.type", "EINVAL");
    }

    @Test
    void makesSpanOfFailedDestroy() {
        spans(0).onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_DESTROY,
                new Task(5, 6, "a", 1, 0),
                0,
                100L,
                250,
                22,
                0xdeadL,
                null,
                null,
                null,
                null,
                List.of(),
                null));
        SpanData span = onlySpan();
        assertThat(describe(span, Map.of())).isEqualTo("io_destroy 100..250");
        assertThat(span.getStatus().getStatusCode().name()).isEqualTo("ERROR");
        assertThat(attributes(span))
                .containsOnly(
                        entry("sampling.priority", 1L),
                        entry("process.pid", 5L),
                        entry("aio.caller.tid", 6L),
                        entry("thread.name", "a"),
                        entry("aio.context.handle", "0xdead"),
                        entry("error.type", "EINVAL"));
    }

    @Test
    void explainsWrongHandleOfFailedDestroy() {
        Task winner = new Task(5, 7, "b", 1, 0);
        spans(0).onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_DESTROY,
                new Task(5, 6, "a", 1, 0),
                0,
                100L,
                250,
                22,
                0xdeadL,
                null,
                null,
                null,
                null,
                List.of(),
                new WrongHandle(WrongHandle.Cause.ALREADY_DESTROYED, null, winner, 200L, null, true, 1)));
        assertThat(attributes(onlySpan()))
                .containsEntry("aio.destroy.error.cause", "already_destroyed")
                .containsEntry(
                        "aio.destroy.error.explanation",
                        "this handle was destroyed 50ns ago by thread 7; that call still waits for 1 request:"
                                + " do not free or reuse their buffers yet")
                .containsEntry("aio.destroy.error.io_in_flight", true);
    }

    @Test
    void logsEachViolationInTraceOfTeardown() {
        TeardownBuilder t = TeardownBuilder.idle();
        t.inTableAfterKill = true;
        spans(0).onTeardown(t.build());
        assertThat(attributes(root())).containsEntry("aio.spec.clauses", List.of("S2", "T2"));
        assertThat(records("aio.spec.violation"))
                .allSatisfy(record -> {
                    assertThat(record.getSpanContext()).isEqualTo(root().getSpanContext());
                    assertThat(record.getSeverity()).isEqualTo(Severity.WARN);
                    assertThat(attributes(record)).containsEntry("process.pid", 100L);
                })
                .extracting(record -> attributes(record).get("aio.spec.clause") + ": "
                        + attributes(record).get("aio.spec.evidence"))
                .containsExactlyInAnyOrder(
                        "S2: its slot in the table was still set when kill_ioctx returned",
                        "T2: its slot in the table was still set when kill_ioctx returned");
    }

    private static TeardownInProgress found(Teardown teardown) {
        return new TeardownInProgress(teardown, 1, WaitReason.REQUESTS, 2, 0, null, List.of(), true);
    }

    @Test
    void logsStuckTeardownAtOnceInTraceOfItsSpan() {
        identities = (task, mm) -> mysqld(false);
        TeardownSpans spans = spans(0);
        Teardown ended = TeardownBuilder.busy().build();
        spans.onStuck(found(ended), 1_500_000_000L);
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        LogRecordData record = records("aio.teardown.stuck").get(0);
        assertThat(record.getTimestampEpochNanos()).isEqualTo(BOOT + 1_500_000_000L);
        assertThat(record.getSeverity()).isEqualTo(Severity.WARN);
        assertThat(record.getSeverityText()).isEqualTo("WARN");
        assertThat(record.getBodyValue().asString())
                .isEqualTo("io_destroy of ib_io_rd-1 (pid 100) is stuck: it waits for 2 requests to complete");
        assertThat(attributes(record))
                .containsEntry("process.pid", 100L)
                .containsEntry("process.executable.name", "mysqld")
                .containsEntry("container.id", ID)
                .containsEntry("k8s.pod.name", "db-0")
                .containsEntry("aio.context.id", "7f0000001000-7")
                .containsEntry("aio.waits_for", "requests")
                .containsEntry("aio.outstanding_now", 2L)
                .containsEntry("aio.siblings_now", 0L);

        spans.onTeardown(ended);
        assertThat(root().getSpanContext()).isEqualTo(record.getSpanContext());
        assertThat(root().getEvents()).isEmpty();
        assertThat(attributes(root())).containsEntry("aio.waits_for", "requests");
        assertThat(tree()).contains("io_destroy 1000..2025010000", "io_destroy > drain 10000..2025000000");
        LogRecordData over = records("aio.teardown.over").get(0);
        assertThat(over.getSpanContext()).isEqualTo(record.getSpanContext());
        assertThat(over.getSeverity()).isEqualTo(Severity.INFO);
        assertThat(over.getTimestampEpochNanos()).isEqualTo(BOOT + 2_025_010_000L);
        assertThat(over.getBodyValue().asString())
                .isEqualTo("io_destroy of ib_io_rd-1 (pid 100) is not stuck any more; it took 2.02s");
        assertThat(attributes(over))
                .containsEntry("aio.teardown.end", "complete")
                .containsEntry("aio.teardown.held", 2.025009)
                .containsEntry("container.id", ID);
    }

    @Test
    void logsStuckTeardownOfUnknownBeginWithoutTrace() {
        TeardownBuilder t = new TeardownBuilder();
        t.end = Teardown.End.VANISHED;
        TeardownSpans spans = spans(0);
        spans.onStuck(found(t.build()), 1_500_000_000L);
        spans.onTeardown(t.build());
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        assertThat(log.getFinishedLogRecordItems())
                .extracting(LogRecordData::getEventName)
                .containsExactly("aio.teardown.stuck", "aio.teardown.over");
        assertThat(log.getFinishedLogRecordItems())
                .noneMatch(record -> record.getSpanContext().isValid());
    }

    @Test
    void logsNothingForTeardownThatWasNotStuck() {
        spans(1).onTeardown(TeardownBuilder.busy().build());
        assertThat(log.getFinishedLogRecordItems()).isEmpty();
    }

    @Test
    void logsLastingRefusalAndItsEndInTraceOfSetup() {
        identities = (task, mm) -> mysqld(false);
        TeardownSpans spans = spans(0);
        FailedCall refusal = refusal(5, List.of());
        spans.onFailedCall(refusal);
        assertThat(log.getFinishedLogRecordItems()).isEmpty();
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.LASTING, null));
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.OVER, null));
        assertThat(log.getFinishedLogRecordItems())
                .allSatisfy(record -> {
                    assertThat(record.getSpanContext())
                            .isEqualTo(named("io_setup").getSpanContext());
                    assertThat(record.getTimestampEpochNanos()).isEqualTo(BOOT + 4250);
                    assertThat(attributes(record))
                            .containsEntry("process.executable.name", "mysqld")
                            .containsEntry("container.id", ID)
                            .containsEntry("aio.requested", 70L);
                })
                .extracting(record -> record.getEventName() + " " + record.getSeverity() + " "
                        + record.getBodyValue().asString())
                .containsExactly(
                        "aio.refusal.lasting WARN io_setup of a (pid 5) for 70 events was refused, and the quota does"
                                + " not suffice after 4µs",
                        "aio.refusal.over INFO The quota suffices for the refused io_setup of a (pid 5) for 70 events"
                                + " after 4µs");
    }

    @Test
    void logsEndOfRefusalWithoutRetries() {
        TeardownSpans spans = spans(0);
        FailedCall refusal = refusal(5, List.of());
        spans.onFailedCall(refusal);
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.LASTING, null));
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.ABANDONED, null));
        LogRecordData over = records("aio.refusal.over").get(0);
        assertThat(over.getBodyValue().asString())
                .isEqualTo("The process has not repeated the refused io_setup of a (pid 5) for 70 events, and the quota"
                        + " does not suffice after 4µs");
        assertThat(attributes(over)).containsEntry("aio.refusal.outcome", "abandoned");
    }

    @Test
    void logsNoTransientRefusal() {
        TeardownSpans spans = spans(0);
        FailedCall refusal = refusal(5, List.of());
        spans.onFailedCall(refusal);
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.TRANSIENT, null));
        assertThat(log.getFinishedLogRecordItems()).isEmpty();
    }

    private static TeardownInProgress notWoken(Teardown ended) {
        return new TeardownInProgress(ended, 1, WaitReason.WAKE, 0, 0, null, List.of(), true);
    }

    @Test
    void addsNotWokenToTraceOfExit() {
        TeardownSpans spans = spans(0);
        Teardown ended = exit().build();
        spans.onTeardown(ended);
        spans.onStuck(notWoken(ended), 3_500_000_000L);
        assertThat(tree()).contains("exit_aio > not_woken 2025000000..3500000000");
        LogRecordData record = records("aio.teardown.stuck").get(0);
        assertThat(record.getSpanContext()).isEqualTo(root().getSpanContext());
        assertThat(record.getTimestampEpochNanos()).isEqualTo(BOOT + 3_500_000_000L);
        assertThat(attributes(record)).containsEntry("aio.waits_for", "wake").containsEntry("aio.outstanding_now", 0L);

        spans.onWoken(notWoken(ended));
        LogRecordData over = records("aio.teardown.over").get(0);
        assertThat(over.getSpanContext()).isEqualTo(root().getSpanContext());
        assertThat(over.getTimestampEpochNanos()).as("not observed").isZero();
        assertThat(attributes(over)).isEqualTo(attributes(record));
    }

    @Test
    void tracesUnselectedExitWhenItsCallerIsNotWoken() {
        TeardownBuilder t = exit();
        t.outstanding = 0;
        t.reqsTime = 30_000_000L;
        TeardownSpans spans = spans(0);
        spans.onTeardown(t.build());
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        spans.onStuck(notWoken(t.build()), 3_500_000_000L);
        assertThat(tree()).contains("exit_aio 2000..30000000", "exit_aio > not_woken 30000000..3500000000");
    }

    @Test
    void marksEachSpanOfTraceWithFinding() {
        TeardownSpans spans = spans(1);
        spans.onTeardown(exit().build());
        spans.onStuck(notWoken(exit().build()), 3_500_000_000L);
        FailedCall refusal = refusal(5, List.of());
        spans.onFailedCall(refusal);
        spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.TRANSIENT, null));
        assertThat(exporter.getFinishedSpanItems())
                .extracting(SpanData::getName)
                .contains("exit_aio", "drain", "deferred_free", "not_woken", "io_setup", "refusal");
        assertThat(exporter.getFinishedSpanItems()).allMatch(TeardownSpansTest::isMarked);
    }

    @Test
    void marksNoSpanOfTraceWithoutFinding() {
        assertThat(tree(TeardownBuilder.idle())).hasSizeGreaterThan(3);
        assertThat(exporter.getFinishedSpanItems()).noneMatch(TeardownSpansTest::isMarked);
    }

    /** A sampler may have dropped the first trace. */
    @Test
    void repeatsSelectedTraceOfExitWithMarksWhenItsCallerIsNotWoken() {
        TeardownBuilder t = exit();
        t.outstanding = 0;
        t.reqsTime = 30_000_000L;
        TeardownSpans spans = spans(1);
        spans.onTeardown(t.build());
        List<String> first = tree();
        assertThat(exporter.getFinishedSpanItems()).noneMatch(TeardownSpansTest::isMarked);

        exporter.reset();
        spans.onStuck(notWoken(t.build()), 3_500_000_000L);
        assertThat(tree()).containsAll(first).contains("exit_aio > not_woken 30000000..3500000000");
        assertThat(exporter.getFinishedSpanItems()).allMatch(TeardownSpansTest::isMarked);
    }

    private static boolean isMarked(SpanData span) {
        return Long.valueOf(1).equals(attributes(span).get("sampling.priority"));
    }

    /** A trace whose spans are sampled apart is useless. */
    @ParameterizedTest
    @ValueSource(strings = {"traceidratio", "parentbased_traceidratio", "parentbased_always_off"})
    void keepsOrDropsAllSpansOfOneStoryTogether(String sampler) {
        Sampler half = Sampler.traceIdRatioBased(0.5);
        SdkTracerProvider sampling = SdkTracerProvider.builder()
                .setSampler(
                        switch (sampler) {
                            case "traceidratio" -> half;
                            case "parentbased_traceidratio" -> Sampler.parentBased(half);
                            default -> Sampler.parentBased(Sampler.alwaysOff());
                        })
                .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                .build();
        TeardownSpans spans = new TeardownSpans(
                sampling.get("test"),
                loggers.get("test"),
                clock,
                new SamplingPolicy(TeardownSpans.SLOW, 0),
                Identities.NONE);
        for (int i = 0; i < 100; i++) {
            TeardownBuilder t = exit();
            t.context = Context.of(i, 1, 1, 4096).withSize(1, 1);
            spans.onTeardown(t.build());
            spans.onStuck(notWoken(t.build()), 3_500_000_000L);
            FailedCall refusal = refusal(i, List.of());
            spans.onFailedCall(refusal);
            spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.LASTING, null));
            spans.onRefusalOutcome(outcome(refusal, RefusalOutcome.Status.OVER, null));
        }
        Map<String, List<String>> stories = exporter.getFinishedSpanItems().stream()
                .collect(Collectors.groupingBy(
                        SpanData::getTraceId, Collectors.mapping(SpanData::getName, Collectors.toList())));
        assertThat(stories.size()).isBetween(0, sampler.contains("ratio") ? 199 : 0);
        assertThat(stories.values())
                .allMatch(names -> names.containsAll(List.of("exit_aio", "drain", "deferred_free", "not_woken"))
                        || names.equals(List.of("io_setup", "refusal", "refusal")));
    }

    @Test
    void logsExitFoundStuckBeforeItsSpan() {
        TeardownBuilder t = exit();
        t.killExitTime = null;
        TeardownSpans spans = spans(0);
        spans.onStuck(notWoken(t.build()), 3_500_000_000L);
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        spans.onTeardown(t.build());
        assertThat(root().getName()).isEqualTo("exit_aio");
        assertThat(records("aio.teardown.stuck"))
                .extracting(LogRecordData::getSpanContext)
                .containsExactly(root().getSpanContext());
    }

    private static Straggler straggler(Operation operation, @Nullable String path, @Nullable Long offset, long result) {
        TeardownInProgress going =
                new TeardownInProgress(TeardownBuilder.busy().build(), 1, null, null, null, null, List.of(), true);
        return new Straggler(going, 2_000_001_000L, operation, path, 7, 0xef53, 253, 0, offset, result);
    }

    private static Map<String, Object> attributes(LogRecordData record) {
        return record.getAttributes().asMap().entrySet().stream()
                .collect(Collectors.toMap(entry -> entry.getKey().getKey(), Map.Entry::getValue));
    }

    private List<LogRecordData> records(String event) {
        return log.getFinishedLogRecordItems().stream()
                .filter(record -> event.equals(record.getEventName()))
                .toList();
    }

    @Test
    void logsLateCompletionWithFileAndDevice() {
        TeardownSpans spans = new TeardownSpans(
                provider.get("test"),
                loggers.get("test"),
                clock,
                new SamplingPolicy(TeardownSpans.SLOW, 0),
                Identities.NONE,
                numbers -> Optional.of("the name of " + numbers),
                (teardown, root) -> {});
        Teardown ended = TeardownBuilder.busy().build();
        spans.onStuck(
                new TeardownInProgress(ended, 1, WaitReason.REQUESTS, 2, 0, null, List.of(), true), 1_500_000_000L);
        spans.onStraggler(straggler(Operation.READ, "/db/data", 8192L, 4096));
        spans.onTeardown(ended);
        assertThat(attributes(root())).containsEntry("aio.stragglers", 1L);
        LogRecordData event = records("aio.straggler").get(0);
        assertThat(event.getSpanContext()).isEqualTo(root().getSpanContext());
        assertThat(event.getTimestampEpochNanos()).isEqualTo(BOOT + 2_000_001_000L);
        assertThat(attributes(root())).containsEntry("aio.request.path", "/db/data");
        assertThat(attributes(records("aio.teardown.over").get(0)))
                .containsEntry("aio.request.device_name", "the name of 253:0");
        assertThat(attributes(event))
                .contains(
                        entry("process.pid", 100L),
                        entry("aio.request.operation", "read"),
                        entry("aio.request.path", "/db/data"),
                        entry("aio.request.inode", 7L),
                        entry("aio.request.magic", "0xef53"),
                        entry("aio.request.device", "253:0"),
                        entry("aio.request.device_name", "the name of 253:0"),
                        entry("aio.request.offset", 8192L),
                        entry("aio.request.result", 4096L),
                        entry("aio.request.age", 2.0));
    }

    @Test
    void omitsUnobservedValuesOfLateCompletionAndNamesItsError() {
        TeardownSpans spans = spans(0);
        spans.onStraggler(straggler(Operation.UNKNOWN, null, null, -5));
        spans.onTeardown(TeardownBuilder.busy().build());
        assertThat(records("aio.straggler"))
                .singleElement()
                .satisfies(event -> assertThat(attributes(event))
                        .containsEntry("aio.request.error", "EIO")
                        .containsEntry("aio.request.result", -5L)
                        .doesNotContainKeys(
                                "aio.request.operation",
                                "aio.request.path",
                                "aio.request.offset",
                                "aio.request.device_name"));
    }

    @Test
    void limitsRecordsButCountsAllLateCompletions() {
        TeardownSpans spans = spans(0);
        for (long i = 0; i < 1000; i++) {
            spans.onStraggler(straggler(Operation.WRITE, "/data", 4096 * i, 4096));
        }
        Teardown ended = TeardownBuilder.busy().build();
        spans.onTeardown(ended);
        assertThat(attributes(root())).containsEntry("aio.stragglers", 1000L);
        assertThat(records("aio.straggler"))
                .hasSize(16)
                .extracting(event -> attributes(event).get("aio.request.offset"))
                .contains(0L, 4096L * 15);
        exporter.reset();
        spans.onTeardown(ended);
        assertThat(attributes(root())).as("removed after the first teardown").doesNotContainKey("aio.stragglers");
    }

    @Test
    void describesQuotaOnRefusedSetup() {
        spans(0).onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(5, 6, "a", 1, 0),
                0,
                null,
                250,
                11,
                null,
                70_000,
                BigInteger.valueOf(12),
                BigInteger.valueOf(65_536),
                null,
                List.of(),
                null));
        SpanData span = onlySpan();
        assertThat(describe(span, Map.of())).isEqualTo("io_setup 250..250");
        assertThat(span.getStatus())
                .isEqualTo(StatusData.create(
                        StatusCode.ERROR,
                        "io_setup failed with EAGAIN: the quota cannot hold 70000 more events (fs.aio-nr was 12,"
                                + " fs.aio-max-nr 65536)"));
        assertThat(attributes(span))
                .containsEntry("error.type", "EAGAIN")
                .containsEntry("aio.requested", 70_000L)
                .containsEntry("aio.event.usage", 12L)
                .containsEntry("aio.event.limit", 65_536L)
                .doesNotContainKey("aio.context.handle");
    }

    private static Identity mysqld(boolean isCut) {
        Identity whole = new Identity(
                null,
                "/usr/sbin/mysqld",
                List.of("mysqld", "--password=x"),
                false,
                "mysql",
                null,
                "/kubepods.slice/kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice/crio-" + ID + ".scope",
                new Namespaces(7, "other"),
                new KubernetesNames(null, null, "shop", "db-0", "engine"));
        return isCut ? whole.withoutArguments() : whole;
    }

    @Test
    void identifiesProcessAfterItsExit() {
        identities = (task, mm) -> mysqld(false);
        TeardownBuilder t = TeardownBuilder.busy();
        t.caller = new Task(100, 101, "ib_io_rd-1", 1, 1_500_000_000L);
        spans(1).onTeardown(t.build());

        assertThat(attributes(root()))
                .containsEntry("process.executable.name", "mysqld")
                .containsEntry("process.executable.path", "/usr/sbin/mysqld")
                .containsEntry("process.command_args", List.of("mysqld", "--password=x"))
                .containsEntry("process.owner", "mysql")
                .containsEntry(
                        "process.creation.time",
                        Instant.ofEpochSecond(0, BOOT + 1_500_000_000L).toString())
                .containsEntry("container.id", ID)
                .containsEntry("container.runtime.name", "cri-o")
                .containsEntry("k8s.pod.uid", "01234567-89ab-cdef-0123-456789abcdef")
                .containsEntry("k8s.pod.name", "db-0")
                .containsEntry("k8s.namespace.name", "shop")
                .containsEntry("k8s.container.name", "engine")
                .doesNotContainKey("container.name")
                .containsEntry("process.vpid", 7L)
                .doesNotContainKey("container.name")
                .hasEntrySatisfying(
                        "process.linux.cgroup",
                        line -> assertThat(line.toString()).contains("/kubepods.slice/"));
    }

    @Test
    void omitsHiddenArguments() {
        Identities all = (task, mm) -> mysqld(false);
        identities = all.withoutArguments();
        spans(1).onTeardown(TeardownBuilder.busy().build());

        assertThat(attributes(root()))
                .containsEntry("process.executable.name", "mysqld")
                .doesNotContainKey("process.command_args");
    }

    @Test
    void omitsContainerForSystemdUnit() {
        identities = (task, mm) -> new Identity(
                null, "/a", List.of(), false, "root", null, "/system.slice/mariadb.service", Namespaces.HOST);
        spans(1).onTeardown(TeardownBuilder.busy().build());

        assertThat(attributes(root()))
                .hasEntrySatisfying(
                        "process.linux.cgroup",
                        line -> assertThat(line.toString()).endsWith("/system.slice/mariadb.service"))
                .doesNotContainKey("container.id");
    }

    @Test
    void namesContainerWhoseIdIsItsName() {
        identities = (task, mm) -> new Identity(
                null, "/a", List.of(), false, "root", null, "/lxc.payload.web-1/init.scope", Namespaces.HOST);
        spans(1).onTeardown(TeardownBuilder.busy().build());

        assertThat(attributes(root()))
                .containsEntry("container.id", "web-1")
                .containsEntry("container.name", "web-1")
                .doesNotContainKeys("k8s.pod.name", "process.vpid");
    }

    @Test
    void identifiesOwnerThatIsNotCaller() {
        identities = (task, mm) -> task.pid() == 100 ? mysqld(false) : Identity.UNKNOWN;
        TeardownBuilder t = TeardownBuilder.busy();
        t.trigger = Trigger.EXIT;
        t.caller = new Task(300, 300, "ps", 1, 0);
        spans(1).onTeardown(t.build());

        assertThat(attributes(root()))
                .containsEntry("process.pid", 300L)
                .doesNotContainKey("process.executable.name")
                .containsEntry("aio.context.owner.pid", 100L)
                .containsEntry("aio.context.owner.executable.path", "/usr/sbin/mysqld")
                .containsEntry("aio.context.owner.container.id", ID)
                .containsEntry("aio.context.owner.k8s.namespace.name", "shop")
                .containsEntry("aio.context.owner.k8s.pod.name", "db-0")
                .containsEntry("aio.context.owner.k8s.pod.uid", "01234567-89ab-cdef-0123-456789abcdef")
                .containsEntry("aio.context.owner.k8s.container.name", "engine");
    }

    @Test
    void omitsLimitThatAttributeCannotHold() {
        spans(0).onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(5, 6, "a", 1, 0),
                0,
                null,
                250,
                Errno.EINVAL,
                null,
                -1,
                BigInteger.ONE.shiftLeft(63).subtract(BigInteger.ONE),
                BigInteger.ONE.shiftLeft(63),
                null,
                List.of(),
                null));

        assertThat(attributes(onlySpan()))
                .containsEntry("aio.requested", 4_294_967_295L)
                .containsEntry("aio.event.usage", Long.MAX_VALUE)
                .doesNotContainKey("aio.event.limit");
    }

    private static FailedCall refusal(int pid, List<QuotaShare> largest) {
        return new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(pid, pid, "a", 1, 0),
                0,
                200L,
                250,
                11,
                null,
                70,
                BigInteger.valueOf(65_500),
                BigInteger.valueOf(65_536),
                null,
                largest,
                null);
    }

    private static RefusalOutcome outcome(
            FailedCall refusal, RefusalOutcome.Status status, RefusalOutcome.@Nullable Release release) {
        return new RefusalOutcome(
                refusal,
                9,
                status,
                4250,
                release == null ? null : RefusalOutcome.Resolution.TEARDOWN,
                release,
                true,
                BigInteger.valueOf(500),
                BigInteger.valueOf(65_536));
    }

    @Test
    void addsOutcomeToTraceOfRefusal() {
        identities = (task, mm) -> task.pid() == 100 ? mysqld(false) : Identity.UNKNOWN;
        Task holder = new Task(100, 101, "mysqld", 1, 0);
        FailedCall refusal = refusal(5, List.of(new QuotaShare(holder, 2, 65_000)));
        TeardownSpans spans = spans(0);
        spans.onFailedCall(refusal);
        assertThat(attributes(onlySpan()))
                .containsEntry("aio.event.holders", List.of("mysqld 100 cri-o:shop/db-0/engine/" + ID + " 65000"));
        spans.onRetry(refusal);
        spans.onRefusalOutcome(outcome(
                refusal, RefusalOutcome.Status.TRANSIENT, new RefusalOutcome.Release(holder, Trigger.EXIT, 2, 65_000)));

        assertThat(tree()).containsExactly("io_setup 200..250", "io_setup > refusal 250..4250");
        assertThat(attributes(named("refusal")))
                .containsEntry("process.pid", 5L)
                .containsEntry("aio.refusal.outcome", "transient")
                .containsEntry("aio.refusal.retries", 9L)
                .containsEntry("aio.refusal.succeeded", true)
                .containsEntry("aio.refusal.cause", "teardown")
                .containsEntry("aio.refusal.releaser", "mysqld 100 cri-o:shop/db-0/engine/" + ID + " 65000")
                .containsEntry("aio.event.usage", 500L);
    }

    @Test
    void usesOneClockOffsetPerTeardown() {
        long[] now = {500, BOOT + 500};
        WallClock stepped = new WallClock(() -> now[0], () -> Instant.ofEpochSecond(0, now[1]));
        stepped.sample(20_000_000L, BOOT + 20_000_000L + 3_600_000_000_000L);
        new TeardownSpans(
                        provider.get("test"),
                        loggers.get("test"),
                        stepped,
                        new SamplingPolicy(TeardownSpans.SLOW, 1),
                        Identities.NONE)
                .onTeardown(TeardownBuilder.busy().build());
        assertThat(exporter.getFinishedSpanItems())
                .extracting(span -> describe(span, Map.of()))
                .contains("io_destroy 1000..2025010000", "wake 2025000000..2025010000");
    }

    @Test
    void tracesEachFinding() {
        TeardownBuilder slow = TeardownBuilder.idle();
        slow.returnTime = 1_000L + 100_000_000L;
        TeardownBuilder failed = TeardownBuilder.idle();
        failed.result = -22L;
        TeardownBuilder outstanding = TeardownBuilder.idle();
        outstanding.outstanding = 1;
        TeardownBuilder incomplete = TeardownBuilder.idle();
        incomplete.end = Teardown.End.INCOMPLETE;
        TeardownBuilder unknown = TeardownBuilder.idle();
        unknown.end = Teardown.End.UNKNOWN;
        for (TeardownBuilder t : List.of(slow, failed, outstanding, incomplete, unknown)) {
            exporter.reset();
            spans(0).onTeardown(t.build());
            assertThat(exporter.getFinishedSpanItems()).isNotEmpty();
        }
    }

    @Test
    void samplesOrdinaryTeardownsByRatio() {
        TeardownBuilder almostSlow = TeardownBuilder.idle();
        almostSlow.returnTime = 1_000L + 99_999_999L;
        TeardownBuilder vanished = TeardownBuilder.idle();
        vanished.end = Teardown.End.VANISHED;
        spans(0).onTeardown(TeardownBuilder.idle().build());
        spans(0).onTeardown(almostSlow.build());
        spans(0).onTeardown(vanished.build());
        assertThat(exporter.getFinishedSpanItems()).isEmpty();
        assertThat(sampled(1)).hasSize(10_000);
        assertThat(sampled(0.01)).hasSizeBetween(70, 130).isEqualTo(sampled(0.01));
    }

    @Test
    void keepsSelectionWhenRatioRises() {
        assertThat(sampled(0.1)).containsAll(sampled(0.01));
    }

    @Test
    void rejectsRatioOutsideZeroToOne() {
        for (double rate : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> spans(rate)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** The contexts traced out of 10 000 ordinary ones. */
    private Set<String> sampled(double rate) {
        exporter.reset();
        TeardownSpans spans = spans(rate);
        TeardownBuilder t = TeardownBuilder.idle();
        for (int i = 0; i < 10_000; i++) {
            t.context = Context.of(i, 1, 1, 4096).withSize(1, 1);
            spans.onTeardown(t.build());
        }
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals("io_destroy"))
                .map(span -> attributes(span).get("aio.context.id").toString())
                .collect(Collectors.toSet());
    }

    private TeardownSpans spans(double rate) {
        return new TeardownSpans(
                provider.get("test"),
                loggers.get("test"),
                clock,
                new SamplingPolicy(TeardownSpans.SLOW, rate),
                identities);
    }

    private List<String> tree(TeardownBuilder t) {
        spans(1).onTeardown(t.build());
        return tree();
    }

    /** Each span of the only trace as the path to it and its time since boot. */
    private List<String> tree() {
        List<SpanData> spans = exporter.getFinishedSpanItems();
        Map<String, SpanData> byId = spans.stream().collect(Collectors.toMap(SpanData::getSpanId, span -> span));
        for (SpanData span : spans) {
            SpanData parent = byId.get(span.getParentSpanId());
            assertThat(span.getTraceId()).isEqualTo(spans.get(0).getTraceId());
            assertThat(span.getLinks()).isEmpty();
            assertThat(span.getEndEpochNanos()).isGreaterThanOrEqualTo(span.getStartEpochNanos());
            if (parent == null) {
                assertThat(span.getParentSpanId()).isEqualTo(SpanId.getInvalid());
            } else if (!Set.of("deferred_free", "not_woken", "refusal").contains(span.getName())) {
                assertThat(span.getStartEpochNanos()).isBetween(parent.getStartEpochNanos(), parent.getEndEpochNanos());
                assertThat(span.getEndEpochNanos()).isLessThanOrEqualTo(parent.getEndEpochNanos());
            }
        }
        return spans.stream().map(span -> describe(span, byId)).toList();
    }

    private static String describe(SpanData span, Map<String, SpanData> byId) {
        StringBuilder path = new StringBuilder(span.getName());
        for (SpanData up = byId.get(span.getParentSpanId()); up != null; up = byId.get(up.getParentSpanId())) {
            path.insert(0, up.getName() + " > ");
        }
        return path + " " + (span.getStartEpochNanos() - BOOT) + ".." + (span.getEndEpochNanos() - BOOT);
    }

    private SpanData root() {
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getParentSpanId().equals(SpanId.getInvalid()))
                .findFirst()
                .orElseThrow();
    }

    private SpanData named(String name) {
        return exporter.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private SpanData onlySpan() {
        assertThat(exporter.getFinishedSpanItems()).hasSize(1);
        return exporter.getFinishedSpanItems().get(0);
    }

    private static Map<String, Object> attributes(SpanData span) {
        return span.getAttributes().asMap().entrySet().stream()
                .collect(Collectors.toMap(e -> e.getKey().getKey(), Map.Entry::getValue));
    }
}
