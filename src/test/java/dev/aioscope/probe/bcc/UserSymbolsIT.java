package dev.aioscope.probe.bcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The helper process can exit at any time, and exits at close. */
class UserSymbolsIT {
    private static final int SELF = (int) ProcessHandle.current().pid();

    private final UserSymbols symbols = UserSymbols.start();

    @AfterEach
    void close() {
        symbols.close();
    }

    private static List<ProcessHandle> helpers() {
        return ProcessHandle.current()
                .children()
                .filter(child -> child.info().command().orElse("").endsWith("/java"))
                .toList();
    }

    /** Resolves an address that no program maps. */
    private List<String> resolve() throws Exception {
        return symbols.resolve(SELF, new long[] {0x10000}).get(60, TimeUnit.SECONDS);
    }

    private static void awaitEnd(ProcessHandle helper) throws Exception {
        helper.onExit().get(60, TimeUnit.SECONDS);
    }

    @Test
    void replacesHelperThatExits() throws Exception {
        assertThat(resolve()).containsExactly("0x10000");
        ProcessHandle first = helpers().get(0);
        first.destroyForcibly();
        awaitEnd(first);

        assertThat(resolve()).as("after the exit").containsExactly("0x10000");
        assertThat(helpers()).hasSize(1).doesNotContain(first);
    }

    @Test
    void stopsHelperAtClose() throws Exception {
        ProcessHandle helper = helpers().get(0);
        symbols.close();
        awaitEnd(helper);
        assertThat(resolve()).as("after close").isEmpty();
    }

    @Test
    void answersWithoutNamesWhenQueueIsFull() {
        long nameless = IntStream.range(0, 5000)
                .mapToObj(i -> symbols.resolve(SELF, new long[] {0x10000}))
                .map(answer -> answer.getNow(null))
                .filter(List.of()::equals)
                .count();
        assertThat(nameless).isPositive();
    }
}
