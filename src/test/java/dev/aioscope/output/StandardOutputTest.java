package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
    private final StringWriter err = new StringWriter();

    private StandardOutput failing(String message) {
        OutputStream stream = new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                throw new IOException(message);
            }
        };
        return StandardOutput.to(stream, new PrintWriter(err, true));
    }

    @Test
    void keepsStatusAndWritesUtf8() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        StandardOutput out = StandardOutput.to(bytes, new PrintWriter(err, true));
        out.print("–");

        assertThat(out.finish(4)).isEqualTo(4);
        assertThat(StandardOutput.isLost(out)).isFalse();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("–");
        assertThat(err.toString()).isEmpty();
    }

    /** A signal can end the JVM before the command returns. */
    @Test
    void reportsFullDiskAtOnceAndOnlyOnce() {
        StandardOutput out = failing("No space left on device");
        out.println("lost");
        assertThat(err).hasToString("aioscope: cannot write to standard output: No space left on device\n");

        out.println("lost");
        assertThat(StandardOutput.isLost(out)).isTrue();
        assertThat(out.finish(0)).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void reportsFailureOfLastWrite() {
        StandardOutput out = failing("Input/output error");
        out.print("without a line end");

        assertThat(out.finish(0)).isEqualTo(1);
        assertThat(err.toString()).contains("Input/output error");
    }

    @Test
    void reportsClosedPipe() {
        StandardOutput out = failing("Broken pipe");
        out.println("lost");

        assertThat(out.finish(0)).isEqualTo(141);
        assertThat(err).hasToString("aioscope: cannot write to standard output: Broken pipe\n");
    }

    @Test
    void endsLiveViewOfClosedPipeQuietly() {
        StandardOutput out = failing("Broken pipe");
        out.println("lost");

        assertThat(StandardOutput.isLost(out)).isTrue();
        assertThat(out.finish(0)).isEqualTo(141);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void keepsStatusOfFailedCommand() {
        StandardOutput out = failing("No space left on device");
        out.println("lost");

        assertThat(out.finish(3)).isEqualTo(3);
    }
}
