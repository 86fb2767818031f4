package dev.aioscope.cli;

import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.diagnosis.Diagnosis;
import dev.aioscope.diagnosis.Doctor;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.kernel.Host;
import dev.aioscope.output.DiagnosisJson;
import dev.aioscope.output.DiagnosisText;
import dev.aioscope.output.Screen;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Reports which tiers work on this host. */
@Command(
        name = "doctor",
        header = "Check which tiers work on this host, and how to enable the rest.",
        description = "Attaches and detaches the probes of every tier, which takes a few seconds.",
        footer = {"", "Exit status: 0 at least one tier works, 2 invalid usage, 3 no tier works."})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() {
        Diagnosis diagnosis = Doctor.diagnose();
        PrintWriter out = spec.commandLine().getOut();
        if (json.isEnabled()) {
            out.println(DiagnosisJson.of(diagnosis));
        } else {
            out.println("aioscope " + Versions.aioscope() + " on " + Host.release() + " " + Host.architecture());
            out.print(DiagnosisText.of(diagnosis, Screen.stdout()));
        }
        return diagnosis.commandTier() == null ? Failures.NOT_POSSIBLE_HERE : ExitCode.OK;
    }
}
