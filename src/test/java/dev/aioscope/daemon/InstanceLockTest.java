package dev.aioscope.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstanceLockTest {
    /** As for a file that this process may not open. */
    @Test
    void findsHolderOfLock(@TempDir Path folder) throws Exception {
        Path file = Files.createFile(folder.resolve("lock"));
        assertThat(InstanceLock.holder(file)).isEmpty();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThat(InstanceLock.holder(file))
                    .hasValue(Long.toString(ProcessHandle.current().pid()));
        }
        assertThat(InstanceLock.holder(file)).isEmpty();
        assertThat(InstanceLock.holder(folder.resolve("missing"))).isEmpty();
    }
}
