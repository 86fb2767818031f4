package dev.aioscope.top;

import java.util.List;

/** Describes keys and columns, for the help page and {@code top --help}. */
public final class Help {
    /** One line for each key. */
    public static final List<String> KEYS = List.of(
            "  j k, arrows, PgUp PgDn, Home End   move or scroll",
            "  Enter       show the contexts and latest teardowns of the selected row",
            "  Esc         go back; in the list, clear the filter",
            "  f or /      filter by part of a name, command, user, container or cgroup,",
            "              or by process ID",
            "  s           sort by the next column; its heading is highlighted",
            "  g           group by process, container, cgroup or user",
            "  p           pause or resume the display",
            "  ?           show this help",
            "  q           quit");

    /** One or more lines for each column. */
    public static final List<String> COLUMNS = List.of(
            "  CTX         live contexts",
            "  CHARGE      sum of the io_setup arguments, which fs.aio-nr counts",
            "  SHARE       charge as a share of fs.aio-max-nr",
            "  OUT         outstanding requests: submitted and not completed",
            "  UNREAP      completed requests that the program has not reaped",
            "  D/S         io_destroy calls per second, over the last five seconds",
            "  P50 P99     percentiles of WAIT since the start of top, within 6.3 %",
            "  OLDEST      duration of the longest teardown in progress",
            "  unattributed  part of fs.aio-nr that no context accounts for, such as",
            "              processes in exit_aio",
            "  WAIT        how long the caller was blocked, or has been blocked so far",
            "  PHASES      parts of WAIT: k kill_ioctx, . RCU grace period (about 30 ms is",
            "              normal), # outstanding requests, s threads in AIO calls, w wake-up",
            "  –           not observed; never zero");

    private Help() {}
}
