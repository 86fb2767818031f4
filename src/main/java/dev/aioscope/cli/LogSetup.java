package dev.aioscope.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One line per message of the log, up to the last one, unless the user has set it otherwise. For the journal each line has
 * its level in front, as sd-daemon(3) has it, and no time, since the journal knows that.
 */
final class LogSetup {
    private static final String FORMAT = "java.util.logging.SimpleFormatter.format";
    private static final String MANAGER = "java.util.logging.manager";

    private LogSetup() {}

    /** Must come before the first message. */
    static void set() {
        if (System.getProperty(FORMAT) == null) {
            System.setProperty(FORMAT, "%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n");
        }
        if (System.getProperty(MANAGER) == null) {
            System.setProperty(MANAGER, Lasting.class.getName());
        }
        if (isJournal(System.getenv("JOURNAL_STREAM"))) {
            for (Handler handler : Logger.getLogger("").getHandlers()) {
                handler.setFormatter(new ForJournal());
            }
        }
    }

    /** Whether stderr is the stream of the journal that systemd has told of, as device and inode. */
    private static boolean isJournal(@Nullable String stream) {
        if (stream == null) {
            return false;
        }
        Path stderr = Path.of("/proc/self/fd/2");
        try {
            return stream.equals(Files.getAttribute(stderr, "unix:dev") + ":" + Files.getAttribute(stderr, "unix:ino"));
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** The level as a number, and the message. */
    static final class ForJournal extends Formatter {
        @Override
        public String format(LogRecord record) {
            String level = "<" + priority(record.getLevel()) + ">";
            StringWriter text = new StringWriter();
            text.append(formatMessage(record));
            if (record.getThrown() != null) {
                text.append('\n');
                record.getThrown().printStackTrace(new PrintWriter(text, true));
            }
            return text.toString().lines().map(line -> level + line + "\n").collect(Collectors.joining());
        }

        private static int priority(Level level) {
            int value = level.intValue();
            return value >= Level.SEVERE.intValue()
                    ? 3
                    : value >= Level.WARNING.intValue() ? 4 : value >= Level.INFO.intValue() ? 6 : 7;
        }
    }

    /** The JDK's own closes the log as soon as a signal comes: what a command says while it ends would be lost. */
    public static final class Lasting extends LogManager {
        @Override
        public void reset() {
            // Nothing is kept back by the handlers, so nothing is lost without it.
        }
    }
}
