package dev.aioscope.telemetry;

import dev.aioscope.audit.Observation;
import dev.aioscope.event.Operation;
import dev.aioscope.event.UnsignedNumber;
import dev.aioscope.event.WaitReason;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Describes teardowns in attributes of spans and log records. */
final class TeardownAttributes {
    private TeardownAttributes() {}

    /** All of a teardown but its processes. */
    static void teardown(Teardown t, AttributesBuilder attributes) {
        context(t.context(), attributes);
        SpanAttribute.MAX_EVENTS.set(attributes, wide(t.context().maxReqs()));
        SpanAttribute.RING_EVENTS.set(attributes, wide(t.context().nrEvents()));
        SpanAttribute.TRIGGER.set(
                attributes, t.trigger() == null ? null : t.trigger().label());
        SpanAttribute.END.set(attributes, end(t));
        SpanAttribute.OUTSTANDING.set(attributes, wide(t.outstanding()));
        SpanAttribute.UNREAPED.set(attributes, wide(t.counts().unreaped()));
        SpanAttribute.SIBLINGS.set(attributes, wide(t.counts().siblings()));
        SpanAttribute.CANCELLED.set(attributes, cancelled(t.counts()));
        SpanAttribute.DRAIN_GRACE.set(attributes, seconds(t.grace()));
        SpanAttribute.DRAIN_IO.set(attributes, seconds(t.io()));
        SpanAttribute.DRAIN_SIBLINGS.set(attributes, seconds(t.inSiblings()));
        SpanAttribute.NR_BEFORE.set(attributes, t.kernel().aioNrBefore());
        SpanAttribute.NR_AFTER.set(attributes, t.kernel().aioNrAfter());
        SpanAttribute.UNMAP_RESULT.set(attributes, wide(t.kernel().unmapResult()));
        SpanAttribute.SIGKILL_PENDING.set(attributes, t.call().pendingSigkill());
        SpanAttribute.VOLUNTARY_SWITCHES.set(attributes, t.call().voluntarySwitches());
        SpanAttribute.SETUP_STACK.set(attributes, stack(t.context().setupStack()));
        SpanAttribute.CALL_STACK.set(attributes, stack(t.call().stack()));
        SpanAttribute.ERROR_TYPE.set(attributes, isFailed(t) ? error(t) : null);
    }

    /** The identity of a context. */
    static void context(Context context, AttributesBuilder attributes) {
        SpanAttribute.CONTEXT_ID.set(attributes, context.id());
        SpanAttribute.HANDLE.set(attributes, hex(context.handle()));
    }

    /** How completely the end of a teardown was observed. */
    static String end(Teardown t) {
        return t.end().name().toLowerCase(Locale.ROOT);
    }

    /** The names of violated clauses; null if there is none. */
    static @Nullable List<String> clauses(List<Observation> violations) {
        return violations.isEmpty()
                ? null
                : violations.stream()
                        .map(violation -> violation.clause().name())
                        .toList();
    }

    static Attributes violation(Observation violation) {
        AttributesBuilder attributes = Attributes.builder();
        SpanAttribute.CLAUSE.set(attributes, violation.clause().name());
        SpanAttribute.EVIDENCE.set(attributes, violation.values());
        return attributes.build();
    }

    static Attributes stuck(TeardownInProgress teardown) {
        AttributesBuilder attributes = Attributes.builder();
        WaitReason waitReason = teardown.waitReason();
        SpanAttribute.WAITS_FOR.set(attributes, waitReason == null ? null : waitReason.label());
        SpanAttribute.OUTSTANDING_NOW.set(attributes, wide(teardown.outstandingNow()));
        SpanAttribute.SIBLINGS_NOW.set(attributes, wide(teardown.siblingsNow()));
        List<String> functions = KernelStack.functions(teardown.kernelStack());
        SpanAttribute.KERNEL_STACK.set(attributes, functions.isEmpty() ? null : functions);
        return attributes.build();
    }

    static Attributes straggler(Straggler straggler, @Nullable String deviceName) {
        AttributesBuilder attributes = Attributes.builder();
        Operation operation = straggler.operation();
        SpanAttribute.OPERATION.set(attributes, operation == Operation.UNKNOWN ? null : operation.label());
        SpanAttribute.PATH.set(attributes, straggler.path());
        SpanAttribute.INODE.set(attributes, signed(UnsignedNumber.of(straggler.inode())));
        SpanAttribute.MAGIC.set(attributes, hex(straggler.magic()));
        SpanAttribute.DEVICE.set(attributes, straggler.device());
        SpanAttribute.DEVICE_NAME.set(attributes, deviceName);
        SpanAttribute.OFFSET.set(attributes, straggler.offset());
        SpanAttribute.RESULT.set(attributes, straggler.result());
        SpanAttribute.REQUEST_ERROR.set(
                attributes, straggler.result() < 0 ? Errno.name((int) -straggler.result()) : null);
        SpanAttribute.AGE.set(attributes, seconds(straggler.age()));
        return attributes.build();
    }

    /** Whether io_destroy returned an error. */
    static boolean isFailed(Teardown t) {
        Long result = t.call().result();
        return result != null && result < 0;
    }

    /** The name of the error of a failed teardown. */
    static String error(Teardown t) {
        Long result = t.call().result();
        return Errno.name(result == null ? 0 : Math.toIntExact(-result));
    }

    private static @Nullable Long cancelled(Teardown.RequestCounts counts) {
        Integer before = counts.cancellableBefore();
        Integer after = counts.cancellableAfter();
        return before == null || after == null ? null : (Long) (long) (before - after);
    }

    /** One frame per line. */
    static @Nullable String stack(@Nullable UserStack stack) {
        return stack == null ? null : String.join("\n", stack.frames());
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** The number as an attribute, whose type is signed; null if it does not fit. */
    static @Nullable Long signed(@Nullable BigInteger number) {
        return number == null || number.bitLength() >= Long.SIZE ? null : (Long) number.longValue();
    }

    static @Nullable Long wide(@Nullable Integer value) {
        return value == null ? null : (Long) value.longValue();
    }

    static @Nullable Double seconds(@Nullable Long nanos) {
        return nanos == null ? null : (Double) (nanos / 1e9);
    }
}
