package dev.aioscope.probe.proc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.probe.ProbeException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class WitnessTest {
    @Test
    void parsesStackWithoutAddressesAndOffsets() {
        assertThat(ProcText.functions("[<0>] exit_aio+0xd1/0x110\n[<ffffffff81>] mmput+0x1/0x2 [mod]\n"))
                .containsExactly("exit_aio", "mmput");
        assertThat(ProcText.functions("")).isEmpty();
    }

    @Test
    void skipsIncompleteLines() {
        assertThat(Witness.parse("").threads()).isEmpty();
        Witness witness = Witness.parse("T\t7\tdb\tS\ttrue\t\t\t\nF\t3\tpipe:[1]\t\t\nT\t8\nX"
                + "\nW\t9\tkworker/0:1\tD\tfalse\t\t\ta,aio_fsync_work\nW\t9");
        assertThat(witness.threads()).singleElement().satisfies(thread -> {
            assertThat(thread.tid()).isEqualTo(7);
            assertThat(thread.sigkill()).isTrue();
            assertThat(thread.call()).isNull();
            assertThat(thread.trigger()).isNull();
        });
        assertThat(witness.workers()).singleElement().satisfies(worker -> {
            assertThat(worker.tid()).isEqualTo(9);
            assertThat(worker.stack()).containsExactly("a", "aio_fsync_work");
        });
        assertThat(witness.files()).containsExactly(new Witness.OpenFile(3, "pipe:[1]", null, null));
    }

    @Test
    void readsThreadsAndFilesOfOwnProcess() throws Exception {
        Path file = Files.createTempFile("witness", "");
        try (var open = Files.newInputStream(file)) {
            Witness witness = Witness.of((int) ProcessHandle.current().pid());
            assertThat(open.available()).isZero();
            assertThat(witness.threads()).hasSizeGreaterThan(1);
            assertThat(witness.files()).extracting(Witness.OpenFile::target).contains(file.toString());
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void failsForMissingProcess() {
        assertThatThrownBy(() -> Witness.of(999_999_999))
                .isInstanceOf(ProbeException.class)
                .hasMessageContaining("process 999999999: no such process");
    }
}
