package dev.aioscope.output;

import dev.aioscope.diagnosis.LimitFile;
import dev.aioscope.diagnosis.QuotaPlan;
import dev.aioscope.diagnosis.QuotaPlan.Program;
import dev.aioscope.diagnosis.QuotaPlan.Request;
import dev.aioscope.inventory.Inventory;
import dev.aioscope.kernel.Units;
import dev.aioscope.probe.Quota;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A quota plan as text or JSON. */
public final class PlanReport {
    private PlanReport() {}

    /** A table of the programs, how each grows, the quota, and the answer to the request. */
    public static List<String> text(QuotaPlan plan, Screen screen) {
        Inventory inventory = plan.inventory();
        Quota quota = inventory.quota();
        Table table = new Table(5, "CHARGE", "PROCESSES", "CONTEXTS", "EACH", "FITS", "PROGRAM", "CONTAINER");
        for (Program program : plan.programs()) {
            table.row(
                    program.holder().charge(),
                    program.holder().processes(),
                    program.holder().contexts().size(),
                    program.largestCharge(),
                    quota.isUnlimited() ? "no limit" : program.fits(),
                    program.name(),
                    program.container());
        }
        List<String> lines = new ArrayList<>(plan.programs().isEmpty() ? List.of() : table.lines(screen));
        plan.programs().stream()
                .filter(program -> program.largest().contexts().size() > 1)
                .forEach(program -> lines.add(growth(program)));
        lines.add(HolderReport.quota(inventory, "") + (plan.programs().isEmpty() ? "" : "; FITS = headroom / EACH"));
        lines.add("The limit: " + plan.limitFile().origin() + ".");
        lines.addAll(HolderReport.gaps(inventory));
        if (!plan.requests().isEmpty()) {
            lines.addAll(answer(plan));
        }
        return lines;
    }

    /** What one process needs, and what its need grows with. */
    private static String growth(Program program) {
        String each = program.name() + ": one process charges " + Units.number(program.largestCharge()) + " with "
                + program.largest().contexts().size() + " contexts";
        if (program.contextsPerCpu() == null) {
            return each + "; more threads or shards with contexts need more.";
        }
        return each + ", " + program.contextsPerCpu() + " for each of " + program.cpus() + " CPUs"
                + (program.chargePerCpu() == null ? "" : "; on N CPUs it needs N x " + program.chargePerCpu()) + ".";
    }

    private static List<String> answer(QuotaPlan plan) {
        List<String> lines = new ArrayList<>();
        BigInteger used = plan.used();
        BigInteger needed = plan.needed();
        BigInteger limit = plan.inventory().quota().aioMaxNr();
        for (Request request : plan.requests()) {
            lines.add(request.more() + " more of " + request.program().name() + ": " + request.more() + " x "
                    + request.program().largestCharge() + " = " + request.total());
        }
        if (used != null && needed != null) {
            BigInteger added = needed.subtract(used);
            lines.add("In total: fs.aio-nr " + used + " + " + added + " = " + needed);
            if (limit != null && needed.compareTo(limit) <= 0) {
                lines.add("They fit: " + needed + " of " + limit + " would be in use.");
            } else {
                lines.add("They require a higher limit: sysctl -w fs.aio-max-nr=" + needed);
                lines.add("To keep it, write to " + plan.limitFile().place() + ":");
                lines.add("  " + LimitFile.fragment(needed));
            }
        }
        return lines;
    }

    /** An object for each program, and one for the quota. */
    public static List<String> json(QuotaPlan plan) {
        List<String> lines = new ArrayList<>();
        plan.programs().forEach(program -> lines.add(program(program)));
        lines.add(quota(plan));
        return lines;
    }

    private static String program(Program program) {
        return Json.line(
                "program_plan",
                json -> json.put("program", program.name())
                        .put("container", program.container())
                        .put("processes", program.holder().processes())
                        .put("contexts", program.holder().contexts().size())
                        .put("charge", program.holder().charge())
                        .put("largest_charge", program.largestCharge())
                        .put("largest_contexts", program.largest().contexts().size())
                        .put("contexts_per_cpu", program.contextsPerCpu())
                        .put("charge_per_cpu", program.chargePerCpu())
                        .put("fits", program.fits()));
    }

    private static String quota(QuotaPlan plan) {
        return Json.line(
                "plan",
                json -> putLimitFile(
                                json.put("aio_nr", plan.inventory().quota().aioNr())
                                        .put(
                                                "aio_max_nr",
                                                plan.inventory().quota().aioMaxNr())
                                        .put(
                                                "headroom",
                                                plan.inventory().quota().headroom()),
                                plan.limitFile())
                        .array(
                                "more",
                                plan.requests(),
                                (object, request) -> object.put(
                                                "program", request.program().name())
                                        .put("processes", request.more())
                                        .put("total", request.total()))
                        .put("needed", plan.needed()));
    }

    /** The file that sets fs.aio-max-nr at boot; absent for null. */
    static Json putLimitFile(Json json, @Nullable LimitFile file) {
        return json.put("limit_file", file == null ? null : file.path())
                .put("limit_file_value", file == null ? null : file.value())
                .put("limit_file_unread", file == null ? null : file.unread());
    }
}
