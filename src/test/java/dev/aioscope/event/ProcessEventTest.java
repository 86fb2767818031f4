package dev.aioscope.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ProcessEventTest {
    private static ProcessEvent read(EventBuilder record) {
        ByteBuffer bytes = record.build();
        return (ProcessEvent) Event.of(bytes, 0, bytes.capacity());
    }

    @Test
    void readsAllTexts() {
        ProcessEvent process = read(EventBuilder.process(
                        "/usr/sbin/mysqld", "/system.slice/mysql.service", "/docker/0a", "db1", "mysqld\0--x\0a b\0")
                .inNamespace(7, 8, false)
                .owner(110, 119)
                .task(7, 8, "ib_io_rd-1")
                .mainThread("mysqld"));

        assertThat(process.executable()).isEqualTo("/usr/sbin/mysqld");
        assertThat(process.cgroupPath()).isEqualTo("/system.slice/mysql.service");
        assertThat(process.cgroupV1Path()).isEqualTo("/docker/0a");
        assertThat(process.nodeName()).isEqualTo("db1");
        assertThat(process.arguments()).containsExactly("mysqld", "--x", "a b");
        assertThat(process.isExecutableCut()).isFalse();
        assertThat(process.areArgumentsCut()).isFalse();
        assertThat(process.namespacePid()).isEqualTo(7);
        assertThat(process.namespaceTid()).isEqualTo(8);
        assertThat(process.isInHostPidNamespace()).isFalse();
        assertThat(process.userId()).isEqualTo(110);
        assertThat(process.groupId()).isEqualTo(119);
        assertThat(process.comm()).isEqualTo("ib_io_rd-1");
        assertThat(process.processComm()).isEqualTo("mysqld");
    }

    @Test
    void returnsNullForAbsentTexts() {
        ProcessEvent process = read(EventBuilder.process(null, null, null, null, null));

        assertThat(process.executable()).isNull();
        assertThat(process.cgroupPath()).isNull();
        assertThat(process.cgroupV1Path()).isNull();
        assertThat(process.nodeName()).isNull();
        assertThat(process.arguments()).isNull();
        assertThat(process.isInHostPidNamespace()).isNull();
        assertThat(process.isInHostMountNamespace()).isNull();
        assertThat(process.isInHostUtsNamespace()).isNull();
        assertThat(process.isInHostUserNamespace()).isNull();
        assertThat(process.namespacePid()).isNull();
        assertThat(process.userId()).isNull();
    }

    @Test
    void skipsAbsentTextsBeforeOthers() {
        ProcessEvent process = read(EventBuilder.process(null, "/", null, "db1", "x\0"));

        assertThat(process.cgroupPath()).isEqualTo("/");
        assertThat(process.nodeName()).isEqualTo("db1");
        assertThat(process.arguments()).containsExactly("x");
    }

    @Test
    void readsHighestUser() {
        assertThat(read(EventBuilder.process(null, null, null, null, null).owner(-2, -3))
                        .userId())
                .isEqualTo(4294967294L);
    }

    @Test
    void marksCutAndDeletedTexts() {
        ProcessEvent process = read(EventBuilder.process("/b/c", "/s", "/t", "n", "c\0unfinished")
                .cut()
                .deleted());

        assertThat(process.executable()).isEqualTo("…/b/c (deleted)");
        assertThat(process.cgroupPath()).isEqualTo("…/s");
        assertThat(process.cgroupV1Path()).isEqualTo("…/t");
        assertThat(process.arguments()).containsExactly("c", "unfinished");
        assertThat(process.areArgumentsCut()).isTrue();
    }

    @Test
    void dropsEmptyArgumentsAtEnd() {
        assertThat(read(EventBuilder.process(null, null, null, null, "a\0\0b\0\0\0"))
                        .arguments())
                .containsExactly("a", "", "b");
        assertThat(read(EventBuilder.process(null, null, null, null, "")).arguments())
                .isEmpty();
    }

    @Test
    void rejectsTextsBeyondRecord() {
        ByteBuffer bytes = EventBuilder.process("/a", null, null, null, null).build();
        bytes.putShort(EventLayout.PROCESS_EXECUTABLE_BYTES, (short) 9);
        ProcessEvent process = (ProcessEvent) Event.of(bytes, 0, bytes.capacity());

        assertThatThrownBy(process::executable).isInstanceOf(CorruptEventException.class);
    }

    @Test
    void rejectsSizeThatIsTooSmallOrUneven() {
        ByteBuffer bytes = EventBuilder.process("/a", null, null, null, null).build();
        bytes.putShort(EventLayout.SIZE, (short) (EventLayout.PROCESS_SIZE - 8));
        assertThatThrownBy(() -> Event.of(bytes, 0, bytes.capacity())).isInstanceOf(CorruptEventException.class);
        bytes.putShort(EventLayout.SIZE, (short) (EventLayout.PROCESS_SIZE + 4));
        assertThatThrownBy(() -> Event.of(bytes, 0, bytes.capacity())).isInstanceOf(CorruptEventException.class);
    }

    @Test
    void copiesWholeRecord() {
        ByteBuffer bytes =
                EventBuilder.process("/a/long/name", "/s", null, null, "a\0").build();
        Event process = Event.of(bytes, 0, bytes.capacity());
        ByteBuffer copy = ByteBuffer.allocate(process.size());
        process.copyTo(copy);

        assertThat(process.size()).isEqualTo(bytes.capacity());
        assertThat(copy.flip()).isEqualTo(bytes.rewind());
    }
}
