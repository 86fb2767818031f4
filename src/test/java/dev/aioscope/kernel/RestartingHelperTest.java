package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.kernel.RestartingHelper.UnavailableException;
import dev.aioscope.testing.Await;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartingHelperTest {

    private final AtomicLong now = new AtomicLong();
    private final List<Long> starts = new ArrayList<>();
    private boolean startFails;

    private final RestartingHelper helper =
            new RestartingHelper("identify processes", this::start, Duration.ofSeconds(20), now::get);

    /** Answers with what it was asked, and exits for "crash". */
    static final class Mortal {
        public static void main(String[] arguments) throws InterruptedException {
            HelperProcess.serve("hello", question -> {
                if (question.equals("crash")) {
                    Runtime.getRuntime().halt(1);
                }
                return question;
            });
        }
    }

    private HelperProcess start() throws IOException {
        starts.add(TimeUnit.NANOSECONDS.toSeconds(now.get()));
        if (startFails) {
            throw new IOException("no memory");
        }
        return new HelperProcess(HelperProcess.command(Mortal.class), Await.LIMIT);
    }

    private void fail() {
        assertThatThrownBy(() -> helper.ask("one")).isInstanceOf(UnavailableException.class);
    }

    @Test
    void triesAgainAtOnceThenAfterGrowingPausesUpToOneMinute() {
        startFails = true;
        for (int second = 0; second < 300; second++) {
            now.set(TimeUnit.SECONDS.toNanos(second));
            fail();
        }
        assertThat(starts).startsWith(0L, 1L, 2L, 4L, 8L, 16L, 32L, 64L, 124L, 184L);
        assertThat(helper.failures()).isEqualTo(starts.size());
        assertThat(helper.fault()).contains("cannot identify processes: cannot start the helper process: no memory");
    }

    @Test
    void answersAfterFailedStarts() throws IOException {
        startFails = true;
        helper.start();
        fail();
        fail();
        startFails = false;
        now.set(TimeUnit.SECONDS.toNanos(1));

        assertThat(helper.ask("one")).isEqualTo("one");
        assertThat(helper.fault()).isEmpty();
        assertThat(helper.failures()).isEqualTo(2);
        helper.close();
    }

    @Test
    void answersOtherQuestionsAfterCrash() throws IOException {
        assertThatThrownBy(() -> helper.ask("crash"))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(UnavailableException.class);

        assertThat(helper.ask("two")).isEqualTo("two");
        assertThat(starts).as("one retry of the question, one for the next").hasSize(3);
        assertThat(helper.failures()).isEqualTo(1);
        helper.close();
    }
}
