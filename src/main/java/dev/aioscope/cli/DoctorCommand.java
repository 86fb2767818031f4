package dev.aioscope.cli;

import dev.aioscope.diagnosis.Diagnosis;
import dev.aioscope.diagnosis.Examination;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.kernel.Host;
import dev.aioscope.output.DiagnosisJson;
import dev.aioscope.output.DiagnosisText;
import dev.aioscope.output.Screen;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tells what works on this host, what does not, and why. */
@Command(
        name = "doctor",
        header = "Tells what works on this host, what does not, why, and what would change it.",
        description = "Attaches the probes of every tier and removes them at once; this takes a few seconds.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footer = {"", "Exit status: 0 if a tier works at least, 2 wrong usage, 3 if none does."})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object (agent/json.md).")
    private boolean json;

    @Override
    public Integer call() {
        Diagnosis diagnosis = Examination.examine();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(DiagnosisJson.of(diagnosis));
        } else {
            out.println("aioscope " + Versions.aioscope() + " on " + Host.release() + " " + Host.architecture());
            out.print(DiagnosisText.of(diagnosis, Screen.stdout()));
            out.flush();
        }
        return diagnosis.commandTier() == null ? Failures.NOT_POSSIBLE_HERE : ExitCode.OK;
    }
}
