package dev.aioscope.config;

import dev.aioscope.kernel.Libc;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses the size of a ring buffer, such as {@code 64k} and {@code 4m}. */
public final class RingSizeConverter implements ITypeConverter<Integer> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,5})([km])");
    private static final int MAX = 64 << 20;

    private final int pageBytes;

    /** For this host. */
    public RingSizeConverter() {
        this(Libc.getpagesize());
    }

    /** For a host with this page size: its kernel accepts no smaller ring. */
    RingSizeConverter(int pageBytes) {
        this.pageBytes = pageBytes;
    }

    @Override
    public Integer convert(String text) {
        Matcher matcher = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (matcher.matches()) {
            long bytes = Long.parseLong(matcher.group(1)) << (matcher.group(2).equals("k") ? 10 : 20);
            if (bytes >= pageBytes && bytes <= MAX && Long.bitCount(bytes) == 1) {
                return (int) bytes;
            }
        }
        throw new TypeConversionException(
                "expected a power of two from " + pageBytes / 1024 + "k to 64m, such as 256k, got '" + text + "'");
    }
}
