package dev.aioscope.probe.bpf;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.AttachPoint.Mode;
import dev.aioscope.probe.AttachPoint.Rejection;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Why an attached probe does not fire, as far as the kernel shows it.
 *
 * @param reason a switch of the kernel, or that it shows none
 * @param hint how to make the probe fire
 */
record SilenceCause(String reason, String hint) {
    private static final String FTRACE = "/proc/sys/kernel/ftrace_enabled";
    private static final String KPROBES = "/sys/kernel/debug/kprobes/enabled";
    private static final String LIVE_PATCHES = "/sys/kernel/livepatch";

    /** The cause on this host for a probe in this mode. */
    static SilenceCause of(Mode mode) {
        return of(mode, "");
    }

    /** The same below another root folder. */
    static SilenceCause of(Mode mode, String root) {
        List<SilenceCause> causes = new ArrayList<>();
        boolean isKprobe = mode.kind().contains(Mode.KPROBE);
        boolean isOnFunction = isKprobe || mode.kind().contains(Mode.FENTRY);
        if (isOnFunction && isOff(root + FTRACE)) {
            causes.add(new SilenceCause("kernel.ftrace_enabled is 0", "run sysctl kernel.ftrace_enabled=1"));
        }
        if (isKprobe && isOff(root + KPROBES)) {
            causes.add(new SilenceCause("kprobes are disabled globally", "run echo 1 > " + KPROBES));
        }
        if (isOnFunction && causes.isEmpty()) {
            livePatch(root).ifPresent(causes::add);
        }
        if (causes.isEmpty()) {
            return new SilenceCause(
                    "the kernel shows no cause", "check " + FTRACE + ", " + KPROBES + " and " + LIVE_PATCHES);
        }
        return new SilenceCause(
                causes.stream().map(SilenceCause::reason).collect(Collectors.joining(" and ")),
                causes.stream().map(SilenceCause::hint).collect(Collectors.joining(" and ")));
    }

    /** As a rejection of that mode. */
    Rejection rejection(Mode mode) {
        return new Rejection(mode, "does not fire: " + reason, hint, true);
    }

    private static boolean isOff(String file) {
        return Host.read(file).filter("0"::equals).isPresent();
    }

    /** A patched caller has its own copy of the functions it calls, which has no probes. */
    private static Optional<SilenceCause> livePatch(String root) {
        String[] all = new File(root + LIVE_PATCHES).list();
        List<String> active = all == null
                ? List.of()
                : Arrays.stream(all)
                        .filter(name -> !isOff(root + LIVE_PATCHES + "/" + name + "/enabled"))
                        .sorted()
                        .toList();
        return active.isEmpty()
                ? Optional.empty()
                : Optional.of(new SilenceCause(
                        "a live patch may replace the function (" + String.join(", ", active) + ")",
                        "boot a kernel that contains the patch"));
    }
}
