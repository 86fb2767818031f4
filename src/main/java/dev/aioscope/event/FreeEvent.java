package dev.aioscope.event;

/** free_ioctx was entered: the kernel frees the context. */
public final class FreeEvent extends Event {
    FreeEvent() {
        super(EventType.FREE);
    }
}
