package dev.aioscope.recording;

import dev.aioscope.host.Identity;
import dev.aioscope.host.KubernetesNames;
import dev.aioscope.host.Namespaces;
import dev.aioscope.host.Processes.IdentityKey;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a process.
 *
 * <pre>
 *   | pid: 4 | start: 8 | mm: 8 | flags: 1 | namespace pid: 4, 0 for none
 *   | executable | user | cgroup | host name | comm | group
 *   | runtime | pod UID | namespace | pod | container      with the flag 2
 *   | argument | argument ...                              with the flag 1: the first one only
 *   text     | length: 2, -1 for none | UTF-8 |
 * </pre>
 *
 * It keeps the arguments that fit into {@link #MAX_BYTES} bytes.
 */
record IdentityItem(IdentityKey process, Identity identity) {
    static final int MAX_BYTES = 8192;
    private static final int ABSENT = 0xffff;
    private static final int HIDES_ARGUMENTS = 1;
    private static final int IN_KUBERNETES = 2;

    byte[] bytes() {
        KubernetesNames names = identity.kubernetes();
        boolean isNamed = !names.equals(KubernetesNames.UNKNOWN);
        ByteBuffer item = ByteBuffer.allocate(MAX_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(process.pid())
                .putLong(process.start())
                .putLong(process.mm())
                .put((byte) ((identity.hidesArguments() ? HIDES_ARGUMENTS : 0) | (isNamed ? IN_KUBERNETES : 0)))
                .putInt(Objects.requireNonNullElse(identity.namespaces().pid(), 0));
        List<@Nullable String> texts = new ArrayList<>(Arrays.asList(
                identity.executable(),
                identity.user(),
                identity.cgroupLine(),
                identity.namespaces().hostName(),
                identity.comm(),
                identity.group()));
        if (isNamed) {
            texts.addAll(
                    Arrays.asList(names.runtime(), names.podUid(), names.namespace(), names.pod(), names.container()));
        }
        texts.addAll(identity.arguments());
        for (String text : texts) {
            byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
            if (item.remaining() < Short.BYTES + bytes.length) {
                break;
            }
            item.putShort((short) (text == null ? ABSENT : bytes.length)).put(bytes);
        }
        return Arrays.copyOf(item.array(), item.position());
    }

    /** Parses it; empty if it is invalid. */
    static Optional<IdentityItem> parse(ByteBuffer item) {
        try {
            IdentityKey process = new IdentityKey(item.getInt(), item.getLong(), item.getLong());
            int flags = item.get();
            int namespacePid = item.getInt();
            String executable = text(item);
            String user = text(item);
            String cgroup = text(item);
            String hostName = text(item);
            String comm = text(item);
            String group = text(item);
            KubernetesNames names = (flags & IN_KUBERNETES) == 0
                    ? KubernetesNames.UNKNOWN
                    : new KubernetesNames(text(item), text(item), text(item), text(item), text(item));
            List<String> arguments = new ArrayList<>();
            while (item.hasRemaining()) {
                String argument = text(item);
                if (argument != null) {
                    arguments.add(argument);
                }
            }
            Namespaces namespaces = new Namespaces(namespacePid == 0 ? null : (Integer) namespacePid, hostName);
            Identity identity = new Identity(
                    comm,
                    executable,
                    arguments,
                    (flags & HIDES_ARGUMENTS) != 0,
                    user,
                    group,
                    cgroup,
                    namespaces,
                    names);
            return Optional.of(new IdentityItem(process, identity));
        } catch (BufferUnderflowException e) {
            return Optional.empty();
        }
    }

    private static @Nullable String text(ByteBuffer item) {
        if (!item.hasRemaining()) {
            return null;
        }
        int length = Short.toUnsignedInt(item.getShort());
        if (length == ABSENT) {
            return null;
        }
        if (length > item.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        item.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
