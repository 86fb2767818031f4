package dev.aioscope.telemetry;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.HostInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.resources.ResourceBuilder;
import oshi.nativefree.SystemInfo;
import oshi.software.os.OperatingSystem;

/** The resource attributes of a host, as the semantic conventions of OpenTelemetry define them. */
final class HostResource {
    private HostResource() {}

    /**
     * The attributes that are known for this origin of events. Those of the distribution are absent for another host, and in
     * a container, where they are those of its image.
     *
     * @param isExported whether anyone receives them: reading the distribution takes 0.1 s and 1 MB
     */
    static Resource of(HostInfo origin, boolean isExported) {
        ResourceBuilder resource = Resource.builder()
                .put("os.type", "linux")
                .put("os.build_id", origin.release())
                .put("os.description", "Linux " + origin.release())
                .put("host.arch", arch(origin.machine()))
                .put("host.name", origin.name())
                .put("service.instance.id", origin.name());
        if (isExported && Host.hasRootOfHost() && origin.equals(HostInfo.local())) {
            putDistribution(resource, origin.release());
            Host.read("/etc/machine-id")
                    .or(() -> Host.read("/var/lib/dbus/machine-id"))
                    .filter(id -> id.matches("[0-9a-f]{32}"))
                    .ifPresent(id -> resource.put("host.id", id));
        }
        return resource.build();
    }

    private static void putDistribution(ResourceBuilder resource, String release) {
        OperatingSystem system = new SystemInfo().getOperatingSystem();
        String version = system.getVersionInfo().getVersion();
        boolean isKnown = version != null && !version.equals("unknown");
        resource.put("os.name", system.getFamily())
                .put(
                        "os.description",
                        system.getFamily() + " " + (isKnown ? system.getVersionInfo() : "build " + release));
        if (isKnown) {
            resource.put("os.version", version);
        }
    }

    /** The names of the semantic conventions for those that {@code uname -m} prints. */
    static String arch(String machine) {
        return switch (machine) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            default -> machine;
        };
    }
}
