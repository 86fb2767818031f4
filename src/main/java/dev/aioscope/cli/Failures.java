package dev.aioscope.cli;

import dev.aioscope.config.SettingsException;
import dev.aioscope.http.HttpException;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.telemetry.TelemetryException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns failures of a command into messages and exit statuses. */
final class Failures {
    /** Exit status: this host does not support or permit the request. */
    static final int NOT_POSSIBLE_HERE = 3;

    private Failures() {}

    /** Prints the error, and a hint that names the help. */
    static int onWrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        PrintWriter err = command.getErr();
        err.println(name + ": " + String.valueOf(e.getMessage()).replaceFirst("[.\\s]+$", ""));
        err.println("hint: " + suggestion(e) + "see " + name + " --help");
        return ExitCode.USAGE;
    }

    private static String suggestion(ParameterException e) {
        return e instanceof UnmatchedArgumentException unmatched
                        && !unmatched.getSuggestions().isEmpty()
                ? "did you mean " + unmatched.getSuggestions().get(0) + "? Else "
                : "";
    }

    /** Prints the error, and a hint if there is one. */
    static int onFailure(Exception e, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        if (isDebug()) {
            e.printStackTrace(err);
        }
        if (e instanceof ProbeException failure) {
            err.println(name + ": " + failure.getMessage());
            err.println("hint: " + failure.hint());
            return NOT_POSSIBLE_HERE;
        }
        if (e instanceof SettingsException settings) {
            settings.errors().forEach(err::println);
            return ExitCode.USAGE;
        }
        if (e instanceof TelemetryException || e instanceof HttpException) {
            err.println(name + ": " + e.getMessage());
            if (e instanceof TelemetryException telemetry) {
                err.println("hint: " + telemetry.hint());
            }
            return ExitCode.USAGE;
        }
        // I/O errors, such as a full disk, are not bugs.
        boolean isBug = !(e instanceof IOException) && !(e instanceof UncheckedIOException);
        err.println(name + ": " + describe(e));
        if (isBug && !isDebug()) {
            err.println("hint: this is a bug in aioscope; AIOSCOPE_DEBUG=1 prints the stack trace");
        }
        return ExitCode.SOFTWARE;
    }

    private static String describe(Exception e) {
        String message = e.getMessage();
        return e.getClass().getSimpleName() + (message == null ? "" : ": " + message.replaceAll("\\s+", " "));
    }

    private static boolean isDebug() {
        return "1".equals(System.getenv("AIOSCOPE_DEBUG"));
    }
}
