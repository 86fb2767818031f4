package dev.aioscope.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * A command run inside the test.
 *
 * @param status its exit status
 * @param out what it printed
 * @param err what it complained about
 */
public record Run(int status, String out, String err) {
    public static Run of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Run(status, out.toString(), err.toString());
    }
}
