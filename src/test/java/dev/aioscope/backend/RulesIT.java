package dev.aioscope.backend;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.dashboards.Promtool;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The alert rules and their tests in Prometheus 3; {@code RulesTest} has those in Prometheus 2. */
class RulesIT {
    @ParameterizedTest
    @MethodSource("dev.aioscope.dashboards.Promtool#commands")
    void passesPromtool(String command, @TempDir Path folder) throws Exception {
        assumeTrue(
                BuiltProgram.PROMTOOL.unavailable().isEmpty(),
                () -> BuiltProgram.PROMTOOL.unavailable().orElseThrow());
        Promtool.run(BuiltProgram.PROMTOOL.path(), command, folder);
    }
}
