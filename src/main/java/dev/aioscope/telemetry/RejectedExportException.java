package dev.aioscope.telemetry;

import java.io.IOException;

/** The back end responded, but did not accept all items of a request. The message is the whole reason. */
final class RejectedExportException extends IOException {
    private static final long serialVersionUID = 1;

    private final long rejected;

    /** The back end accepted no item. */
    RejectedExportException(String reason) {
        this(reason, Long.MAX_VALUE);
    }

    /** Takes the number of items that the back end reports as rejected; with 0, the reason is a warning. */
    RejectedExportException(String reason, long rejected) {
        super(reason);
        this.rejected = rejected;
    }

    long rejected() {
        return rejected;
    }
}
