package dev.aioscope.host;

/** Makes names, paths and arguments that programs chose safe to print in a terminal. */
public final class Printable {
    private Printable() {}

    /**
     * Replaces every character that could control a terminal with a question mark: C0 and C1 controls, line and paragraph
     * separators, format characters such as direction marks, surrogates, private-use and unassigned code points.
     */
    public static String of(String text) {
        return text.codePoints()
                .map(character -> isPrintable(character) ? character : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean isPrintable(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
