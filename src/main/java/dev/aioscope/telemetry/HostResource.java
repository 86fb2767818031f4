package dev.aioscope.telemetry;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.aioscope.kernel.Host;
import dev.aioscope.probe.HostInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.resources.ResourceBuilder;
import io.opentelemetry.semconv.K8sAttributes;
import io.opentelemetry.semconv.ServiceAttributes;
import io.opentelemetry.semconv.incubating.HostIncubatingAttributes;
import io.opentelemetry.semconv.incubating.OsIncubatingAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import oshi.nativefree.SystemInfo;
import oshi.software.os.OperatingSystem;

/** The resource attributes of a host, as the semantic conventions of OpenTelemetry define them. */
final class HostResource {
    /** The namespace in which the semantic conventions derive {@code service.instance.id} from another ID. */
    private static final String INSTANCE_NAMESPACE = "4d63009a8d0f11eeaad74c796ed8e320";

    private static final int ID_DIGITS = 8;

    private HostResource() {}

    /**
     * The attributes that are known for this origin of events. Those of the distribution are absent for another host, and in
     * a container, where they are those of its image.
     *
     * <p>Jaeger 2 needs the host name: without it, it takes spans that outlive their parents for those of another clock.
     *
     * @param isExported whether anyone receives them: reading the distribution takes 0.1 s and 1 MB
     * @param nodeName the Kubernetes node that the agent runs on; null if unknown
     */
    static Resource of(HostInfo origin, boolean isExported, @Nullable String nodeName) {
        boolean isLocal = origin.equals(HostInfo.local());
        String node = isLocal ? nodeName : null;
        String name = node == null ? origin.name() : node;
        ResourceBuilder resource = Resource.builder()
                .put(OsIncubatingAttributes.OS_TYPE, OsIncubatingAttributes.OsTypeIncubatingValues.LINUX)
                .put(OsIncubatingAttributes.OS_BUILD_ID, origin.release())
                .put(OsIncubatingAttributes.OS_DESCRIPTION, "Linux " + origin.release())
                .put(HostIncubatingAttributes.HOST_ARCH, arch(origin.machine()))
                .put(HostIncubatingAttributes.HOST_NAME, name);
        if (node != null) {
            resource.put(K8sAttributes.K8S_NODE_NAME, node);
        }
        Optional<String> id = Optional.empty();
        if (isExported && isLocal) {
            if (Host.hasRootOfHost()) {
                if (Host.isDistributionNamed()) {
                    putDistribution(resource, origin.release());
                }
                id = machineId();
                id.ifPresent(found -> resource.put(HostIncubatingAttributes.HOST_ID, found));
            } else {
                id = Host.read("/sys/class/dmi/id/product_uuid");
            }
        }
        // The name of a container or pod changes at each restart.
        boolean isStable = node != null || !isLocal || Host.hasNameOfHost() || id.isEmpty();
        return resource.put(ServiceAttributes.SERVICE_INSTANCE_ID, instance(isStable ? name : "host", id))
                .build();
    }

    private static Optional<String> machineId() {
        return Host.read("/etc/machine-id")
                .or(() -> Host.read("/var/lib/dbus/machine-id"))
                .filter(id -> id.matches("[0-9a-f]{32}"));
    }

    /**
     * Stable for the host and unique: host names can repeat, and so can the IDs of cloned hosts. Of the UUID that the
     * conventions derive from the ID, it contains only the beginning, because it becomes the label {@code instance}.
     */
    static String instance(String name, Optional<String> id) {
        return id.map(found -> name + "-" + uuid5(found).substring(0, ID_DIGITS))
                .orElse(name);
    }

    private static String uuid5(String name) {
        try {
            // A UUID of version 5 is defined by SHA-1.
            MessageDigest digest = MessageDigest.getInstance("SHA-1");
            digest.update(HexFormat.of().parseHex(INSTANCE_NAMESPACE));
            digest.update(name.getBytes(US_ASCII));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void putDistribution(ResourceBuilder resource, String release) {
        OperatingSystem system = new SystemInfo().getOperatingSystem();
        String version = system.getVersionInfo().getVersion();
        boolean isKnown = version != null && !version.equals("unknown");
        resource.put(OsIncubatingAttributes.OS_NAME, system.getFamily())
                .put(
                        OsIncubatingAttributes.OS_DESCRIPTION,
                        system.getFamily() + " " + (isKnown ? system.getVersionInfo() : "build " + release));
        if (isKnown) {
            resource.put(OsIncubatingAttributes.OS_VERSION, version);
        }
    }

    /** The names of the semantic conventions for those that {@code uname -m} prints. */
    static String arch(String machine) {
        return switch (machine) {
            case "x86_64" -> HostIncubatingAttributes.HostArchIncubatingValues.AMD64;
            case "aarch64" -> HostIncubatingAttributes.HostArchIncubatingValues.ARM64;
            default -> machine;
        };
    }
}
