package dev.aioscope.output;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.event.Operation;
import dev.aioscope.event.Trigger;
import dev.aioscope.event.UnsignedNumber;
import dev.aioscope.event.WaitReason;
import dev.aioscope.host.Identities;
import dev.aioscope.host.Identity;
import dev.aioscope.kernel.Errno;
import dev.aioscope.kernel.KernelStack;
import dev.aioscope.kernel.WallClock;
import dev.aioscope.lifecycle.Context;
import dev.aioscope.lifecycle.FailedCall;
import dev.aioscope.lifecycle.QuotaShare;
import dev.aioscope.lifecycle.RefusalOutcome;
import dev.aioscope.lifecycle.RefusalOutcome.Release;
import dev.aioscope.lifecycle.Straggler;
import dev.aioscope.lifecycle.Task;
import dev.aioscope.lifecycle.Teardown;
import dev.aioscope.lifecycle.TeardownInProgress;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.lifecycle.WrongHandle;
import dev.aioscope.probe.proc.BlockDevice;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Prints one JSON object per event; {@code agent/json.md} documents the names. */
public final class TraceJson implements TraceFormat {
    private final WallClock clock;
    private final Identities identities;
    private final Function<String, Optional<BlockDevice>> devices;
    private final Supplier<@Nullable LimitFile> limitFile;

    /** Prints events of this host. */
    public TraceJson(WallClock clock, Identities identities) {
        this(clock, identities, BlockDevice::of, () -> null);
    }

    /**
     * Prints events that can be from another host.
     *
     * @param devices finds a block device by major:minor
     * @param limitFile finds the file that sets the limit of this host; null for a recording
     */
    public TraceJson(
            WallClock clock,
            Identities identities,
            Function<String, Optional<BlockDevice>> devices,
            Supplier<@Nullable LimitFile> limitFile) {
        this.clock = clock;
        this.identities = identities;
        this.devices = devices;
        this.limitFile = limitFile;
    }

    @Override
    public String teardown(Teardown t, long now) {
        return line(t, null, now);
    }

    @Override
    public String stuck(TeardownInProgress teardown, long now) {
        return line(teardown.known(), teardown, now);
    }

    private String line(Teardown t, @Nullable TeardownInProgress inProgress, long now) {
        return Json.line("teardown", json -> {
            json.put("time", clock.epochNanos(now));
            caller(json, t.caller(), identities.ofCaller(t));
            owner(json, t);
            context(json, t.context());
            json.put("trigger", t.trigger() == null ? null : t.trigger().label());
            json.put("end", t.end().name().toLowerCase(Locale.ROOT));
            json.put("result", t.call().result());
            json.put("errno", errno(t.call().result()));
            times(json, t);
            phases(json, t);
            counts(json, t);
            inProgress(json, inProgress, now);
            json.put(
                    "text",
                    String.join("\n", inProgress == null ? TeardownText.of(t) : TeardownText.of(inProgress, now)));
        });
    }

    private static void inProgress(Json json, @Nullable TeardownInProgress inProgress, long now) {
        WaitReason waitReason = inProgress == null ? null : inProgress.waitReason();
        json.put("age_ns", inProgress == null ? null : (Long) inProgress.age(now));
        json.put("waits_for", waitReason == null ? null : waitReason.label());
        json.put("outstanding_now", inProgress == null ? null : inProgress.outstandingNow());
        json.put("siblings_now", inProgress == null ? null : inProgress.siblingsNow());
        json.put("waiter_sigkill", inProgress == null ? null : inProgress.pendingSigkill());
        json.put("found_late", inProgress == null ? null : (Boolean) inProgress.isFoundLate());
        json.put("stuck", inProgress == null ? null : (Boolean) inProgress.isStuck());
        json.put("kernel_stack", inProgress == null ? null : kernelStack(inProgress));
    }

    private static @Nullable String kernelStack(TeardownInProgress inProgress) {
        List<String> functions = KernelStack.functions(inProgress.kernelStack());
        return functions.isEmpty() ? null : String.join("\n", functions);
    }

    @Override
    public String straggler(Straggler straggler) {
        Teardown t = straggler.teardown().known();
        return Json.line("straggler", json -> {
            json.put("time", clock.epochNanos(straggler.time()));
            json.put("pid", t.caller() == null ? null : (Integer) t.caller().pid());
            json.put("tid", t.caller() == null ? null : (Integer) t.caller().tid());
            json.put("comm", t.caller() == null ? null : t.caller().comm());
            json.put("context_id", t.context().id());
            json.put(
                    "handle", t.context().handle() == 0 ? null : hex(t.context().handle()));
            json.put("age_ns", straggler.age());
            json.put(
                    "operation",
                    straggler.operation() == Operation.UNKNOWN
                            ? null
                            : straggler.operation().label());
            json.put("path", straggler.path());
            json.put("inode", UnsignedNumber.of(straggler.inode()));
            json.put("magic", hex(straggler.magic()));
            json.put("device", straggler.device());
            json.put(
                    "device_name",
                    devices.apply(straggler.device()).map(BlockDevice::name).orElse(null));
            json.put("offset", straggler.offset());
            json.put("result", straggler.result());
            json.put("errno", errno(straggler.result()));
        });
    }

    @Override
    public String failedCall(FailedCall call) {
        long begin = call.enterTime() != null ? call.enterTime() : call.returnTime();
        long offset = clock.offsetAt(begin);
        return Json.line(call.isRefusal() ? "refusal" : "failed_call", json -> {
            json.put("time", call.returnTime() + offset);
            caller(json, call.caller(), identities.ofCaller(call));
            json.put("call", call.call().name().toLowerCase(Locale.ROOT));
            json.put("result", -call.errno());
            json.put("errno", Errno.name(call.errno()));
            json.put("call_time", shifted(call.enterTime(), offset));
            json.put("return_time", call.returnTime() + offset);
            json.put("handle", call.handle() == null ? null : hex(call.handle()));
            json.put("max_reqs", call.requested());
            json.put("aio_nr", call.aioNr());
            json.put("aio_max_nr", call.aioMaxNr());
            json.put("call_stack", stack(call.callStack()));
            json.put("cause", call.cause());
            json.put("explanation", call.explanation());
            if (call.isRefusal()) {
                json.put("needed_aio_max_nr", call.neededLimit());
                PlanReport.putLimitFile(json, call.isQuotaRefusal() ? limitFile.get() : null);
                json.array("largest_holders", call.largest(), this::share);
            } else {
                wrongHandle(json, call, offset);
            }
        });
    }

    private static void wrongHandle(Json json, FailedCall call, long offset) {
        WrongHandle wrong = call.wrongHandle();
        Context context = wrong == null ? null : wrong.context();
        Task destroyer = wrong == null ? null : wrong.destroyer();
        json.put("io_in_flight", wrong == null ? null : (Boolean) wrong.isIoInFlight());
        json.put("context_id", context == null ? null : context.id());
        json.put("destroyer_tid", destroyer == null ? null : (Integer) destroyer.tid());
        json.put("destroyed_time", wrong == null ? null : shifted(wrong.killedTime(), offset));
        json.put("drained_time", wrong == null ? null : shifted(wrong.drainedTime(), offset));
    }

    @Override
    public String refusalOutcome(RefusalOutcome outcome) {
        FailedCall refusal = outcome.refusal();
        long offset = clock.offsetAt(refusal.returnTime());
        return Json.line("refusal_outcome", json -> {
            json.put("time", outcome.time() + offset);
            caller(json, refusal.caller(), identities.ofCaller(refusal));
            json.put("max_reqs", refusal.requested());
            json.put("refusal_time", refusal.returnTime() + offset);
            json.put("outcome", outcome.status().name().toLowerCase(Locale.ROOT));
            json.put("duration_ns", outcome.duration());
            json.put("retries", outcome.retries());
            json.put("succeeded", outcome.hasSucceeded());
            json.put("aio_nr", outcome.aioNr());
            json.put("aio_max_nr", outcome.aioMaxNr());
            json.put(
                    "cause",
                    outcome.resolution() == null
                            ? null
                            : outcome.resolution().name().toLowerCase(Locale.ROOT));
            release(json, outcome.release());
        });
    }

    private void release(Json json, @Nullable Release release) {
        Task releaser = release == null ? null : release.by();
        Trigger trigger = release == null ? null : release.trigger();
        json.put("trigger", trigger == null ? null : trigger.label());
        json.put("contexts", release == null ? null : (Integer) release.contexts());
        json.put("charge", release == null ? null : (Long) release.charge());
        json.put("releaser_pid", releaser == null ? null : (Integer) releaser.pid());
        json.put("releaser_comm", releaser == null ? null : releaser.comm());
        json.put("releaser_start_time", IdentityJson.startTime(clock, releaser));
        IdentityJson.put(json, "releaser_", releaser == null ? Identity.UNKNOWN : identities.of(releaser));
    }

    private void share(Json json, QuotaShare share) {
        json.put("pid", share.owner().pid());
        json.put("comm", share.owner().comm());
        json.put("start_time", IdentityJson.startTime(clock, share.owner()));
        IdentityJson.put(json, "", identities.of(share.owner()));
        json.put("contexts", share.contexts());
        json.put("charge", share.charge());
    }

    /** The last object. */
    public static String summary(TraceSummary summary) {
        return Json.line("summary", json -> {
            json.put("teardowns", summary.teardowns());
            json.put("refusals", summary.refusals());
            json.put("failed_calls", summary.failedCalls());
            json.put("retries", summary.retries());
            json.put("refusal_outcomes", summary.outcomes());
            json.put("unidentified", summary.unidentified());
            json.put("events", summary.stats().events());
            json.object("lost", lost -> summary.lost().forEach(lost::put));
        });
    }

    private void caller(Json json, @Nullable Task caller, Identity identity) {
        json.put("pid", caller == null ? null : (Integer) caller.pid());
        json.put("tid", caller == null ? null : (Integer) caller.tid());
        json.put("comm", caller == null ? null : caller.comm());
        json.put("cgroup_id", caller == null ? null : (Long) caller.cgroup());
        json.put("start_time", IdentityJson.startTime(clock, caller));
        IdentityJson.put(json, "", identity);
    }

    private void owner(Json json, Teardown t) {
        Task owner = t.context().owner();
        json.put("owner_pid", owner == null ? null : (Integer) owner.pid());
        json.put("owner_comm", owner == null ? null : owner.comm());
        json.put("owner_cgroup_id", owner == null ? null : (Long) owner.cgroup());
        json.put("owner_start_time", IdentityJson.startTime(clock, owner));
        IdentityJson.put(json, "owner_", identities.ofOwner(t));
    }

    private void context(Json json, Context context) {
        json.put("context_id", context.id());
        json.put("handle", context.handle() == 0 ? null : hex(context.handle()));
        json.put("max_reqs", context.maxReqs());
        json.put("nr_events", context.nrEvents());
        Long setup = context.setupTime();
        json.put("setup_time", setup == null ? null : (Long) clock.epochNanos(setup));
    }

    /** Converts all times with one offset, so that they stay in order if the clock is set between them. */
    private void times(Json json, Teardown t) {
        Long begin = t.startTime();
        Long end = t.endTime();
        long offset = clock.offsetAt(begin != null ? begin : end != null ? end : 0);
        json.put("call_time", shifted(t.call().enterTime(), offset));
        json.put("kill_time", shifted(t.phases().killEnterTime(), offset));
        json.put("drain_time", shifted(t.phases().killExitTime(), offset));
        json.put("cancel_time", shifted(t.phases().usersEnterTime(), offset));
        json.put("drained_time", shifted(t.phases().reqsTime(), offset));
        json.put("return_time", shifted(t.call().returnTime(), offset));
        json.put("free_time", shifted(t.phases().freeTime(), offset));
    }

    private static void phases(Json json, Teardown t) {
        json.put("wait_ns", t.held());
        json.put("lookup_ns", t.lookup());
        json.put("kill_ns", t.kill());
        json.put("unmap_ns", t.unmap());
        json.put("drain_ns", t.drain());
        json.put("grace_ns", t.grace());
        json.put("cancel_ns", t.cancel());
        json.put("io_ns", t.io());
        json.put("siblings_ns", t.inSiblings());
        json.put("wake_ns", t.wake());
        json.put("deferred_free_ns", t.deferredFree());
    }

    private static void counts(Json json, Teardown t) {
        json.put("outstanding", t.outstanding());
        json.put("outstanding_slots", t.counts().outstandingSlots());
        json.put("outstanding_refs", t.counts().outstandingRefs());
        json.put("outstanding_after_grace", t.counts().outstandingAfterGrace());
        json.put("unreaped", t.counts().unreaped());
        json.put("siblings", t.counts().siblings());
        json.put("cancellable_before", t.counts().cancellableBefore());
        json.put("cancellable_after", t.counts().cancellableAfter());
        json.put("aio_nr_before", t.kernel().aioNrBefore());
        json.put("aio_nr_after", t.kernel().aioNrAfter());
        json.put("unmap_result", t.kernel().unmapResult());
        json.put("pending_sigkill", t.call().pendingSigkill());
        json.put("voluntary_switches", t.call().voluntarySwitches());
        json.put(
                "ring",
                t.kernel().ring() == null ? null : t.kernel().ring().name().toLowerCase(Locale.ROOT));
        json.put("dead_after_kill", t.kernel().dead());
        json.put("in_table_after_kill", t.kernel().inTable());
        json.put("setup_stack", stack(t.context().setupStack()));
        json.put("call_stack", stack(t.call().stack()));
    }

    private static @Nullable String stack(@Nullable UserStack stack) {
        return stack == null ? null : String.join("\n", stack.frames());
    }

    private static @Nullable String errno(@Nullable Long result) {
        return result == null || result >= 0 ? null : Errno.name((int) -result);
    }

    private static @Nullable Long shifted(@Nullable Long time, long offset) {
        return time == null ? null : (Long) (time + offset);
    }

    private static String hex(long handle) {
        return "0x" + Long.toHexString(handle);
    }
}
