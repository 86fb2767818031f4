package dev.aioscope.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code 32m} and {@code 1g} as bytes, and {@code off} as 0. */
public final class RecorderSizeConverter implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})([mg])");

    /** Identities take up to a quarter of each file of the ring. */
    private static final long MIN_BYTES = 8 << 20;

    private static final long MAX_BYTES = 1L << 40;

    @Override
    public Long convert(String text) {
        if (text.equals("off")) {
            return 0L;
        }
        Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            long bytes = Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("m") ? 20 : 30);
            if (bytes >= MIN_BYTES && bytes <= MAX_BYTES) {
                return bytes;
            }
        }
        throw new TypeConversionException("expected a size from 8m to 1024g, such as 32m, or off, got '" + text + "'");
    }
}
