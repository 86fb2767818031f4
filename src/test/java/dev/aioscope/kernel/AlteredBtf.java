package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The types of the running kernel, with other names of some fields and values: as another kernel version could have them. */
public final class AlteredBtf {
    private static final int STRUCT = 4;
    private static final int UNION = 5;
    private static final int ENUM = 6;
    private static final int HEADER = 24;

    private final ByteBuffer bytes;
    private final int strings;
    /** The offsets of the structs by their names. */
    private final Map<String, Integer> structs = new HashMap<>();

    private final Map<String, Integer> enums = new HashMap<>();

    private final int[] offsets;
    private final ByteBuffer added = ByteBuffer.allocate(4096);

    /** Reads the kernel's types. */
    public AlteredBtf() throws IOException {
        bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of("/sys/kernel/btf/vmlinux")))
                .order(ByteOrder.nativeOrder());
        strings = HEADER + bytes.getInt(16);
        offsets = new int[bytes.getInt(12) / 12];
        int at = HEADER;
        for (int type = 1; at < HEADER + bytes.getInt(12); type++) {
            offsets[type] = at;
            if (kind(at) == STRUCT) {
                structs.putIfAbsent(text(bytes.getInt(at)), at);
            }
            if (kind(at) == ENUM) {
                enums.putIfAbsent(text(bytes.getInt(at)), at);
            }
            at += size(at);
        }
    }

    private int kind(int at) {
        return bytes.getInt(at + 4) >>> 24 & 0x1f;
    }

    private int size(int at) {
        int length = bytes.getInt(at + 4) & 0xffff;
        return 12
                + switch (kind(at)) {
                    case 1, 14, 17 -> 4;
                    case 3 -> 12;
                    case STRUCT, UNION, 15, 19 -> 12 * length;
                    case ENUM, 13 -> 8 * length;
                    default -> 0;
                };
    }

    private String text(int offset) {
        int end = strings + offset;
        while (bytes.get(end) != 0) {
            end++;
        }
        return new String(bytes.array(), strings + offset, end - strings - offset, StandardCharsets.UTF_8);
    }

    /** Gives a field another name; false if this kernel has no such field. */
    public boolean rename(String struct, String field, String to) {
        Integer at = structs.get(struct);
        int member = at == null ? 0 : member(at, field);
        if (member == 0) {
            return false;
        }
        rename(member, to);
        return true;
    }

    /** Gives a value of an enum another name; false if this kernel has no such value. */
    public boolean renameEnumerator(String enumeration, String name, String to) {
        Integer at = enums.get(enumeration);
        for (int i = 0; at != null && i < (bytes.getInt(at + 4) & 0xffff); i++) {
            int value = at + 12 + 8 * i;
            if (text(bytes.getInt(value)).equals(name)) {
                rename(value, to);
                return true;
            }
        }
        return false;
    }

    private void rename(int at, String to) {
        bytes.putInt(at, bytes.getInt(20) + added.position());
        added.put(to.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
    }

    /** Also in anonymous structs and unions within it. */
    private int member(int at, String field) {
        for (int i = 0; i < (bytes.getInt(at + 4) & 0xffff); i++) {
            int member = at + 12 + 12 * i;
            String name = text(bytes.getInt(member));
            if (name.equals(field)) {
                return member;
            }
            int inner = offsets[bytes.getInt(member + 4)];
            int found = name.isEmpty() && (kind(inner) == STRUCT || kind(inner) == UNION) ? member(inner, field) : 0;
            if (found != 0) {
                return found;
            }
        }
        return 0;
    }

    /** Writes the types as a kernel shows them. */
    public Path writeTo(Path file) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.nativeOrder());
        header.put(bytes.array(), 0, HEADER).putInt(20, bytes.getInt(20) + added.position());
        byte[] all = new byte[bytes.capacity() + added.position()];
        System.arraycopy(bytes.array(), 0, all, 0, bytes.capacity());
        System.arraycopy(header.array(), 0, all, 0, HEADER);
        System.arraycopy(added.array(), 0, all, bytes.capacity(), added.position());
        return Files.write(file, all);
    }
}
