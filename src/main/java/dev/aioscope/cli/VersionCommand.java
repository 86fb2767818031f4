package dev.aioscope.cli;

import dev.aioscope.cli.option.JsonOption;
import dev.aioscope.diagnosis.Versions;
import dev.aioscope.kernel.Host;
import dev.aioscope.output.Json;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints the versions that a bug report needs. */
@Command(name = "version", header = "Print the versions of aioscope, Java, kernel and BPF libraries.")
final class VersionCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private JsonOption json;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        if (json.isEnabled()) {
            out.println(Json.line(
                    "version",
                    object -> object.put("aioscope", Versions.aioscope())
                            .put("java", Versions.java())
                            .put("kernel", Host.release())
                            .put("libbpf", Versions.libbpf().orElse(null))
                            .put("libbcc", Versions.libbcc().orElse(null))));
        } else {
            out.println("aioscope " + Versions.aioscope());
            out.println("java     " + Versions.java());
            out.println("kernel   " + Host.release());
            out.println("libbpf   " + Versions.libbpf().orElse("– (not installed)"));
            out.println("libbcc   "
                    + Versions.libbcc().orElse("– (not installed; only --engine bcc and --stacks require it)"));
        }
    }
}
