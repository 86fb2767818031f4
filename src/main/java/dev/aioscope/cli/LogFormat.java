package dev.aioscope.cli;

import java.util.logging.LogManager;

/** One line per message of the log, up to the last one, unless the user has set it otherwise. */
final class LogFormat {
    private static final String FORMAT = "java.util.logging.SimpleFormatter.format";
    private static final String MANAGER = "java.util.logging.manager";

    private LogFormat() {}

    /** Must come before the first message. */
    static void set() {
        if (System.getProperty(FORMAT) == null) {
            System.setProperty(FORMAT, "%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n");
        }
        if (System.getProperty(MANAGER) == null) {
            System.setProperty(MANAGER, Lasting.class.getName());
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
