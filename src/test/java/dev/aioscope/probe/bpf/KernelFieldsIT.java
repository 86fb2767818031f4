package dev.aioscope.probe.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.aioscope.kernel.AlteredBtf;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.core.CoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Loads the probes with the types of a kernel that has other names for its fields, and compares with the documented tier. It
 * loads and does not attach, so it needs no kprobes.
 */
class KernelFieldsIT {
    private static final Path DOCUMENT = Path.of("agent/kernel-fields.md");
    private static final Pattern ROW = Pattern.compile("\\| `(\\S+)` \\| (.*) \\| (`\\w+`) \\| (.*) \\|");
    private static final Set<Mode> WITHOUT_FENTRY = Set.of(Mode.KPROBE, Mode.KRETPROBE, Mode.ITERATOR);
    private static final ProbeSettings ALL_PROGRAMS = new ProbeSettings(true, true);

    @TempDir
    private Path folder;

    /**
     * A row of the document.
     *
     * @param struct the kernel's struct
     * @param fields whose absence has the same effect
     * @param tier the best tier without one of them
     * @param lost the labels of the attach points that do not load
     */
    private record Row(String struct, List<String> fields, String tier, Set<String> lost) {}

    private static List<Row> rows() throws IOException {
        return Files.readAllLines(DOCUMENT).stream()
                .map(ROW::matcher)
                .filter(row -> row.matches())
                .map(row -> new Row(
                        row.group(1),
                        quoted(row.group(2)),
                        quoted(row.group(3)).get(0),
                        Set.copyOf(quoted(row.group(4)))))
                .toList();
    }

    private static List<String> quoted(String text) {
        return Pattern.compile("`([^`]+)`")
                .matcher(text)
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    static Stream<String> fields() throws IOException {
        return rows().stream().flatMap(row -> row.fields().stream().map(field -> row.struct() + "." + field));
    }

    /** The document lists each field of kernel.h that a program reads. */
    @Test
    void documentListsEachField() throws IOException {
        Set<String> declared = Pattern.compile("\\t(?:FIELD|OPTIONAL)\\((\\w+?)(?:___\\w+)?, (\\w+), ")
                .matcher(Files.readString(Path.of("probes/kernel.h")))
                .results()
                .map(field -> field.group(1) + "." + field.group(2))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(new TreeSet<>(fields().toList())).isEqualTo(declared);
    }

    @ParameterizedTest
    @MethodSource("fields")
    void loadsDocumentedTierWithoutField(String name) throws IOException {
        String struct = name.substring(0, name.indexOf('.'));
        String field = name.substring(name.indexOf('.') + 1);
        Row row = rows().stream()
                .filter(candidate ->
                        candidate.struct().equals(struct) && candidate.fields().contains(field))
                .findFirst()
                .orElseThrow();
        AlteredBtf btf = new AlteredBtf();
        assumeThat(btf.rename(struct, field, "absent"))
                .as("this kernel has %s", name)
                .isTrue();
        CoreEngine engine = new CoreEngine(btf.writeTo(folder.resolve("btf")));

        Tier best = null;
        Set<String> lost = Set.of();
        for (Tier tier : List.of(Tier.FULL, Tier.SAMPLE)) {
            AttachPlan plan = load(engine, tier);
            if (plan.missing().isEmpty()) {
                best = tier;
                lost = rejected(plan);
                break;
            }
        }
        assertThat(best == null ? Tier.PROC.label() : best.label()).isEqualTo(row.tier());
        assertThat(lost).isEqualTo(row.lost());
    }

    /** Where a helper is missing, its number is missing in the types as well. */
    @ParameterizedTest
    @CsvSource({
        "bpf_func_id, BPF_FUNC_ktime_get_boot_ns",
        "bpf_func_id, BPF_FUNC_task_pt_regs",
        "bpf_func_id, BPF_FUNC_map_lookup_percpu_elem",
        "bpf_features, BPF_FEAT_STREAMS",
        "cgroup_subsys_id, memory_cgrp_id"
    })
    void loadsTierFullWithoutFeature(String enumeration, String value) throws IOException {
        AlteredBtf btf = new AlteredBtf();
        assumeThat(btf.renameEnumerator(enumeration, value, "ABSENT"))
                .as("this kernel has %s", value)
                .isTrue();

        AttachPlan plan = load(new CoreEngine(btf.writeTo(folder.resolve("btf"))), Tier.FULL);

        assertThat(plan.missing()).isEmpty();
        assertThat(rejected(plan)).isEmpty();
    }

    /** Rejects what does not load, until the rest loads or an essential program is rejected. */
    private static AttachPlan load(CoreEngine engine, Tier tier) {
        AttachPlan plan = new AttachPlan(tier, WITHOUT_FENTRY, true);
        while (plan.missing().isEmpty()) {
            try (Programs programs = engine.open(ALL_PROGRAMS)) {
                LoadFailure failure = programs.load(plan);
                if (failure == null) {
                    break;
                }
                assertThat(failure.program()).as(failure.reason()).isNotNull();
                plan.reject(plan.targetOf(String.valueOf(failure.program())).orElseThrow(), failure.reason(), "");
            }
        }
        return plan;
    }

    private static Set<String> rejected(AttachPlan plan) {
        return plan.attachPoints().stream()
                .filter(point -> point.mode() == null)
                .map(AttachPoint::name)
                .collect(Collectors.toSet());
    }
}
