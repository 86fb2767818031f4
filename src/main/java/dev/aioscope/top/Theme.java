package dev.aioscope.top;

import org.jline.utils.AttributedStyle;

/** Styles of the screen. Every colour repeats what a word or sign already says. */
record Theme(boolean isColoured) {
    static final AttributedStyle PLAIN = AttributedStyle.DEFAULT;
    static final AttributedStyle BOLD = PLAIN.bold();
    static final AttributedStyle HEADING = PLAIN.bold().underline();
    static final AttributedStyle SELECTED = PLAIN.inverse();

    private AttributedStyle colour(int colour) {
        return isColoured ? PLAIN.foreground(colour) : PLAIN;
    }

    AttributedStyle notable() {
        return colour(AttributedStyle.YELLOW).bold();
    }

    AttributedStyle failed() {
        return colour(AttributedStyle.RED).bold();
    }

    AttributedStyle calm() {
        return colour(AttributedStyle.CYAN);
    }
}
