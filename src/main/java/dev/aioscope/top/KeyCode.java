package dev.aioscope.top;

/** A key that the view understands. */
public enum KeyCode {
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    ENTER,
    ESCAPE,
    ERASE,
    /** Any other character. */
    TYPED
}
