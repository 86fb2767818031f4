package dev.aioscope;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    private static final String ROOT = "dev.aioscope.";

    /** Names in one row do not see each other; a row sees the rows before it. */
    private static final List<List<String>> ROWS = List.of(
            List.of("event.."),
            List.of("kernel.."),
            List.of("probe"),
            List.of("probe.bpf.."),
            List.of("probe.core..", "probe.bcc..", "probe.proc.."),
            List.of("lifecycle.."),
            List.of("inventory.."),
            List.of("audit.."),
            List.of("host.."),
            List.of("telemetry.."),
            List.of("recording.."),
            List.of("http..", "top.."),
            List.of("config.."),
            List.of("agent.."),
            List.of("cli.."));

    /** Everything else goes through the interface in {@code probe}. */
    private static final Set<String> SEES_ENGINES = Set.of("agent..", "cli..");

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage(ROOT + ".");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.aioscope");

    @TestFactory
    Stream<DynamicTest> packageSeesOnlyThoseAboveIt() {
        List<DynamicTest> tests = new ArrayList<>();
        List<String> above = new ArrayList<>();
        for (List<String> row : ROWS) {
            for (String name : row) {
                List<String> seen = new ArrayList<>(above);
                seen.add(name);
                if (!SEES_ENGINES.contains(name) && !isEngine(name)) {
                    seen.removeIf(other -> isEngine(other) && !other.equals(name));
                }
                tests.add(DynamicTest.dynamicTest(
                        name,
                        () -> classes()
                                .that()
                                .resideInAPackage(ROOT + name)
                                .should()
                                .onlyDependOnClassesThat(not(OURS).or(resideInAnyPackage(qualified(seen))))
                                .allowEmptyShould(true)
                                .check(CLASSES)));
            }
            above.addAll(row);
        }
        return tests.stream();
    }

    @Test
    void everyPackageHasItsPlaceInTheOrder() {
        List<String> all = ROWS.stream().flatMap(List::stream).toList();
        classes().should().resideInAnyPackage(qualified(all)).check(CLASSES);
    }

    @Test
    void nativeCallsStayInProbeAndKernel() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "probe..", ROOT + "kernel..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.sun.jna..")
                .check(CLASSES);
    }

    @Test
    void lifecycleTouchesNothingOutsideItself() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "lifecycle..")
                .should()
                .dependOnClassesThat(IO.or(THREADS_AND_CLOCKS))
                .orShould()
                .accessTargetWhere(SYSTEM)
                .orShould()
                .accessTargetWhere(CURRENT_TIME)
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    private static final DescribedPredicate<JavaClass> IO = resideInAnyPackage(
                    "java.io..",
                    "java.nio.file..",
                    "java.nio.channels..",
                    "java.net..",
                    "java.util.logging..",
                    "org.slf4j..")
            .and(not(JavaClass.Predicates.type(java.io.Serializable.class)));

    private static final DescribedPredicate<JavaClass> THREADS_AND_CLOCKS = describe(
            "are threads, processes, timers or clocks",
            c -> Stream.of(
                            Thread.class,
                            Process.class,
                            ProcessBuilder.class,
                            ProcessHandle.class,
                            Runtime.class,
                            java.util.Timer.class,
                            java.util.concurrent.Executor.class,
                            Clock.class)
                    .anyMatch(c::isAssignableTo));

    private static final DescribedPredicate<JavaAccess<?>> SYSTEM = describe("is in System, array copies aside", a -> {
        AccessTarget target = a.getTarget();
        return target.getOwner().isEquivalentTo(System.class)
                && !Set.of("arraycopy", "identityHashCode").contains(target.getName());
    });

    private static final DescribedPredicate<JavaAccess<?>> CURRENT_TIME = describe(
            "reads the current time",
            a -> a.getTarget().getName().equals("now")
                    && a.getTarget().getOwner().getPackageName().startsWith("java.time"));

    private static boolean isEngine(String name) {
        return name.startsWith("probe.");
    }

    private static String[] qualified(List<String> names) {
        return names.stream().map(ROOT::concat).toArray(String[]::new);
    }
}
