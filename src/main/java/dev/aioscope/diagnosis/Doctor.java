package dev.aioscope.diagnosis;

import dev.aioscope.diagnosis.Diagnosis.Check;
import dev.aioscope.diagnosis.Diagnosis.TierTrial;
import dev.aioscope.event.UnsignedNumber;
import dev.aioscope.host.ContainerNames;
import dev.aioscope.kernel.Aio;
import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Host.Capability;
import dev.aioscope.kernel.HostCause;
import dev.aioscope.kernel.Kallsyms;
import dev.aioscope.kernel.PidNamespace;
import dev.aioscope.kernel.ProcMount;
import dev.aioscope.kernel.Tracefs;
import dev.aioscope.probe.AttachPoint;
import dev.aioscope.probe.HostCauseException;
import dev.aioscope.probe.HostInfo;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Quota;
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
import dev.aioscope.worker.Worker;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.NoSuchFileException;
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
import java.util.stream.Collectors;
import oshi.hardware.CentralProcessor;
import oshi.nativefree.SystemInfo;
import oshi.software.os.OperatingSystem;
import oshi.util.FormatUtil;

/** Checks what works on this host. It detaches every probe that it attaches. */
public final class Doctor {
    private static final int CONNECT_MILLIS = 1000;
    private static final BigInteger MIN_OPEN_FILES = BigInteger.valueOf(256);

    /** What each capability is required for. */
    private static final Map<Capability, String> PURPOSES = Map.of(
            Capability.CAP_BPF, "to load probes",
            Capability.CAP_PERFMON, "to attach probes",
            Capability.CAP_SYSLOG, "to read the addresses of kernel symbols",
            Capability.CAP_SYS_PTRACE, "to read the processes of other users in the tier proc",
            Capability.CAP_SYS_ADMIN, "to mount tracefs if it is not mounted; includes CAP_BPF and CAP_PERFMON",
            Capability.CAP_SYS_RESOURCE, "to raise the memlock limit before Linux 5.11");

    private Doctor() {}

    /** Attaches and detaches every tier, and checks the host. Takes a few seconds. */
    public static Diagnosis diagnose() {
        List<TierTrial> tiers = new ArrayList<>();
        List<Engine> engines = List.of(new CoreEngine(), new BccEngine());
        for (Tier tier : Tier.values()) {
            tiers.add(tier == Tier.PROC ? tryProc() : tryTier(tier, engines));
        }
        List<Check> checks = new ArrayList<>();
        checks.add(core());
        checks.add(bcc());
        checks.add(host());
        checks.add(Check.neutral("kernel", Host.release() + " " + Host.architecture()));
        checks.add(Check.of(
                "btf",
                Host.hasBtf(),
                Host.hasBtf() ? "/sys/kernel/btf/vmlinux" : "absent",
                "use a kernel with CONFIG_DEBUG_INFO_BTF=y"));
        checks.add(kallsyms());
        checks.add(tracefs());
        checks.add(lockdown());
        checks.add(pidNamespace());
        checks.add(hiddenProcesses());
        checks.add(containerNames());
        checks.add(aio());
        for (Capability capability : Capability.values()) {
            checks.add(capability(capability));
        }
        checks.add(memlock());
        checks.add(openFiles());
        LimitFile limitFile = LimitFile.find();
        checks.add(quota(limitFile));
        checks.add(Check.neutral(
                "aio-max-nr",
                limitFile.origin() + "; to set it for good, write '" + LimitFile.fragment("NUMBER") + "' to "
                        + limitFile.place()));
        checks.add(export());
        return new Diagnosis(List.copyOf(tiers), List.copyOf(checks));
    }

    /** What a report of a fault should say about the machine. */
    private static Check host() {
        SystemInfo system = new SystemInfo();
        CentralProcessor processor = system.getHardware().getProcessor();
        return Check.neutral(
                "host",
                "%s, %d CPUs (%s), %s of memory"
                        .formatted(
                                Host.isDistributionNamed()
                                        ? distribution(system.getOperatingSystem())
                                        : "unknown distribution",
                                processor.getLogicalProcessorCount(),
                                processor.getProcessorIdentifier().getName().strip(),
                                FormatUtil.formatBytes(
                                        system.getHardware().getMemory().getTotal())));
    }

    private static String distribution(OperatingSystem system) {
        return system.getFamily() + " " + system.getVersionInfo().getVersion();
    }

    /** Tries the engines in the order of the commands: the second only if the first fails. */
    private static TierTrial tryTier(Tier tier, List<Engine> engines) {
        List<ProbeException> failures = new ArrayList<>();
        for (Engine engine : engines) {
            try (BpfProbes probes =
                    BpfProbes.open(engine, tier, Set.of(AttachPoint.Mode.values()), ProbeSettings.PLAIN)) {
                return new TierTrial(tier, true, null, null, probes.attachPoints());
            } catch (TierUnavailableException e) {
                return new TierTrial(
                        tier, false, e.missing().failure(), e.missing().hints(), e.attachPoints());
            } catch (HostCauseException e) {
                failures.add(e);
                break;
            } catch (ProbeException e) {
                failures.add(e);
            }
        }
        return new TierTrial(
                tier,
                false,
                failures.stream().map(ProbeException::getMessage).collect(Collectors.joining("; ")),
                failures.stream().map(ProbeException::hint).distinct().collect(Collectors.joining("; or ")),
                List.of());
    }

    private static TierTrial tryProc() {
        try (ProcProbes probes = ProcProbes.open()) {
            String gap = probes.inventory(event -> {}).unreadableText().orElse(null);
            return new TierTrial(Tier.PROC, true, gap, null, List.of());
        } catch (ProbeException e) {
            return new TierTrial(Tier.PROC, false, e.getMessage(), e.hint(), List.of());
        }
    }

    private static String libbpf() {
        return "libbpf " + CoreEngine.libbpfVersion()
                + (CoreEngine.isLibbpfBundled() ? " of the package" : " of the host");
    }

    private static Check core() {
        try {
            return Check.of("core", true, libbpf(), "");
        } catch (ProbeException e) {
            return Check.of("core", false, String.valueOf(e.getMessage()), e.hint());
        }
    }

    /** Neutral: only required if core fails. */
    private static Check bcc() {
        try {
            return Check.neutral("bcc", "libbcc " + BccEngine.libbccVersion());
        } catch (ProbeException e) {
            return Check.neutral("bcc", e.getMessage() + " (hint: " + e.hint() + ")");
        }
    }

    private static Check kallsyms() {
        boolean readable = ProbeSettings.knowsAddresses();
        return Check.of(
                "kallsyms",
                readable,
                readable
                        ? "addresses are readable"
                        : (Kallsyms.isVisible() ? "addresses are hidden" : "/proc/kallsyms does not exist")
                                + ": grace and io cannot be distinguished",
                Kallsyms.isVisible()
                        ? "grant CAP_SYSLOG, and set sysctl kernel.kptr_restrict below 2"
                        : "use a kernel with CONFIG_KALLSYMS=y, and mount /proc without subset=pid");
    }

    private static Check tracefs() {
        String folder = Tracefs.directory().map(Object::toString).orElse("");
        boolean isOwn = folder.startsWith("/proc/");
        return Check.of(
                "tracefs",
                !folder.isEmpty(),
                folder.isEmpty() ? Tracefs.why() : isOwn ? "not mounted; aioscope mounts its own" : folder,
                Tracefs.hint());
    }

    private static Check lockdown() {
        return Host.lockdown()
                .map(level -> Check.of(
                        "lockdown",
                        !level.equals("confidentiality"),
                        level,
                        "boot with lockdown=integrity or lockdown=none"))
                .orElse(Check.neutral("lockdown", "unknown: cannot read /sys/kernel/security/lockdown"));
    }

    private static Check pidNamespace() {
        return check("pid_namespace", PidNamespace.read().restriction(false), "the host's");
    }

    private static Check hiddenProcesses() {
        return check("processes", ProcMount.read().ofHiddenProcesses(), "/proc shows those of all users");
    }

    private static Check containerNames() {
        try {
            return Check.of("container_names", true, ContainerNames.count() + " in " + ContainerNames.DIRECTORY, "");
        } catch (NoSuchFileException e) {
            return Check.neutral("container_names", "no " + ContainerNames.DIRECTORY + ": not a Kubernetes node");
        } catch (IOException e) {
            return Check.of(
                    "container_names", false, ContainerNames.reason(e), ContainerNames.hint(ContainerNames.DIRECTORY));
        }
    }

    private static Check aio() {
        return check("aio", Aio.unavailable(), "io_setup is available");
    }

    private static Check check(String name, Optional<HostCause> cause, String otherwise) {
        return Check.of(
                name,
                cause.isEmpty(),
                cause.map(HostCause::reason).orElse(otherwise),
                cause.map(HostCause::hint).orElse(""));
    }

    private static Check capability(Capability capability) {
        boolean has = Host.has(capability);
        boolean isImplied = Host.has(Capability.CAP_SYS_ADMIN)
                && (capability == Capability.CAP_BPF || capability == Capability.CAP_PERFMON);
        String purpose = PURPOSES.getOrDefault(capability, "");
        boolean essential = capability == Capability.CAP_BPF || capability == Capability.CAP_PERFMON;
        String name = capability.name().toLowerCase(Locale.ROOT);
        if (!has && !essential) {
            return Check.neutral(name, "missing; required " + purpose);
        }
        return Check.of(
                name,
                has || isImplied,
                has ? "granted" : isImplied ? "implied by cap_sys_admin" : "missing; required " + purpose,
                "run aioscope as root, or grant the capability");
    }

    private static Check memlock() {
        String limit = Host.limit("Max locked memory").orElse("unknown");
        if (!Host.limitsBpfMemory()) {
            return Check.neutral("memlock", limit + "; this kernel does not count BPF memory against it");
        }
        boolean enough = limit.equals("unlimited") || Host.has(Capability.CAP_SYS_RESOURCE);
        return Check.of("memlock", enough, limit, "run ulimit -l unlimited, or set LimitMEMLOCK=infinity in the unit");
    }

    private static Check openFiles() {
        String limit = Host.limit("Max open files").orElse("unknown");
        boolean enough = UnsignedNumber.parse(limit)
                .map(files -> files.compareTo(MIN_OPEN_FILES) >= 0)
                .orElse(true);
        return Check.of("nofile", enough, limit, "run ulimit -n 1024, or set LimitNOFILE=1024 in the unit");
    }

    private static Check quota(LimitFile limitFile) {
        Quota quota = Quota.read();
        if (quota.headroom() == null) {
            return check("quota", ProcMount.ofUnreadableQuota(), "unknown");
        }
        Double used = quota.utilization();
        return Check.of(
                "quota",
                used != null && used < 0.9,
                "fs.aio-nr " + quota.aioNr() + " of fs.aio-max-nr " + quota.aioMaxNr() + ", " + quota.headroomText(),
                limitFile.hint(sufficient(quota)) + "; or find its holders with aioscope contexts");
    }

    /** A power of two of which at most half is in use, at least 2^20. */
    private static BigInteger sufficient(Quota quota) {
        BigInteger used = quota.aioNr() == null ? BigInteger.ZERO : quota.aioNr();
        return BigInteger.ONE.shiftLeft(Math.max(20, used.bitLength() + 1));
    }

    private static Check export() {
        try (TraceExport export = TraceExport.open(HostInfo.local())) {
            return export.endpoint()
                    .map(Doctor::reach)
                    .orElseGet(() -> Check.neutral("otlp", "traces are off: " + export.whyOff()));
        } catch (TelemetryException e) {
            return Check.of("otlp", false, String.valueOf(e.getMessage()), e.hint());
        }
    }

    private static Check reach(String endpoint) {
        String hint = "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT";
        // On another thread: name resolution has no timeout.
        CompletableFuture<String> connect = Worker.supply("connection-test", () -> connect(URI.create(endpoint)));
        try {
            String failure = connect.get(CONNECT_MILLIS, TimeUnit.MILLISECONDS);
            return Check.of(
                    "otlp", failure.isEmpty(), endpoint + (failure.isEmpty() ? " answers" : ": " + failure), hint);
        } catch (TimeoutException e) {
            return Check.of("otlp", false, endpoint + " does not answer within a second", hint);
        } catch (ExecutionException e) {
            return Check.of("otlp", false, endpoint + ": " + e.getCause(), hint);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Check.of("otlp", false, endpoint + ": interrupted", hint);
        }
    }

    /** Returns an empty string, or why the connection failed. */
    private static String connect(URI endpoint) {
        int port = endpoint.getPort() >= 0 ? endpoint.getPort() : "https".equals(endpoint.getScheme()) ? 443 : 80;
        InetSocketAddress address = new InetSocketAddress(endpoint.getHost(), port);
        if (address.isUnresolved()) {
            return "cannot resolve host " + endpoint.getHost();
        }
        try (Socket socket = new Socket()) {
            socket.connect(address, CONNECT_MILLIS);
            return "";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
