package dev.aioscope.event;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who a process is, as the kernel knows it in the process itself. Texts are any bytes; invalid UTF-8 becomes U+FFFD. A path
 * of which the probe could not read the outermost names begins with {@code …/}.
 */
public final class ProcessEvent extends Event {
    private static final String CUT = "…";
    private static final String DELETED = " (deleted)";

    ProcessEvent() {
        super(EventType.PROCESS);
    }

    /** The number of the process in its own pid namespace; null if unknown. */
    public @Nullable Integer namespacePid() {
        return number(EventLayout.PROCESS_NAMESPACE_PID);
    }

    /** The number of the thread in its own pid namespace; null if unknown. */
    public @Nullable Integer namespaceTid() {
        return number(EventLayout.PROCESS_NAMESPACE_TID);
    }

    private @Nullable Integer number(int at) {
        int number = s32(at);
        return number == EventLayout.ABSENT_S32 ? null : (Integer) number;
    }

    /** The effective user, as the host numbers users; null if unknown. */
    public @Nullable Long userId() {
        return id(EventLayout.PROCESS_USER);
    }

    /** The effective group, as the host numbers groups; null if unknown. */
    public @Nullable Long groupId() {
        return id(EventLayout.PROCESS_GROUP);
    }

    /** The name of the main thread, of which {@link #comm} is the one that the record is about. */
    public String processComm() {
        return text(EventLayout.PROCESS_COMM, EventLayout.COMM_LENGTH);
    }

    private @Nullable Long id(int at) {
        int id = s32(at);
        return id == -1 ? null : (Long) Integer.toUnsignedLong(id);
    }

    /** Whether its pid namespace is that of the host; null if unknown. */
    public @Nullable Boolean isInHostPidNamespace() {
        return found(EventLayout.PROCESS_IS_HOST_PID_NAMESPACE);
    }

    /** Whether its mount namespace is that of the first process of the host; null if unknown. */
    public @Nullable Boolean isInHostMountNamespace() {
        return found(EventLayout.PROCESS_IS_HOST_MOUNT_NAMESPACE);
    }

    /** Whether its UTS namespace, which has the node name, is that of the host; null if unknown. */
    public @Nullable Boolean isInHostUtsNamespace() {
        return found(EventLayout.PROCESS_IS_HOST_UTS_NAMESPACE);
    }

    /** Whether its user namespace is that of the host; null if unknown. */
    public @Nullable Boolean isInHostUserNamespace() {
        return found(EventLayout.PROCESS_IS_HOST_USER_NAMESPACE);
    }

    /**
     * The path of the executable from the root of the process; ends with {@code  (deleted)} if it has no name any more. Null
     * if unknown.
     *
     * @throws CorruptEventException if the texts are longer than the record
     */
    public @Nullable String executable() {
        String path = path(EventLayout.PROCESS_EXECUTABLE_BYTES, isExecutableCut());
        return path == null || s8(EventLayout.PROCESS_IS_EXECUTABLE_DELETED) == 0 ? path : path + DELETED;
    }

    /** Whether the outermost names of the executable are missing. */
    public boolean isExecutableCut() {
        return s8(EventLayout.PROCESS_IS_EXECUTABLE_CUT) != 0;
    }

    /**
     * The path of the cgroup v2, from the root of the host. Null if unknown.
     *
     * @throws CorruptEventException if the texts are longer than the record
     */
    public @Nullable String cgroupPath() {
        return path(EventLayout.PROCESS_CGROUP_BYTES, s8(EventLayout.PROCESS_IS_CGROUP_CUT) != 0);
    }

    /**
     * The path of the cgroup in a v1 hierarchy that follows containers, from the root of the host. Null if there is none.
     *
     * @throws CorruptEventException if the texts are longer than the record
     */
    public @Nullable String cgroupV1Path() {
        return path(EventLayout.PROCESS_CGROUP_V1_BYTES, s8(EventLayout.PROCESS_IS_CGROUP_V1_CUT) != 0);
    }

    /**
     * The node name of its UTS namespace. Null if unknown.
     *
     * @throws CorruptEventException if the texts are longer than the record
     */
    public @Nullable String nodeName() {
        List<String> name = texts(EventLayout.PROCESS_NODE_NAME_BYTES);
        return name == null ? null : String.join("", name);
    }

    /**
     * The arguments, the program's name first, without empty ones at the end. Null if unknown or hidden.
     *
     * @throws CorruptEventException if the texts are longer than the record
     */
    public @Nullable List<String> arguments() {
        List<String> arguments = texts(EventLayout.PROCESS_ARGUMENTS_BYTES);
        // Programs that change their title leave empty arguments at the end.
        while (arguments != null
                && !arguments.isEmpty()
                && arguments.get(arguments.size() - 1).isEmpty()) {
            arguments.remove(arguments.size() - 1);
        }
        return arguments;
    }

    /** Whether the last argument is cut, or others are missing after it. */
    public boolean areArgumentsCut() {
        return s8(EventLayout.PROCESS_ARE_ARGUMENTS_CUT) != 0;
    }

    private @Nullable String path(int at, boolean isCut) {
        List<String> names = texts(at);
        if (names == null) {
            return null;
        }
        Collections.reverse(names);
        // The root of a hierarchy of cgroups has an empty name.
        if (!names.isEmpty() && names.get(0).isEmpty()) {
            names.remove(0);
        }
        return (isCut ? CUT : "") + "/" + String.join("/", names);
    }

    /** The zero-terminated texts whose length is in this field; null if absent. */
    private @Nullable List<String> texts(int at) {
        int length = u16(at);
        if (length == EventLayout.ABSENT_U16) {
            return null;
        }
        int begin = EventLayout.PROCESS_SIZE;
        for (int other = EventLayout.PROCESS_EXECUTABLE_BYTES; other < at; other += Short.BYTES) {
            begin += u16(other) == EventLayout.ABSENT_U16 ? 0 : u16(other);
        }
        if (begin + length > size()) {
            throw new CorruptEventException("a text of " + length + " bytes at " + begin + " of " + size());
        }
        return split(bytes(begin, length));
    }

    private static List<String> split(byte[] bytes) {
        List<String> texts = new ArrayList<>();
        int begin = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                texts.add(new String(bytes, begin, i - begin, StandardCharsets.UTF_8));
                begin = i + 1;
            }
        }
        if (begin < bytes.length) {
            texts.add(new String(bytes, begin, bytes.length - begin, StandardCharsets.UTF_8));
        }
        return texts;
    }
}
