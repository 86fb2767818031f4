package dev.aioscope.top;

/** What can be pressed. */
public enum Key {
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    ENTER,
    ESCAPE,
    ERASE,
    /** A character. */
    TYPED
}
