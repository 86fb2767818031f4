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

/** What a person is told when a command does not go as wanted, and the exit status. */
final class Failures {
    /** This host cannot give what was asked. */
    static final int NOT_POSSIBLE_HERE = 3;

    private Failures() {}

    /** One sentence, and which help to read. */
    static int onWrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String message = String.valueOf(e.getMessage()).replaceFirst("[.\\s]+$", "");
        command.getErr().println(name + ": " + message + suggestion(e) + " Try '" + name + " --help'.");
        return ExitCode.USAGE;
    }

    private static String suggestion(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            return "; did you mean " + unmatched.getSuggestions().get(0) + "?";
        }
        return ".";
    }

    /** Cause and hint where they are known, else what is known. */
    static int onFailure(Exception e, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        String name = command.getCommandSpec().qualifiedName();
        if (isDebug()) {
            e.printStackTrace(err);
        }
        if (e instanceof ProbeException refused) {
            err.println(name + ": " + refused.getMessage());
            err.println("hint: " + refused.hint());
            return NOT_POSSIBLE_HERE;
        }
        if (e instanceof SettingsException wrong) {
            wrong.mistakes().forEach(err::println);
            return ExitCode.USAGE;
        }
        if (e instanceof TelemetryException || e instanceof HttpException) {
            err.println(name + ": " + e.getMessage());
            return ExitCode.USAGE;
        }
        // A full disk or a file that is not there is not our fault.
        boolean isDefect = !(e instanceof IOException) && !(e instanceof UncheckedIOException);
        err.println(name + ": " + describe(e)
                + (isDebug() || !isDefect ? "" : " (AIOSCOPE_DEBUG=1 shows where; this is a defect of aioscope)"));
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
