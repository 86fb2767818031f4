package dev.aioscope.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Answers of the helper that looks at processes: what programs call themselves is theirs to choose. */
class ProcessesTest {
    @Test
    void anAnswerIsTakenApart() {
        Identity identity = Processes.parse("/usr/bin/a b\tmysql\t0::/x\\n1:name=systemd:/y\\n\ta\t-c\\tx\\\\n\t");

        assertThat(identity.executable()).isEqualTo("/usr/bin/a b");
        assertThat(identity.user()).isEqualTo("mysql");
        assertThat(identity.cgroup()).isEqualTo("/x");
        assertThat(identity.arguments()).containsExactly("a", "-c\tx\\n", "");
    }

    @Test
    void whatIsMissingIsNull() {
        assertThat(Processes.parse("")).isEqualTo(Identity.UNKNOWN);
        assertThat(Processes.parse("\t\t")).isEqualTo(Identity.UNKNOWN);
    }

    @Test
    void anyTextComesThrough() {
        for (int seed = 0; seed < 20_000; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(12); i > 0; i--) {
                text.append("\\tnr\t\n\ra".charAt(random.nextInt(8)));
            }
            String escaped = ProcessReader.escape(text.toString());
            assertThat(escaped).doesNotContain("\t", "\n", "\r");
            assertThat(ProcessReader.unescape(escaped)).as("seed %d", seed).isEqualTo(text.toString());
            assertThatCode(() -> Processes.parse(text.toString())).doesNotThrowAnyException();
        }
    }
}
