package dev.aioscope.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageTest {
    @TempDir
    private Path folder;

    @Test
    void findsLatestSnapshot() throws IOException {
        Files.createFile(folder.resolve("snapshot-00000001.aioscope"));
        Path latest = Files.createFile(folder.resolve("snapshot-00000002.aioscope"));
        assertThat(Storage.latestSnapshot(folder)).hasValue(latest);
    }

    @Test
    void findsNoSnapshotInEmptyOrMissingDirectory() throws IOException {
        assertThat(Storage.latestSnapshot(folder)).isEmpty();
        assertThat(Storage.latestSnapshot(folder.resolve("none"))).isEmpty();
    }

    @Test
    void reportsDirectoryThatIsNone() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Storage.latestSnapshot(file)).isInstanceOf(IOException.class);
    }
}
