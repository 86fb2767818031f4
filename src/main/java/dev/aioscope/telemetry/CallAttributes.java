package dev.aioscope.telemetry;

import static dev.aioscope.telemetry.TeardownAttributes.hex;
import static dev.aioscope.telemetry.TeardownAttributes.signed;
import static dev.aioscope.telemetry.TeardownAttributes.stack;

import dev.aioscope.host.Identities;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.Units;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.WrongHandle;
import io.opentelemetry.api.common.AttributesBuilder;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Describes failed calls and refusals in attributes of spans. */
final class CallAttributes {
    private CallAttributes() {}

    /** All of a failed call but its caller. */
    static void failedCall(FailedCall call, Identities identities, AttributesBuilder attributes) {
        SpanAttribute.HANDLE.set(attributes, call.handle() == null ? null : hex(call.handle()));
        SpanAttribute.REQUESTED.set(attributes, call.requested());
        SpanAttribute.USAGE.set(attributes, signed(call.aioNr()));
        SpanAttribute.LIMIT.set(attributes, signed(call.aioMaxNr()));
        SpanAttribute.NEEDED.set(attributes, signed(call.neededLimit()));
        SpanAttribute.HOLDERS.set(attributes, holders(call, identities));
        SpanAttribute.CALL_STACK.set(attributes, stack(call.callStack()));
        SpanAttribute.ERROR_TYPE.set(attributes, Errno.name(call.errno()));
        if (call.call() == FailedCall.SystemCall.IO_DESTROY) {
            SpanAttribute.ERROR_CAUSE.set(attributes, call.cause());
            SpanAttribute.ERROR_EXPLANATION.set(attributes, call.explanation());
        }
        WrongHandle wrong = call.wrongHandle();
        if (wrong != null) {
            SpanAttribute.ERROR_IO_IN_FLIGHT.set(attributes, wrong.isIoInFlight());
        }
    }

    /** What happened, as a sentence. */
    static String status(FailedCall call) {
        String failed = call.call().name().toLowerCase(Locale.ROOT) + " failed with " + Errno.name(call.errno());
        if (call.explanation() != null) {
            return failed + ": " + call.explanation();
        }
        if (!call.isQuotaRefusal()) {
            return failed;
        }
        return failed + ": the quota cannot hold " + (call.requested() == null ? "" : call.requested() + " more ")
                + "events"
                + (call.aioNr() == null || call.aioMaxNr() == null
                        ? ""
                        : " (fs.aio-nr was " + call.aioNr() + ", fs.aio-max-nr " + call.aioMaxNr() + ")");
    }

    /** What became of a refusal, as a sentence. */
    static String sentence(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        String request = "io_setup of " + refusal.caller().comm() + " (pid "
                + refusal.caller().pid() + ")"
                + (refusal.requested() == null ? "" : " for " + refusal.requested() + " events");
        String duration = Units.duration(outcome.duration());
        return switch (outcome.status()) {
            case LASTING, UNKNOWN -> request + " was refused, and the quota does not suffice after " + duration;
            case ABANDONED ->
                "The process has not repeated the refused " + request + ", and the quota does not suffice after "
                        + duration;
            case TRANSIENT, OVER -> "The quota suffices for the refused " + request + " after " + duration;
        };
    }

    private static @Nullable List<String> holders(FailedCall call, Identities identities) {
        return call.largest().isEmpty()
                ? null
                : call.largest().stream()
                        .map(share ->
                                ProcessAttributes.line(share.owner(), identities.of(share.owner()), share.charge()))
                        .toList();
    }

    /** All of the outcome of a refusal but its caller. */
    static void outcome(RefusalOutcome outcome, Identities identities, AttributesBuilder attributes) {
        SpanAttribute.REQUESTED.set(attributes, outcome.refusal().requested());
        SpanAttribute.USAGE.set(attributes, signed(outcome.aioNr()));
        SpanAttribute.LIMIT.set(attributes, signed(outcome.aioMaxNr()));
        SpanAttribute.REFUSAL_OUTCOME.set(attributes, outcome.status().name().toLowerCase(Locale.ROOT));
        SpanAttribute.REFUSAL_RETRIES.set(attributes, (long) outcome.retries());
        SpanAttribute.REFUSAL_SUCCEEDED.set(attributes, outcome.hasSucceeded());
        SpanAttribute.REFUSAL_CAUSE.set(
                attributes,
                outcome.resolution() == null
                        ? null
                        : outcome.resolution().name().toLowerCase(Locale.ROOT));
        Release release = outcome.release();
        SpanAttribute.RELEASER.set(
                attributes,
                release == null
                        ? null
                        : ProcessAttributes.line(release.by(), identities.of(release.by()), release.charge()));
    }
}
