package dev.aioscope.lifecycle;

import dev.aioscope.event.DestroyExitEvent;
import dev.aioscope.event.SetupEvent;
import dev.aioscope.kernel.Errno;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Creates the reports of failed calls. */
final class FailedCalls {
    private static final int LARGEST = 5;
    private static final long LARGEST_NS = 100_000_000;

    private final LifecycleTables tables;
    private List<QuotaShare> largest = List.of();
    private long largestAt = Absent.NEVER;

    FailedCalls(LifecycleTables tables) {
        this.tables = tables;
    }

    FailedCall of(SetupEvent event) {
        return new FailedCall(
                FailedCall.SystemCall.IO_SETUP,
                Task.of(event),
                event.mm(),
                Absent.u64(event.enterTime()),
                event.time(),
                (int) -event.result(),
                null,
                event.maxReqs(),
                event.aioNr(),
                event.aioMaxNr(),
                tables.stacks.of(event.tid(), event.enterTime()),
                event.result() == -Errno.EAGAIN ? largest(event.time()) : List.of(),
                null);
    }

    FailedCall of(DestroyExitEvent event, @Nullable WrongHandle wrongHandle) {
        return new FailedCall(
                FailedCall.SystemCall.IO_DESTROY,
                Task.of(event),
                event.mm(),
                Absent.u64(event.enterTime()),
                event.time(),
                (int) -event.result(),
                event.handle(),
                null,
                null,
                null,
                tables.stacks.of(event.tid(), event.enterTime()),
                List.of(),
                wrongHandle);
    }

    /** The largest holders; updated ten times a second at most, because refused callers often retry at once. */
    private List<QuotaShare> largest(long now) {
        if (largestAt == Absent.NEVER || now - largestAt >= LARGEST_NS) {
            largest = tables.live.largest(LARGEST);
            largestAt = now;
        }
        return largest;
    }
}
