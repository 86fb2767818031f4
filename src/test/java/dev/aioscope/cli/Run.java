package dev.aioscope.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * The result of a command that ran in this process.
 *
 * @param status exit status
 * @param out standard output
 * @param err standard error
 */
public record Run(int status, String out, String err) {
    public static Run of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Run(status, out.toString(), err.toString());
    }
}
