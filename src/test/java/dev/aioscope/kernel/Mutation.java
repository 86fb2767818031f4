package dev.aioscope.kernel;

import java.util.List;
import java.util.Random;

/** Damages a text, as no kernel does. */
public final class Mutation {
    /** What parsers stumble over. */
    private static final List<String> PIECES = List.of(
            "",
            " ",
            "\n",
            "\0",
            "-",
            "0x",
            "ffffffffffffffff",
            "99999999999999999999",
            "-1",
            "(",
            ")",
            "/[aio] (deleted)",
            "../",
            "\ud800",
            "é");

    private Mutation() {}

    /** The text with one to four pieces cut out, doubled, moved or replaced. */
    public static String of(String text, Random random) {
        StringBuilder damaged = new StringBuilder(text);
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int begin = random.nextInt(damaged.length() + 1);
            int end = Math.min(damaged.length(), begin + random.nextInt(1 + random.nextInt(40)));
            String piece = damaged.substring(begin, end);
            switch (random.nextInt(5)) {
                case 0 -> damaged.delete(begin, end);
                case 1 -> damaged.insert(begin, piece);
                case 2 -> damaged.delete(begin, end).insert(random.nextInt(damaged.length() + 1), piece);
                case 3 -> damaged.replace(begin, end, PIECES.get(random.nextInt(PIECES.size())));
                default -> damaged.insert(begin, (char) random.nextInt(1 + random.nextInt(0x1_0000)));
            }
        }
        return damaged.toString();
    }
}
