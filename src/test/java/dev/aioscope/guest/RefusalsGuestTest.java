package dev.aioscope.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.event.Trigger;
import dev.aioscope.guest.TestAgent.AttachMethod;
import dev.aioscope.host.Container;
import dev.aioscope.host.Processes;
import dev.aioscope.host.Processes.IdentityKey;
import dev.aioscope.kernel.BootClock;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Resolution;
import dev.aioscope.lifecycle.RefusalOutcome.Status;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.probe.Tier;
import dev.aioscope.telemetry.SamplingPolicy;
import dev.aioscope.telemetry.TeardownSpans;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.logs.LoggerProvider;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A quota that is used up, the processes that get refused, and what ends the refusal. The test lowers the guest's
 * limit.
 */
@Tag("guest")
class RefusalsGuestTest {
    private static final Path LIMIT = Path.of("/proc/sys/fs/aio-max-nr");
    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private final TestAgent agent = new TestAgent(Tier.FULL, AttachMethod.FENTRY);
    private long limitBefore;

    @BeforeEach
    void lowerTheLimit() throws IOException {
        limitBefore = Host.aioMaxNr().orElseThrow().longValueExact();
        Files.writeString(LIMIT, "1000");
    }

    @AfterEach
    void close() throws IOException {
        Files.writeString(LIMIT, "" + limitBefore);
        agent.close();
    }

    private AioWork holder() throws IOException {
        AioWork holder = AioWork.start("many", "--count", "3", "--charge", "300", "--wait");
        holder.await("aio_nr");
        agent.readUntil("the holder", () -> agent.setups(holder.pid()).size() == 3);
        return holder;
    }

    private AioWork refused() throws IOException {
        AioWork refused = AioWork.start("persist", "--charge", "200");
        refused.await("refused");
        agent.readUntil("a refusal", () -> !agent.failedCalls(refused.pid()).isEmpty());
        return refused;
    }

    private RefusalOutcome awaitOutcome(AioWork refused, int number) {
        agent.readUntil("an outcome", () -> agent.outcomes(refused.pid()).size() >= number);
        return agent.outcomes(refused.pid()).get(number - 1);
    }

    @Test
    void namesKilledHolderAsReleaserAfterExit() throws IOException {
        InMemorySpanExporter spans = InMemorySpanExporter.create();
        try (Processes processes = Processes.ofThisHost(false, Processes.DEFAULT_CAPACITY);
                SdkTracerProvider provider = SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(spans))
                        .build();
                AioWork holder = AioWork.start("many", "--count", "3", "--charge", "300", "--wait")) {
            TeardownSpans teardownSpans = new TeardownSpans(
                    provider.get("test"),
                    LoggerProvider.noop().get("test"),
                    new WallClock(BootClock::now, InstantSource.system()),
                    new SamplingPolicy(TeardownSpans.SLOW, 1),
                    processes);
            holder.await("aio_nr");
            Path container = Files.createDirectories(Path.of("/sys/fs/cgroup/system.slice/docker-" + ID + ".scope"));
            Files.writeString(container.resolve("cgroup.procs"), holder.pid() + "");
            agent.readUntil("the holder", () -> agent.setups(holder.pid()).size() == 3);
            agent.setups(holder.pid()).forEach(setup -> processes.read(IdentityKey.of(setup.owner(), setup.mm())));
            processes.await(Duration.ofMinutes(1));
            try (AioWork refused = refused()) {
                FailedCall refusal = agent.failedCalls(refused.pid()).get(0);
                assertThat(refusal.maxReqs()).isEqualTo(200);
                assertThat(refusal.aioNr()).isEqualTo(900);
                assertThat(refusal.aioMaxNr()).isEqualTo(1000);
                assertThat(refusal.neededLimit()).isEqualTo(1100);
                assertThat(refusal.largest().get(0))
                        .isEqualTo(new QuotaShare(refusal.largest().get(0).owner(), 3, 900))
                        .satisfies(holding -> assertThat(holding.owner().pid()).isEqualTo(holder.pid()));
                teardownSpans.onFailedCall(refusal);

                holder.kill();
                refused.finish();
                RefusalOutcome outcome = awaitOutcome(refused, 1);
                assertThat(outcome.status()).as("%s", outcome).isEqualTo(Status.TRANSIENT);
                assertThat(outcome.resolution()).isEqualTo(Resolution.TEARDOWN);
                assertThat(outcome.release().by().pid()).isEqualTo(holder.pid());
                assertThat(outcome.release().trigger()).isEqualTo(Trigger.EXIT);
                assertThat(outcome.release().charge()).isIn(300L, 600L, 900L);
                assertThat(outcome.retries()).isEqualTo((int) refused.value("tries") - 2);
                assertThat(outcome.time())
                        .as(
                                "%s of %s, %s",
                                outcome,
                                agent.setups(refused.pid()),
                                agent.probes().losses())
                        .isBetween(refused.value("refused"), refused.value("granted"));
                teardownSpans.onRefusalOutcome(outcome);
            }
            agent.readUntil("the exit", () -> agent.teardowns(holder.pid()).size() == 3);
            Teardown teardown = agent.teardowns(holder.pid()).get(0);
            teardownSpans.onTeardown(teardown);

            assertThat(processes.ofOwner(teardown).container())
                    .hasValue(new Container("docker", ID, false, null, null, null, null));
            SpanData exit = named(spans, "exit_aio");
            assertThat(exit.getAttributes().get(AttributeKey.stringKey("container.id")))
                    .isEqualTo(ID);
            assertThat(exit.getAttributes().get(AttributeKey.stringKey("process.executable.name")))
                    .isEqualTo("aiowork");
            assertThat(exit.getAttributes().get(AttributeKey.stringArrayKey("process.command_args")))
                    .contains("many", "--count");
            assertThat(named(spans, "refusal").getAttributes().get(AttributeKey.stringKey("aio.refusal.releaser")))
                    .startsWith("aiowork " + holder.pid() + " docker:" + ID);
        }
    }

    private static SpanData named(InMemorySpanExporter spans, String name) {
        return spans.getFinishedSpanItems().stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void reportsLastingRefusalAndItsEndWhenLimitIsRaised() throws IOException {
        try (AioWork holder = holder();
                AioWork refused = refused()) {
            RefusalOutcome lasting = awaitOutcome(refused, 1);
            assertThat(lasting.status()).isEqualTo(Status.LASTING);
            assertThat(lasting.duration()).isGreaterThanOrEqualTo(10_000_000_000L);
            assertThat(lasting.resolution()).isNull();
            assertThat(lasting.hasSucceeded()).isFalse();
            assertThat(lasting.refusal().largest().get(0).owner().pid()).isEqualTo(holder.pid());

            Files.writeString(LIMIT, "2000");
            refused.finish();
            RefusalOutcome over = awaitOutcome(refused, 2);
            assertThat(over.status()).isEqualTo(Status.OVER);
            assertThat(over.resolution()).isEqualTo(Resolution.LIMIT);
            assertThat(over.hasSucceeded()).isTrue();
            assertThat(over.aioMaxNr()).isEqualTo(2000);
            assertThat(over.retries()).isEqualTo((int) refused.value("tries") - 2);
            assertThat(agent.outcomes(refused.pid())).hasSize(2);
        }
    }
}
