package dev.aioscope;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.Timer;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ArchitectureTest {
    private static final String ROOT = "dev.aioscope.";

    /** The page with the diagram of the packages, which this test compares with the code. */
    private static final Path PAGE = Path.of("agent/how-it-works.md");

    private static final Pattern PACKAGES =
            Pattern.compile("<!-- packages -->\\s*```\\n(.*?)```\\s*<!-- /packages -->", Pattern.DOTALL);

    /** A package may use those in the rows before its row, and no other of its row. */
    private static final List<List<String>> ROWS = rows();

    /** These packages may use the engines; others use the interface in {@code probe}. */
    private static final Set<String> USES_ENGINES =
            Set.of("agent", "diagnosis", "output", "daemon", "cli.option", "cli");

    /** Where threads may be made without a worker: the JVM's hook, and workloads. */
    private static final String[] MAKES_THREADS = {ROOT + "worker", ROOT + "demo"};

    private static final DescribedPredicate<JavaClass> OURS = resideInAPackage("dev.aioscope..");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.aioscope");

    private static List<List<String>> rows() {
        try {
            Matcher diagram = PACKAGES.matcher(Files.readString(PAGE));
            assertThat(diagram.find())
                    .as("%s has a diagram of the packages", PAGE)
                    .isTrue();
            return diagram.group(1)
                    .lines()
                    .map(line -> List.of(line.split(" {2,}", 2)[0].split(" \\| ")))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> packageDependsOnlyOnThoseAboveIt() {
        List<DynamicTest> tests = new ArrayList<>();
        List<String> above = new ArrayList<>();
        for (List<String> row : ROWS) {
            for (String name : row) {
                List<String> allowed = new ArrayList<>(above);
                allowed.add(name);
                if (!USES_ENGINES.contains(name) && !isEngine(name)) {
                    allowed.removeIf(other -> isEngine(other) && !other.equals(name));
                }
                tests.add(DynamicTest.dynamicTest(
                        name,
                        () -> classes()
                                .that()
                                .resideInAPackage(ROOT + name)
                                .should()
                                .onlyDependOnClassesThat(not(OURS).or(resideInAnyPackage(qualified(allowed))))
                                .check(CLASSES)));
            }
            above.addAll(row);
        }
        return tests.stream();
    }

    @Test
    void diagramShowsEveryPackage() {
        List<String> all = ROWS.stream().flatMap(List::stream).toList();
        classes().should().resideInAnyPackage(qualified(all)).check(CLASSES);
    }

    @Test
    void commandsHaveNoCyclesBetweenFiles() {
        slices().assignedFrom(new FileOfCommands())
                .namingSlices("$1")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    /** Each top-level class of the packages {@code cli} and below is a slice. */
    private static final class FileOfCommands implements SliceAssignment {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
            return type.getPackageName().startsWith(ROOT + "cli")
                    ? SliceIdentifier.of(type.getName().replaceFirst("\\$.*", ""))
                    : SliceIdentifier.ignore();
        }

        @Override
        public String getDescription() {
            return "the files of cli";
        }
    }

    @Test
    void commandsAreASmallRoom() throws IOException {
        Map<String, Long> lines = new TreeMap<>();
        Path sources = Path.of("src/main/java/dev/aioscope");
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".java")).toList()) {
                lines.merge(sources.relativize(file).getName(0).toString(), linesOf(file), Long::sum);
            }
        }
        assertThat(lines.get("cli")).isLessThan(3000);
        assertThat(lines)
                .hasEntrySatisfying("cli", cli -> assertThat(lines.values()).anyMatch(other -> other > cli));
    }

    private static long linesOf(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        }
    }

    @Test
    void noTwoClassesHaveTheSameSimpleName() {
        Map<String, List<String>> byName = CLASSES.stream()
                .filter(type ->
                        !type.isAnonymousClass() && !type.getSimpleName().isEmpty())
                .filter(type -> !type.getSimpleName().equals("package-info"))
                .collect(Collectors.groupingBy(
                        JavaClass::getSimpleName,
                        TreeMap::new,
                        Collectors.mapping(JavaClass::getName, Collectors.toList())));
        byName.values().removeIf(names -> names.size() == 1);
        assertThat(byName).isEmpty();
    }

    @Test
    void everyThreadIsAWorker() {
        noClasses()
                .that()
                .resideOutsideOfPackages(MAKES_THREADS)
                .and()
                .doNotHaveFullyQualifiedName(ROOT + "agent.Shutdown")
                .should()
                .callConstructorWhere(describe(
                        "it makes a thread",
                        call -> Stream.of(Thread.class, Timer.class, ForkJoinPool.class)
                                .anyMatch(call.getTargetOwner()::isAssignableTo)))
                .orShould()
                .callMethodWhere(describe("it uses a thread of the JVM", ArchitectureTest::usesThreadOfJvm))
                .check(CLASSES);
    }

    /** Failures on such a thread would neither be counted nor end the process if memory runs out. */
    private static boolean usesThreadOfJvm(JavaMethodCall call) {
        JavaClass owner = call.getTargetOwner();
        String name = call.getName();
        return owner.isEquivalentTo(Executors.class)
                || owner.isAssignableTo(ForkJoinPool.class)
                || name.matches("parallel|parallelStream")
                || (owner.isAssignableTo(CompletionStage.class) && name.endsWith("Async"))
                || (owner.isAssignableTo(ProcessHandle.class) && name.equals("onExit"))
                || (owner.isAssignableTo(Process.class) && name.equals("onExit"));
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
