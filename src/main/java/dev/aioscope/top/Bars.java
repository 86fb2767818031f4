package dev.aioscope.top;

import dev.aioscope.kernel.Units;
import dev.aioscope.top.ActivityLine.WaitPhases;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/** Small charts of characters. */
final class Bars {
    private static final String LEVELS = "▁▂▃▄▅▆▇█";
    private static final int LABELS = 20;

    private Bars() {}

    /** The latest values as one character each, from 0 to the largest of them. */
    static String sparkline(List<Double> values, int width) {
        List<Double> shown = values.subList(Math.max(0, values.size() - width), values.size());
        double largest = shown.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        return shown.stream()
                .map(value ->
                        largest == 0 ? 0 : (int) Math.min(LEVELS.length() - 1.0, value / largest * LEVELS.length()))
                .map(level -> LEVELS.substring(level, level + 1))
                .collect(Collectors.joining());
    }

    /** A line for each phase of a wait: its name, its time and a bar in proportion to the longest. */
    static List<AttributedString> phases(WaitPhases phases, Theme theme, int width) {
        List<Bar> bars = List.of(
                new Bar("kill", phases.kill(), "k", Theme.PLAIN),
                new Bar("siblings", phases.siblings(), "s", theme.failed()),
                new Bar("grace", phases.grace(), ".", theme.calm()),
                new Bar("io", phases.io(), "#", theme.notable()),
                new Bar("wake", phases.wake(), "w", Theme.PLAIN));
        long longest = Math.max(1, bars.stream().mapToLong(Bar::nanos).max().orElse(1));
        List<AttributedString> lines = new ArrayList<>();
        for (Bar bar : bars) {
            int length = (int) Math.round((double) bar.nanos / longest * Math.max(0, width - LABELS));
            lines.add(new AttributedStringBuilder()
                    .append(String.format("  %-8s %7s  ", bar.name, Units.duration(bar.nanos)))
                    .styled(bar.style, bar.sign.repeat(length))
                    .toAttributedString());
        }
        return lines;
    }

    private record Bar(String name, long nanos, String sign, AttributedStyle style) {}
}
