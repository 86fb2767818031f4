package dev.aioscope.agent;

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
 * Formats each log message as one line, unless system properties configure java.util.logging. For the systemd journal,
 * each line starts with its level (see sd-daemon(3)), and has no time.
 */
public final class LogSetup {
    private static final String FORMAT = "java.util.logging.SimpleFormatter.format";
    private static final String MANAGER = "java.util.logging.manager";

    private LogSetup() {}

    /** Configures the log. Call it before the first message. */
    public static void apply() {
        if (System.getProperty(FORMAT) == null) {
            System.setProperty(FORMAT, "%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n");
        }
        if (System.getProperty(MANAGER) == null) {
            System.setProperty(MANAGER, PersistentLogManager.class.getName());
        }
        if (isJournal(System.getenv("JOURNAL_STREAM"))) {
            for (Handler handler : Logger.getLogger("").getHandlers()) {
                handler.setFormatter(new JournalFormatter());
            }
        }
    }

    /** Whether stderr is the journal stream, which systemd names by device and inode. */
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

    /** Writes the level as a number, and the message. */
    static final class JournalFormatter extends Formatter {
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

    /** Keeps the log open during shutdown; the default one closes it as soon as a signal arrives. */
    public static final class PersistentLogManager extends LogManager {
        @Override
        public void reset() {
            // The handlers buffer nothing, so they need no reset.
        }
    }
}
