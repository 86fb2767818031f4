package dev.aioscope.recording;

import dev.aioscope.event.EventLayout;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.Probes;
import dev.aioscope.probe.Tier;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where and how a recording was made.
 *
 * <pre>
 *   layout=1                     EventLayout.VERSION
 *   order=LITTLE_ENDIAN          the byte order of records
 *   tier=full
 *   engine=core
 *   host=db1
 *   kernel=6.1.0-18-amd64
 *   machine=x86_64
 *   cpus=8                       possible CPUs
 *   hz=250                       absent if unknown
 *   began=181023004411           CLOCK_BOOTTIME, ns: distinguishes runs
 * </pre>
 *
 * @param layout the version of the records
 * @param order of the bytes in records
 * @param tier of the probes
 * @param engine of the probes
 * @param host the host
 * @param began the start of the recording, CLOCK_BOOTTIME ns
 */
record Header(int layout, ByteOrder order, Tier tier, String engine, HostInfo host, long began) {
    private static final int MAX_LINE = 256;

    /** The header of a recording of these probes. */
    static Header of(Probes probes) {
        return new Header(
                EventLayout.VERSION,
                ByteOrder.nativeOrder(),
                probes.tier(),
                probes.engine(),
                probes.host(),
                probes.now());
    }

    byte[] bytes() {
        Map<String, Object> lines = new LinkedHashMap<>();
        lines.put("layout", layout);
        lines.put("order", order);
        lines.put("tier", tier.label());
        lines.put("engine", engine);
        lines.put("host", host.name());
        lines.put("kernel", host.release());
        lines.put("machine", host.machine());
        lines.put("cpus", host.possibleCpus());
        if (host.hz() != null) {
            lines.put("hz", host.hz());
        }
        lines.put("began", began);
        StringBuilder text = new StringBuilder();
        lines.forEach(
                (name, value) -> text.append(name).append('=').append(value).append('\n'));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Parses it; empty if it is invalid. */
    static Optional<Header> parse(byte[] bytes) {
        Map<String, String> lines = new LinkedHashMap<>();
        for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0 && line.length() <= MAX_LINE && line.chars().noneMatch(Character::isISOControl)) {
                lines.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        Tier tier = Arrays.stream(Tier.values())
                .filter(known -> known.label().equals(lines.get("tier")))
                .findFirst()
                .orElse(null);
        Long layout = number(lines.get("layout"));
        Long cpus = number(lines.get("cpus"));
        Long began = number(lines.get("began"));
        Long hz = number(lines.get("hz"));
        if (tier == null || layout == null || cpus == null || began == null) {
            return Optional.empty();
        }
        return Optional.of(new Header(
                layout.intValue(),
                "BIG_ENDIAN".equals(lines.get("order")) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN,
                tier,
                lines.getOrDefault("engine", "none"),
                new HostInfo(
                        lines.getOrDefault("host", "unknown"),
                        lines.getOrDefault("kernel", "unknown"),
                        lines.getOrDefault("machine", "unknown"),
                        cpus.intValue(),
                        hz == null ? null : (Integer) hz.intValue()),
                began));
    }

    private static @Nullable Long number(@Nullable String text) {
        return text != null && text.matches("\\d{1,18}") ? (Long) Long.parseLong(text) : null;
    }
}
