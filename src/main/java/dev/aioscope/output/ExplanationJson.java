package dev.aioscope.output;

import dev.aioscope.diagnosis.Disks.Disk;
import dev.aioscope.diagnosis.Explanation;
import dev.aioscope.diagnosis.Explanation.Candidate;
import dev.aioscope.diagnosis.Explanation.StuckThread;
import dev.aioscope.event.Trigger;
import dev.aioscope.inventory.Holder;
import dev.aioscope.probe.proc.BlockDevice;
import dev.aioscope.probe.proc.Witness.ContextCall;
import dev.aioscope.probe.proc.Witness.TaskInfo;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** An explanation as a JSON object; {@code agent/json.md} describes its fields. */
public final class ExplanationJson {
    private ExplanationJson() {}

    /** One line. */
    public static String of(Explanation explanation) {
        boolean hasContexts = !explanation.contexts().isEmpty();
        Holder holder = new Holder("", explanation.contexts());
        return Json.line(
                "explanation",
                json -> IdentityJson.put(
                                json.put("pid", explanation.pid()).put("comm", explanation.comm()),
                                "",
                                explanation.identity())
                        .put("tier", explanation.tier().label())
                        .put("contexts", explanation.contexts().size())
                        .put("charge", hasContexts ? holder.charge() : null)
                        .put("outstanding", hasContexts ? holder.outstanding() : null)
                        .array("teardowns", explanation.stuck(), ExplanationJson::teardown)
                        .array("candidates", explanation.candidates(), ExplanationJson::candidate)
                        .array(
                                "workers",
                                explanation.workers(),
                                (inner, worker) -> inner.put("tid", worker.tid())
                                        .put("comm", worker.comm())
                                        .put("kernel_stack", stack(worker)))
                        .put("text", String.join("\n", ExplanationText.of(explanation))));
    }

    private static void teardown(Json json, StuckThread stuck) {
        TaskInfo thread = stuck.thread();
        Trigger trigger = thread.trigger();
        json.put("tid", thread.tid())
                .put("comm", thread.comm())
                .put("trigger", trigger == null ? null : trigger.label())
                .put("handle", thread.handle() == 0 ? null : "0x" + Long.toHexString(thread.handle()))
                .put(
                        "waits_for",
                        stuck.waitReason() == null ? null : stuck.waitReason().label())
                .put("waiter_sigkill", thread.sigkill())
                .put("kernel_stack", stack(thread))
                .array(
                        "siblings",
                        stuck.siblings(),
                        (inner, sibling) -> inner.put("tid", sibling.tid())
                                .put("comm", sibling.comm())
                                .put("call", lower(sibling.call()))
                                .put("state", String.valueOf(sibling.state()))
                                .put("kernel_stack", stack(sibling)));
    }

    private static void candidate(Json json, Candidate candidate) {
        BlockDevice device = candidate.device();
        Disk disk = candidate.disk();
        json.put("fd", candidate.file().fd())
                .put("file", candidate.file().target())
                .put("file_system", candidate.file().fileSystem())
                .put("device", device == null ? null : device.numbers())
                .put("device_name", device == null ? null : device.name())
                .put("disk_model", disk == null ? null : disk.model())
                .put("disk_bytes", disk == null ? null : (Long) disk.bytes())
                .put("reads_in_flight", device == null ? null : device.reads())
                .put("writes_in_flight", device == null ? null : device.writes())
                .put("suspended", device == null ? null : (Boolean) device.isSuspended())
                .put(
                        "unanswered",
                        candidate.server() == null
                                ? null
                                : (Long) candidate.server().waiting());
    }

    private static @Nullable String stack(TaskInfo thread) {
        return thread.stack().isEmpty() ? null : String.join("\n", thread.stack());
    }

    private static String lower(@Nullable ContextCall call) {
        return call == null ? "" : call.name().toLowerCase(Locale.ROOT);
    }
}
