package dev.aioscope.telemetry;

/**
 * The outcomes of an export so far. An item is a span, a log record, or a push of all metrics.
 *
 * @param exported items that the back end accepted
 * @param failed items that the back end rejected, or did not accept in time
 * @param dropped items for which the queue had no room
 * @param droppedFindings those of them that are spans of traces with a finding
 * @param queued items that are not sent yet, or not acknowledged
 */
public record ExportCounts(long exported, long failed, long dropped, long droppedFindings, int queued) {
    /** The number of items without a finding for which the queue had no room. */
    public long droppedOthers() {
        return dropped - droppedFindings;
    }

    /** The number of items that never reach the back end. */
    public long lost() {
        return failed + dropped;
    }
}
