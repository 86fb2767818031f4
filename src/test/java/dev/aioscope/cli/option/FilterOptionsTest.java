package dev.aioscope.cli.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.agent.TaskFilter;
import dev.aioscope.agent.TaskSelector;
import dev.aioscope.event.AioCall;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.host.Namespaces;
import dev.aioscope.inventory.LiveContext;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.HandleUse;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.RecordingListener;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownBuilder;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.lifecycle.WrongHandle.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

class FilterOptionsTest {
    /** Made by process 100 (mysqld), destroyed by its thread 101 (ib_io_rd-1), both in cgroup 1. */
    private static final Teardown TEARDOWN = TeardownBuilder.idle().build();

    /** Process 100, whose main thread is mysqld, runs a deleted mysqld.bin; others are unknown. */
    private static final Identities IDENTITIES = (task, mm) -> task.pid() == 100
            ? new Identity(
                    "mysqld", "/usr/sbin/mysqld.bin (deleted)", List.of(), false, null, null, null, Namespaces.HOST)
            : Identity.UNKNOWN;

    private static FilterOptions parse(String... arguments) {
        FilterOptions filter = new FilterOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create()
                        .addMixin("filter", CommandLine.Model.CommandSpec.forAnnotatedObject(filter)))
                .parseArgs(arguments);
        return filter;
    }

    private static List<Object> passed(FilterOptions filter, Teardown teardown) {
        return passed(new TaskSelector(filter::filter, IDENTITIES), teardown);
    }

    private static List<Object> passed(TaskSelector selector, Teardown teardown) {
        RecordingListener received = new RecordingListener();
        LifecycleListener before = selector.before(received);
        Task owner = teardown.context().owner();
        before.onSetup(teardown.context());
        before.onTeardown(teardown);
        before.onFailedCall(new FailedCall(
                FailedCall.SystemCall.IO_DESTROY,
                owner,
                1,
                5L,
                6,
                22,
                0x1000L,
                null,
                null,
                null,
                null,
                List.of(),
                null));
        before.onHandleUse(new HandleUse(
                AioCall.IO_SUBMIT,
                owner,
                6,
                -22,
                new WrongHandle(Cause.ALREADY_DESTROYED, teardown.context(), null, null, null, false, null)));
        return Stream.of(received.setups, received.teardowns, received.failedCalls, received.uses)
                .<Object>flatMap(List::stream)
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "4, ''",
        "4, --pid=100",
        "4, --pid=99 --pid=100",
        "4, '--pid=99,100'",
        "0, --pid=99",
        "4, --comm=mysqld",
        "0, --comm=ib_io_rd-1",
        "0, --comm=mysql",
        "4, --cgroup=1",
        "0, --cgroup=2",
        "4, --pid=100 --comm=mysqld --cgroup=1",
        "0, --pid=100 --comm=fio",
        "4, --exe=mysqld.bin",
        "4, '--exe=fio,mysqld.bin'",
        "4, --exe=/usr/sbin/mysqld.bin",
        "0, --exe=/sbin/mysqld.bin",
        "0, --exe=mysqld",
        "0, --exe=/mysqld.bin",
        "4, --exe=mysqld.bin --comm=mysqld",
        "0, --exe=fio --comm=mysqld",
        "0, --exe=mysqld.bin --comm=ib_io_rd-1",
    })
    void matchesAnyValueOfOptionAndAllOptions(int count, String arguments) {
        String[] list = arguments.isEmpty() ? new String[0] : arguments.split(" ", -1);

        assertThat(passed(parse(list), TEARDOWN)).hasSize(count);
    }

    @Test
    void matchesTeardownByCaller() {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.caller = new Task(300, 300, "other", 7, 0);

        assertThat(passed(parse("--pid", "300"), teardown.build())).hasSize(1);
        assertThat(passed(parse("--cgroup", "7"), teardown.build())).hasSize(1);
    }

    @Test
    void selectsMainThreadByItsOwnName() {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.context = teardown.context.withOwner(new Task(300, 300, "renamed", 1, 0));

        assertThat(passed(parse("--comm", "renamed"), teardown.build())).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--exe=mysqld.bin", "--comm=mysqld", "--comm=mysqld --exe=mysqld.bin"})
    void countsReportedEventsOfUnknownProcesses(String arguments) {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.context = teardown.context.withOwner(new Task(300, 301, "gone", 1, 0));
        teardown.caller = teardown.context.owner();
        TaskSelector selector = new TaskSelector(parse(arguments.split(" ", -1))::filter, IDENTITIES);

        assertThat(passed(selector, teardown.build())).isEmpty();
        assertThat(selector.withheld())
                .as("teardown, failed call, use of a handle")
                .isEqualTo(3);

        TaskSelector other = new TaskSelector(parse("--exe", "mysqld.bin", "--pid", "1")::filter, IDENTITIES);
        assertThat(passed(other, teardown.build())).isEmpty();
        assertThat(other.withheld()).as("of another process").isZero();
    }

    @Test
    void selectsContextsByExecutableOfHolder() {
        TaskSelector selector = new TaskSelector(parse("--exe", "mysqld.bin")::filter, IDENTITIES);

        assertThat(selector.selects(new LiveContext(TEARDOWN.context().owner(), null, 1, 0x1000, 1, 2, 0, 0)))
                .isTrue();
        assertThat(selector.selects(new LiveContext(new Task(7, 7, "mysqld", 1, 0), null, 2, 0x1000, 1, 2, 0, 0)))
                .isFalse();
    }

    @Test
    void selectsUnknownTaskWithoutFilter() {
        Teardown unknown = new TeardownBuilder().build();

        assertThat(new TaskSelector(() -> TaskFilter.ALL, IDENTITIES).selects(unknown))
                .isTrue();
    }

    @Test
    void matchesRetriesAndOutcomeOfRefusal() {
        FailedCall refusal = new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                new Task(300, 300, "db", 7, 0),
                1,
                5L,
                6,
                11,
                null,
                10,
                null,
                null,
                null,
                List.of(),
                null);
        List<Object> received = new ArrayList<>();
        LifecycleListener listener = new LifecycleListener() {
            @Override
            public void onRetry(FailedCall call) {
                received.add(call);
            }

            @Override
            public void onRefusalOutcome(RefusalOutcome outcome) {
                received.add(outcome);
            }
        };
        for (String pid : List.of("300", "100")) {
            LifecycleListener before = new TaskSelector(parse("--pid", pid)::filter, Identities.NONE).before(listener);
            before.onRetry(refusal);
            before.onRefusalOutcome(
                    new RefusalOutcome(refusal, 1, RefusalOutcome.Status.LASTING, 9, null, null, false, null, null));
        }
        assertThat(received).hasSize(2);
    }

    @Test
    void rejectsUnknownTask() {
        TeardownBuilder teardown = new TeardownBuilder();

        assertThat(new TaskSelector(parse("--pid", "1")::filter, Identities.NONE).before(new LifecycleListener() {
                    @Override
                    public void onTeardown(Teardown passed) {
                        throw new AssertionError(passed);
                    }
                }))
                .satisfies(before -> before.onTeardown(teardown.build()));
    }

    @Test
    void truncatesNameLikeKernel() {
        TeardownBuilder teardown = TeardownBuilder.idle();
        teardown.caller = new Task(101, 101, "a-name-of-more-", 1, 0);

        assertThat(passed(parse("--comm", "a-name-of-more-than-15-bytes"), teardown.build()))
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            delimiter = '|',
            value = {
                "--pid=mysqld | expected a process ID, got 'mysqld'",
                "--pid=0 | expected a process ID, got '0'",
                "--cgroup=no/such/dir | expected a cgroup below /sys/fs/cgroup or its ID, got 'no/such/dir'",
            })
    void reportsInvalidValue(String argument, String message) {
        assertThatThrownBy(() -> parse(argument))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining(message);
    }
}
