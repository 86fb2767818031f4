package dev.aioscope.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.agent.DutyCycle.Stats;
import dev.aioscope.audit.Audit;
import dev.aioscope.audit.Clause;
import dev.aioscope.config.Setting;
import dev.aioscope.config.SettingValue;
import dev.aioscope.config.SettingValue.Origin;
import dev.aioscope.daemon.QuotaHistory;
import dev.aioscope.demo.DemoReport;
import dev.aioscope.demo.DemoWorkload;
import dev.aioscope.diagnosis.Diagnosis;
import dev.aioscope.diagnosis.Diagnosis.Check;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.diagnosis.ExplanationTest;
import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.diagnosis.QuotaPlan;
import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.GroupBy;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.inventory.Scan;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Counters;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.output.AuditReport;
import dev.aioscope.output.DiagnosisJson;
import dev.aioscope.output.ExplanationJson;
import dev.aioscope.output.HolderReport;
import dev.aioscope.output.PlanReport;
import dev.aioscope.output.SettingsReport;
import dev.aioscope.output.StatusJson;
import dev.aioscope.output.SummaryText.Summary;
import dev.aioscope.output.SummaryText.SummaryState;
import dev.aioscope.output.TraceJson;
import dev.aioscope.output.TraceSummary;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import dev.aioscope.probe.Losses;
import dev.aioscope.probe.NoProbes;
import dev.aioscope.probe.Quotas;
import dev.aioscope.probe.ScanGaps;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.telemetry.NoWork;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code agent/json.md} lists the names that each JSON object has, in their order, and the types of their values. */
class JsonDocumentTest {
    private static final Path DOCUMENT = Path.of("agent/json.md");
    private static final Task CALLER = new Task(100, 101, "mysqld", 1, 0);
    private static final String ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private static final String UID = "01234567-89ab-cdef-0123-456789abcdef";
    private static final LimitFile LIMIT_FILE =
            new LimitFile("/etc/sysctl.d/a.conf", 1, "1048576", false, "/etc/sysctl.d/b.conf (permission denied)");
    private static final WallClock CLOCK = new WallClock(() -> 0, () -> Instant.EPOCH);

    static Stream<String> objects() {
        TraceJson trace = new TraceJson(CLOCK, Identities.NONE, BlockDevice::of, () -> LIMIT_FILE);
        TraceJson identified = new TraceJson(
                CLOCK,
                (task, mm) -> new Identity(
                        null,
                        "/a",
                        List.of("a", "b"),
                        false,
                        "root",
                        "staff",
                        "/kubepods/pod" + UID + "/" + ID,
                        new Namespaces(7, "a-0")));
        Stats stats = new Stats(9, new Losses(1, 2, 0, 3, 4L), new Counters(4, 5, 6, 7));
        LiveContext context = new LiveContext(CALLER, null, 1, 0x1000, 2816, 3000, 1, null);
        Inventory snapshot = new Inventory(Tier.SAMPLE, List.of(context), 1, ScanGaps.NONE, Quotas.of(2900L, 65536L));
        HolderReport holders = new HolderReport(snapshot, task -> true, Identities.NONE, CLOCK);
        return Stream.of(
                trace.teardown(TeardownBuilder.busy().build(), 0),
                trace.teardown(new TeardownBuilder().build(), 0),
                trace.stuck(
                        new TeardownInProgress(
                                new TeardownBuilder().build(), 1, WaitReason.REQUESTS, 2, 0, true, List.of(1L), true),
                        3),
                trace.straggler(new Straggler(
                        new TeardownInProgress(
                                TeardownBuilder.busy().build(), 1, null, null, null, null, List.of(), true),
                        9,
                        Operation.READ,
                        "/data",
                        7,
                        0xef53,
                        8,
                        1,
                        4096L,
                        -5)),
                trace.failedCall(refusal()),
                trace.failedCall(new FailedCall(
                        FailedCall.SystemCall.IO_DESTROY,
                        CALLER,
                        1,
                        1L,
                        2,
                        Errno.EINVAL,
                        0x1000L,
                        null,
                        null,
                        null,
                        null,
                        List.of(),
                        null)),
                trace.refusalOutcome(new RefusalOutcome(
                        refusal(),
                        3,
                        RefusalOutcome.Status.LASTING,
                        9,
                        null,
                        null,
                        false,
                        BigInteger.valueOf(65000),
                        BigInteger.valueOf(65536))),
                identified.refusalOutcome(new RefusalOutcome(
                        refusal(),
                        3,
                        RefusalOutcome.Status.TRANSIENT,
                        9,
                        RefusalOutcome.Resolution.TEARDOWN,
                        new RefusalOutcome.Release(CALLER, Trigger.EXIT, 2, 5632),
                        true,
                        BigInteger.valueOf(1),
                        BigInteger.valueOf(65536))),
                identified.failedCall(refusal()),
                identified.teardown(TeardownBuilder.busy().build(), 0),
                TraceJson.summary(new TraceSummary(1, 2, 3, 4, 5, 6, 8, 7, stats)),
                audit(stats).get(0),
                audit(stats).get(Clause.values().length),
                DiagnosisJson.of(diagnosis()),
                new DemoReport(new DemoWorkload(Path.of(".")), Tier.FULL, trace, new PrintWriter(new StringWriter()))
                        .json(),
                holders.json(GroupBy.PROCESS).get(0),
                holders.json(GroupBy.USER).get(0),
                holders.jsonOfAll().get(0),
                holders.jsonOfAll().get(1),
                PlanReport.json(plan(snapshot)).get(0),
                PlanReport.json(plan(snapshot)).get(1),
                ExplanationJson.of(ExplanationTest.siblingAndFile(List.of(context))),
                SettingsReport.json(
                                Map.of(
                                        new Setting(
                                                "slow", "TIME", "100ms", false, true, false, "", v -> Optional.empty()),
                                        new SettingValue("1s", Origin.FILE, "/a:1")),
                                Map.of())
                        .get(0),
                status(),
                history(snapshot).get(0),
                history(snapshot).get(1),
                Run.of("version", "--json").out().strip());
    }

    private static QuotaPlan plan(Inventory inventory) {
        return QuotaPlan.of(
                inventory,
                (task, mm) -> new Identity(
                        null, "/a", List.of(), false, "root", null, "/system.slice/a.service", Namespaces.HOST),
                1,
                LIMIT_FILE,
                Map.of("mysqld", 2));
    }

    private static String status() {
        return StatusJson.of(
                new NoProbes(Tier.FULL, List.of()),
                new StatusJson.Progress(false, 1, 2, 2L, 3),
                new Summary(SummaryState.NORMAL, List.of("nothing")),
                List.of("a gap"),
                new NoWork(),
                Duration.ofSeconds(1),
                CLOCK);
    }

    private static List<String> history(Inventory inventory) {
        QuotaHistory history = new QuotaHistory(Identities.NONE, CLOCK, Duration.ofSeconds(5));
        history.accept(new Scan(1, inventory, List.of()));
        return history.json().toList();
    }

    private static FailedCall refusal() {
        return new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                CALLER,
                1,
                1L,
                2,
                Errno.EAGAIN,
                null,
                1024,
                BigInteger.valueOf(65000),
                BigInteger.valueOf(65536),
                null,
                List.of(new QuotaShare(CALLER, 3, 64000)),
                null);
    }

    private static List<String> audit(Stats stats) {
        Audit audit = new Audit(Tier.FULL, false);
        audit.onTeardown(TeardownBuilder.busy().build());
        return new AuditReport(audit.verdicts(), Tier.FULL, "6.1", CLOCK)
                .json(new TraceSummary(0, 0, 0, 0, 0, 6, 0, 0, stats));
    }

    private static Diagnosis diagnosis() {
        AttachPoint point = new AttachPoint(
                "kill_ioctx", Mode.KPROBE, List.of(new Rejection(Mode.FENTRY, "EPERM", "another kernel")));
        return new Diagnosis(
                List.of(new TierTrial(Tier.FULL, true, null, null, List.of(point))),
                List.of(Check.of("quota", false, "65536 of 65536", "sysctl")));
    }

    @ParameterizedTest
    @MethodSource("objects")
    void theDocumentListsTheNamesOfEachObject(String line) throws IOException {
        assertThat(line).doesNotContain("\n");
        JsonNode object = JsonMapper.shared().readTree(line);
        Map<String, String> documented = documented(object.path("type").asString());
        Map<String, JsonNode> written = new LinkedHashMap<>();
        collect("", object, written);

        assertThat(object.path("schema").asInt()).isEqualTo(2);
        assertThat(written.keySet()).containsExactlyElementsOf(documented.keySet());
        written.forEach((name, value) -> {
            if (!value.isNull()) {
                String type = value.isNumber() ? "number" : value.isBoolean() ? "boolean" : "string";
                assertThat(type).as(name).isEqualTo(documented.get(name));
            }
        });
    }

    private static void collect(String prefix, JsonNode node, Map<String, JsonNode> to) {
        if (node.isObject()) {
            node.properties()
                    .forEach(entry -> collect(
                            prefix.isEmpty() ? entry.getKey() : prefix + "." + entry.getKey(), entry.getValue(), to));
        } else if (node.isArray()) {
            node.forEach(element -> collect(prefix + "[]", element, to));
        } else {
            to.put(prefix, node);
        }
    }

    /** Name to type, as the table below the heading of this type says. */
    private static Map<String, String> documented(String type) throws IOException {
        Map<String, String> names = new LinkedHashMap<>();
        Files.readAllLines(DOCUMENT).stream()
                .dropWhile(line -> !line.equals("## " + type))
                .skip(1)
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split(" *\\| *", -1))
                .forEach(cells -> names.put(cells[1].replace("`", ""), cells[2]));
        return names;
    }
}
