package dev.aioscope.output;

import dev.aioscope.diagnosis.QuotaPlan;
import dev.aioscope.diagnosis.QuotaPlan.Program;
import dev.aioscope.inventory.Inventory;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/** A quota plan as text or JSON. */
public final class PlanReport {
    private PlanReport() {}

    /** A table of the programs, the quota, and the answer to the request. */
    public static List<String> text(QuotaPlan plan, Screen screen) {
        Inventory inventory = plan.inventory();
        Table table = new Table(5, "CHARGE", "PROCESSES", "CONTEXTS", "EACH", "FITS", "COMM");
        for (Program program : plan.programs()) {
            table.row(
                    program.holder().charge(),
                    program.holder().processes(),
                    program.holder().contexts().size(),
                    program.largestCharge(),
                    plan.inventory().quota().isUnlimited() ? "no limit" : program.fits(),
                    program.holder().name());
        }
        List<String> lines = new ArrayList<>(plan.programs().isEmpty() ? List.of() : table.lines(screen));
        lines.add(HolderReport.quota(inventory, ""));
        lines.addAll(HolderReport.gaps(inventory));
        BigInteger needed = plan.needed();
        BigInteger limit = inventory.quota().aioMaxNr();
        if (plan.isRequested() && needed != null) {
            boolean fits = limit != null && needed.compareTo(limit) <= 0;
            lines.add(
                    fits
                            ? "They fit: " + needed + " of " + limit + " would be in use."
                            : "They require a higher limit: sysctl -w fs.aio-max-nr=" + needed
                                    + ", and a file in /etc/sysctl.d to keep it.");
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
                json -> json.put("comm", program.holder().name())
                        .put("processes", program.holder().processes())
                        .put("contexts", program.holder().contexts().size())
                        .put("charge", program.holder().charge())
                        .put("largest_charge", program.largestCharge())
                        .put("fits", program.fits()));
    }

    private static String quota(QuotaPlan plan) {
        return Json.line(
                "plan",
                json -> json.put("aio_nr", plan.inventory().quota().aioNr())
                        .put("aio_max_nr", plan.inventory().quota().aioMaxNr())
                        .put("headroom", plan.inventory().quota().headroom())
                        .put("needed", plan.needed()));
    }
}
