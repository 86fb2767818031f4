package dev.aioscope.diagnosis;

import dev.aioscope.diagnosis.Diagnosis.Fact;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.BpfProbes;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.bpf.ProbeSettings;
import dev.aioscope.probe.bpf.TierUnavailableException;
import dev.aioscope.probe.core.CoreEngine;
import dev.aioscope.probe.proc.ProcProbes;
import dev.aioscope.telemetry.TelemetryException;
import dev.aioscope.telemetry.TraceExport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds out what works on this host. Nothing is left behind. */
public final class Examination {
    private static final int CONNECT_MILLIS = 1000;
    private static final long ENOUGH_FILES = 256;

    /** What each capability is for. */
    private static final Map<Capability, String> PURPOSES = Map.of(
            Capability.CAP_BPF, "to load the probes",
            Capability.CAP_PERFMON, "to attach the probes",
            Capability.CAP_SYSLOG, "to see the addresses of kernel symbols",
            Capability.CAP_SYS_PTRACE, "to see the processes of others in the tier proc",
            Capability.CAP_SYS_ADMIN, "to mount tracefs where it is not mounted; stands for CAP_BPF and CAP_PERFMON",
            Capability.CAP_SYS_RESOURCE, "to lift the memlock limit on kernels before 5.11");

    private Examination() {}

    /** Tries everything. */
    public static Diagnosis examine() {
        List<TierTrial> tiers = new ArrayList<>();
        List<Engine> engines = List.of(new CoreEngine(), new BccEngine());
        for (Tier tier : Tier.values()) {
            tiers.add(tier == Tier.PROC ? tryProc() : tryTier(tier, engines));
        }
        List<Fact> facts = new ArrayList<>();
        facts.add(engine());
        facts.add(otherEngine());
        facts.add(Fact.neutral("kernel", Host.release() + " " + Host.architecture()));
        facts.add(Fact.of(
                "btf",
                Host.hasBtf(),
                Host.hasBtf() ? "/sys/kernel/btf/vmlinux" : "not there",
                "a kernel with CONFIG_DEBUG_INFO_BTF=y"));
        facts.add(kallsyms());
        facts.add(tracefs());
        facts.add(lockdown());
        for (Capability capability : Capability.values()) {
            facts.add(capability(capability));
        }
        facts.add(memlock());
        facts.add(openFiles());
        facts.add(quota());
        facts.add(export());
        return new Diagnosis(List.copyOf(tiers), List.copyOf(facts));
    }

    /** With the engines that the commands take by themselves; the second only where the first cannot work. */
    private static TierTrial tryTier(Tier tier, List<Engine> engines) {
        List<ProbeException> failures = new ArrayList<>();
        for (Engine engine : engines) {
            try (BpfProbes probes =
                    BpfProbes.open(engine, tier, Set.of(AttachPoint.Mode.values()), ProbeSettings.PLAIN)) {
                return new TierTrial(tier, true, null, null, probes.attachPoints());
            } catch (TierUnavailableException e) {
                String hint = e.missing().rejections().stream()
                        .map(AttachPoint.Rejection::hint)
                        .distinct()
                        .collect(Collectors.joining(", or "));
                return new TierTrial(
                        tier, false, "no probe can be placed on " + e.missing().name(), hint, e.attachPoints());
            } catch (ProbeException e) {
                failures.add(e);
            }
        }
        return new TierTrial(
                tier,
                false,
                failures.stream().map(ProbeException::getMessage).collect(Collectors.joining("; ")),
                failures.stream().map(ProbeException::hint).distinct().collect(Collectors.joining(", or ")),
                List.of());
    }

    private static TierTrial tryProc() {
        try (ProcProbes probes = ProcProbes.open()) {
            String refusal = probes.inventory(event -> {}).unreadableText().orElse(null);
            return new TierTrial(Tier.PROC, true, refusal, null, List.of());
        } catch (ProbeException e) {
            return new TierTrial(Tier.PROC, false, e.getMessage(), e.hint(), List.of());
        }
    }

    private static Fact engine() {
        try {
            return Fact.of("core", true, "libbpf " + CoreEngine.libbpfVersion(), "");
        } catch (ProbeException e) {
            return Fact.of("core", false, String.valueOf(e.getMessage()), e.hint());
        }
    }

    /** Neither good nor bad: it is only needed where core cannot work. */
    private static Fact otherEngine() {
        try {
            return Fact.neutral("bcc", "libbcc " + BccEngine.libbccVersion());
        } catch (ProbeException e) {
            return Fact.neutral("bcc", e.getMessage() + " (" + e.hint() + ")");
        }
    }

    private static Fact kallsyms() {
        boolean readable = ProbeSettings.knowsAddresses();
        return Fact.of(
                "kallsyms",
                readable,
                readable ? "addresses are shown" : "addresses are hidden: grace cannot be told from io",
                "CAP_SYSLOG, and sysctl kernel.kptr_restrict below 2");
    }

    private static Fact tracefs() {
        String folder = Tracefs.folder().map(Object::toString).orElse("");
        boolean own = folder.startsWith("/proc/");
        return Fact.of(
                "tracefs",
                !folder.isEmpty(),
                folder.isEmpty() ? Tracefs.why() : own ? "not mounted; mounted for aioscope alone" : folder,
                Tracefs.hint());
    }

    private static Fact lockdown() {
        return Host.lockdown()
                .map(level -> Fact.of(
                        "lockdown",
                        !level.equals("confidentiality"),
                        level,
                        "boot with lockdown=integrity or none: confidentiality forbids reading kernel memory"))
                .orElse(Fact.neutral("lockdown", "unknown: no securityfs here"));
    }

    private static Fact capability(Capability capability) {
        boolean has = Host.has(capability);
        boolean stoodFor = Host.has(Capability.CAP_SYS_ADMIN)
                && (capability == Capability.CAP_BPF || capability == Capability.CAP_PERFMON);
        String purpose = PURPOSES.getOrDefault(capability, "");
        boolean essential = capability == Capability.CAP_BPF || capability == Capability.CAP_PERFMON;
        String name = capability.name().toLowerCase(Locale.ROOT);
        if (!has && !essential) {
            return Fact.neutral(name, "missing; needed " + purpose);
        }
        return Fact.of(
                name,
                has || stoodFor,
                has ? "there" : (stoodFor ? "not needed beside cap_sys_admin" : "missing; needed " + purpose),
                "run aioscope as root, or give it the capability");
    }

    private static Fact memlock() {
        String limit = limit("Max locked memory").orElse("unknown");
        if (Host.isAtLeast(5, 11)) {
            return Fact.neutral("memlock", limit + "; from 5.11 on the kernel does not count BPF against it");
        }
        boolean enough = limit.equals("unlimited") || Host.has(Capability.CAP_SYS_RESOURCE);
        return Fact.of("memlock", enough, limit, "ulimit -l unlimited, or LimitMEMLOCK=infinity in the unit");
    }

    private static Fact openFiles() {
        String limit = limit("Max open files").orElse("unknown");
        boolean enough = !limit.matches("\\d+") || Long.parseLong(limit) >= ENOUGH_FILES;
        return Fact.of("nofile", enough, limit, "ulimit -n 1024, or LimitNOFILE=1024 in the unit");
    }

    /** The soft limit of this process. */
    private static Optional<String> limit(String name) {
        return Host.read("/proc/self/limits").flatMap(text -> {
            Matcher matcher = Pattern.compile("(?m)^" + name + " +(\\S+)").matcher(text);
            return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
        });
    }

    private static Fact quota() {
        Optional<Long> used = Host.aioNr();
        Optional<Long> most = Host.aioMaxNr();
        if (used.isEmpty() || most.isEmpty()) {
            return Fact.of("quota", false, "fs.aio-nr is not there", "a kernel with CONFIG_AIO=y");
        }
        return Fact.of(
                "quota",
                used.get() < most.get() * 0.9,
                "fs.aio-nr " + used.get() + " of fs.aio-max-nr " + most.get(),
                "sysctl fs.aio-max-nr=1048576, or find out who holds it");
    }

    private static Fact export() {
        try (TraceExport export = TraceExport.open(HostInfo.local())) {
            return export.endpoint()
                    .map(Examination::answers)
                    .orElse(Fact.neutral("otlp", "no endpoint is set: no traces are sent"));
        } catch (TelemetryException e) {
            return Fact.of("otlp", false, String.valueOf(e.getMessage()), "correct the variable");
        }
    }

    private static Fact answers(String endpoint) {
        String hint = "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT";
        // Elsewhere, because the name of the host has no deadline of its own.
        CompletableFuture<String> connect = CompletableFuture.supplyAsync(() -> connect(URI.create(endpoint)));
        try {
            String failure = connect.get(CONNECT_MILLIS, TimeUnit.MILLISECONDS);
            return Fact.of(
                    "otlp", failure.isEmpty(), endpoint + (failure.isEmpty() ? " answers" : ": " + failure), hint);
        } catch (TimeoutException e) {
            return Fact.of("otlp", false, endpoint + " does not answer within a second", hint);
        } catch (ExecutionException e) {
            return Fact.of("otlp", false, endpoint + ": " + e.getCause(), hint);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Fact.of("otlp", false, endpoint + " was not asked to the end", hint);
        }
    }

    /** Empty, or why not. */
    private static String connect(URI endpoint) {
        int port = endpoint.getPort() >= 0 ? endpoint.getPort() : "https".equals(endpoint.getScheme()) ? 443 : 80;
        InetSocketAddress address = new InetSocketAddress(endpoint.getHost(), port);
        if (address.isUnresolved()) {
            return "the name is not known";
        }
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_MILLIS);
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
