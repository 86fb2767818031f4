package dev.aioscope.host;

/** What programs chose as their names, paths and arguments, made fit for a terminal. */
public final class Printable {
    private Printable() {}

    /**
     * The text with a question mark for everything that could control a terminal: C0 and C1 characters, line and paragraph
     * separators, what turns the direction of writing, and what is no character at all.
     */
    public static String of(String text) {
        return text.codePoints()
                .map(character -> isHarmless(character) ? character : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean isHarmless(int character) {
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
