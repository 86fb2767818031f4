package dev.aioscope.event;

/** Keeps the latest thread name: usually one thread causes several records in a row. */
final class CommCache {
    private String comm = "";
    private long first;
    private long second;

    String get(Event event) {
        long newFirst = event.u64(EventLayout.COMM);
        long newSecond = event.u64(EventLayout.COMM + Long.BYTES);
        if (newFirst != first || newSecond != second) {
            comm = event.text(EventLayout.COMM, EventLayout.COMM_LENGTH);
            first = newFirst;
            second = newSecond;
        }
        return comm;
    }
}
