package dev.aioscope.top;

import dev.aioscope.host.Printable;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/** Text with a style. {@link #fit} replaces characters that could control the terminal. */
record StyledText(String text, AttributedStyle style) {
    /** Text in the default style. */
    static StyledText plain(String text) {
        return new StyledText(text, AttributedStyle.DEFAULT);
    }

    /** Cuts the text to a width in columns; a wide character takes two, a combining one none. */
    AttributedString fit(int width) {
        AttributedString printable = new AttributedString(Printable.of(text), style);
        if (printable.columnLength() <= width) {
            return printable;
        }
        return new AttributedStringBuilder()
                .append(printable.columnSubSequence(0, Math.max(0, width - 1)))
                .styled(style, width > 0 ? "…" : "")
                .toAttributedString();
    }
}
