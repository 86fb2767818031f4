package dev.aioscope.top;

import java.util.List;

/** What the keys do and the columns mean. */
public final class Help {
    /** A line for each key. */
    public static final List<String> KEYS = List.of(
            "  j k, arrows, PgUp PgDn, Home End   move, or scroll",
            "  Enter       the contexts of the selected row and its latest teardowns",
            "  Esc         back; in the list: no filter",
            "  f or /      filter: part of a name, command, user, container, cgroup; a pid",
            "  s           sort by the next column; the name of that column stands out",
            "  g           add up by process, container, cgroup, user",
            "  p           stand still, and go on",
            "  ?           these lines",
            "  q           the end");

    /** A line for each column, or more. */
    public static final List<String> COLUMNS = List.of(
            "  CTX         contexts",
            "  CHARGE      what was given to io_setup: what fs.aio-nr counts",
            "  SHARE       of fs.aio-max-nr",
            "  OUT         requests submitted and not completed",
            "  UNREAP      requests completed that the program has not read",
            "  D/S         destroys per second, over the last five",
            "  P50 P99     of the time that callers were held, since the start; within 6%",
            "  OLDEST      how long the longest teardown in progress has lasted",
            "  unattributed  what of fs.aio-nr no context accounts for: processes in exit_aio",
            "  WAIT        how long the caller was held, or is held by now",
            "  PHASES      what of it went where: k kill_ioctx, . RCU grace (some 30 ms are",
            "              normal), # requests really left, s threads in AIO calls, w wake",
            "  –           not seen; never a zero");

    private Help() {}
}
