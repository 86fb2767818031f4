package dev.aioscope.kernel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's description of its types (BTF): offsets of fields, sizes of structs, numbers of functions.
 *
 * <pre>
 *   header   magic eb9f, version, flags, header length, offset and length of the types, offset and length of the strings
 *   types    numbered from 1: name, info (kind, number of members), size or type; then data by kind,
 *            for a struct 12 bytes for each member: name, type, offset in bits
 *   strings  each ends with a 0
 * </pre>
 *
 * <p>It does not trust the data: an offset outside of it, or a cycle, is a {@link BtfException}. A lookup scans all types,
 * some 100,000; an instance keeps the bytes and the offset of each type. Immutable.
 */
public final class Btf {
    private static final Path VMLINUX = Path.of("/sys/kernel/btf/vmlinux");
    private static final long MAX_BYTES = 256 << 20;

    private static final int MAGIC = 0xeb9f;
    private static final int HEADER = 24;
    private static final int TYPE = 12;
    private static final int MEMBER = 12;

    private static final int KIND_INT = 1;
    private static final int KIND_ARRAY = 3;
    private static final int KIND_STRUCT = 4;
    private static final int KIND_UNION = 5;
    private static final int KIND_ENUM = 6;
    private static final int KIND_TYPEDEF = 8;
    private static final int KIND_VOLATILE = 9;
    private static final int KIND_CONST = 10;
    private static final int KIND_RESTRICT = 11;
    private static final int KIND_FUNC = 12;
    private static final int KIND_FUNC_PROTO = 13;
    private static final int KIND_VAR = 14;
    private static final int KIND_DATASEC = 15;
    private static final int KIND_DECL_TAG = 17;
    private static final int KIND_TYPE_TAG = 18;
    private static final int KIND_ENUM64 = 19;

    /** Nested anonymous structs, and chained modifiers; the kernel has a handful. */
    private static final int MAX_DEPTH = 32;

    private static final int MAX_VISITS = 1 << 17;
    private static final byte[] NO_NAME = {};

    private final ByteBuffer bytes;
    private final int strings;
    private final int stringsEnd;
    /** The offset of each type by its number; type 0 is void and has none. */
    private final int[] offsets;

    /**
     * A field of a struct.
     *
     * @param offset from the beginning of the struct, bytes
     * @param type number of its type
     */
    public record Field(int offset, int type) {
        private Field shifted(int by) {
            long shifted = (long) offset + by;
            if (shifted > MAX_BYTES) {
                throw new BtfException("invalid BTF: field at offset " + shifted);
            }
            return new Field((int) shifted, type);
        }
    }

    private Btf(ByteBuffer bytes, int types, int typesEnd, int strings, int stringsEnd) {
        this.bytes = bytes;
        this.strings = strings;
        this.stringsEnd = stringsEnd;
        this.offsets = offsets(types, typesEnd);
    }

    /**
     * The types of the running kernel.
     *
     * @throws BtfException if the kernel has none, or they are invalid
     */
    public static Btf ofKernel() {
        try {
            if (Files.size(VMLINUX) > MAX_BYTES) {
                throw new BtfException("cannot read " + VMLINUX + ": larger than " + MAX_BYTES + " bytes");
            }
            return of(ByteBuffer.wrap(Files.readAllBytes(VMLINUX)));
        } catch (IOException e) {
            throw new BtfException("cannot read " + VMLINUX + ": " + e);
        }
    }

    /**
     * The types in these bytes, in the byte order of this machine.
     *
     * @throws BtfException if they are invalid
     */
    static Btf of(ByteBuffer source) {
        ByteBuffer bytes = source.slice().order(ByteOrder.nativeOrder());
        if (bytes.limit() < HEADER) {
            throw new BtfException("invalid BTF: " + bytes.limit() + " bytes are less than a header");
        }
        if ((bytes.getShort(0) & 0xffff) != MAGIC) {
            throw new BtfException("invalid BTF: no magic number in this host's byte order");
        }
        if (bytes.get(2) != 1) {
            throw new BtfException("unsupported BTF: version " + bytes.get(2));
        }
        long header = bytes.getInt(4) & 0xffffffffL;
        int types = within(bytes, "types", header + (bytes.getInt(8) & 0xffffffffL));
        int typesEnd = within(bytes, "types", types + (bytes.getInt(12) & 0xffffffffL));
        int strings = within(bytes, "strings", header + (bytes.getInt(16) & 0xffffffffL));
        int stringsEnd = within(bytes, "strings", strings + (bytes.getInt(20) & 0xffffffffL));
        if (header < HEADER || stringsEnd == strings || bytes.get(stringsEnd - 1) != 0) {
            throw new BtfException("invalid BTF: no strings, or the last one does not end");
        }
        return new Btf(bytes, types, typesEnd, strings, stringsEnd);
    }

    private static int within(ByteBuffer bytes, String what, long offset) {
        if (offset > bytes.limit()) {
            throw new BtfException("invalid BTF: " + what + " reach to " + offset + " of " + bytes.limit() + " bytes");
        }
        return (int) offset;
    }

    private int[] offsets(int from, int end) {
        int[] found = new int[1024];
        int count = 1;
        for (int at = from; at < end; count++) {
            if (end - at < TYPE) {
                throw new BtfException("invalid BTF: type " + count + " is truncated");
            }
            int size = TYPE + bodySize(at);
            if (end - at < size) {
                throw new BtfException("invalid BTF: type " + count + " is truncated");
            }
            if (count == found.length) {
                found = Arrays.copyOf(found, 2 * count);
            }
            found[count] = at;
            at += size;
        }
        return Arrays.copyOf(found, count);
    }

    private int bodySize(int offset) {
        int kind = kind(offset);
        return switch (kind) {
            case KIND_INT, KIND_VAR, KIND_DECL_TAG -> 4;
            case KIND_ARRAY -> 12;
            case KIND_STRUCT, KIND_UNION, KIND_DATASEC, KIND_ENUM64 -> 12 * length(offset);
            case KIND_ENUM, KIND_FUNC_PROTO -> 8 * length(offset);
            default -> {
                if (kind == 0 || kind > KIND_ENUM64) {
                    throw new BtfException("unsupported BTF: type of kind " + kind);
                }
                yield 0;
            }
        };
    }

    private int kind(int offset) {
        return bytes.getInt(offset + 4) >>> 24 & 0x1f;
    }

    /** The number of members. */
    private int length(int offset) {
        return bytes.getInt(offset + 4) & 0xffff;
    }

    /** Whether members can be bit fields: then the upper 8 bits of an offset are the width. */
    private boolean hasBitFields(int offset) {
        return bytes.getInt(offset + 4) < 0;
    }

    private int offset(int type) {
        if (type <= 0 || type >= offsets.length) {
            throw new BtfException("invalid BTF: reference to type " + type + " of " + (offsets.length - 1));
        }
        return offsets[type];
    }

    /** Whether the string at this offset equals the name. */
    private boolean isNamed(int offset, byte[] name) {
        long begin = strings + (offset & 0xffffffffL);
        if (begin >= stringsEnd) {
            throw new BtfException("invalid BTF: name outside of its strings");
        }
        if (begin + name.length >= stringsEnd || bytes.get((int) begin + name.length) != 0) {
            return false;
        }
        for (int i = 0; i < name.length; i++) {
            if (bytes.get((int) begin + i) != name[i]) {
                return false;
            }
        }
        return true;
    }

    /** The number of types, void included. */
    public int count() {
        return offsets.length;
    }

    /** The number of the struct with this name. */
    public OptionalInt struct(String name) {
        return find(KIND_STRUCT, name);
    }

    /** The number of the function with this name, which fentry needs. */
    public OptionalInt function(String name) {
        return find(KIND_FUNC, name);
    }

    private OptionalInt find(int kind, String text) {
        byte[] name = text.getBytes(StandardCharsets.UTF_8);
        for (int type = 1; type < offsets.length; type++) {
            if (kind(offsets[type]) == kind && isNamed(bytes.getInt(offsets[type]), name)) {
                return OptionalInt.of(type);
            }
        }
        return OptionalInt.empty();
    }

    /** The size of a struct or union, bytes. */
    public int size(int type) {
        int offset = offset(bare(type));
        if (!isRecord(offset)) {
            throw new BtfException("invalid BTF: type " + type + " is not a struct");
        }
        return bytes.getInt(offset + 8);
    }

    /**
     * Finds a field of a struct.
     *
     * @param type number of the struct
     * @param path the name of the field, or names of nested fields separated by dots
     * @return empty if there is no such field, or it is a bit field
     */
    public Optional<Field> field(int type, String path) {
        Field field = new Field(0, type);
        int[] visits = {0};
        for (String name : path.split("\\.", -1)) {
            Field inner = member(field.type(), name.getBytes(StandardCharsets.UTF_8), 0, visits);
            if (inner == null) {
                return Optional.empty();
            }
            field = inner.shifted(field.offset());
        }
        return Optional.of(field);
    }

    private @Nullable Field member(int type, byte[] name, int depth, int[] visits) {
        int bare = bare(type);
        if (bare == 0 || !isRecord(offset(bare))) {
            return null;
        }
        int record = offset(bare);
        for (int i = 0; i < length(record); i++) {
            int member = record + TYPE + MEMBER * i;
            int bits = bytes.getInt(member + 8);
            // A struct that contains itself would never end.
            if (depth > MAX_DEPTH || ++visits[0] > MAX_VISITS) {
                throw new BtfException("invalid BTF: type " + type + " contains itself");
            }
            if (hasBitFields(record) && bits >>> 24 != 0) {
                continue;
            }
            Field field = new Field(bits >>> 3, bytes.getInt(member + 4));
            if (isNamed(bytes.getInt(member), name)) {
                return bits % 8 == 0 ? field : null;
            }
            if (isNamed(bytes.getInt(member), NO_NAME)) {
                Field inner = member(field.type(), name, depth + 1, visits);
                if (inner != null) {
                    return inner.shifted(field.offset());
                }
            }
        }
        return null;
    }

    /** The number of this value of an enum, such as that of the BPF helper functions; empty if it has none. */
    public OptionalInt enumerator(String enumeration, String value) {
        int type = find(KIND_ENUM, enumeration).orElse(0);
        byte[] name = value.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; type != 0 && i < length(offset(type)); i++) {
            int at = offset(type) + TYPE + 8 * i;
            if (isNamed(bytes.getInt(at), name)) {
                return OptionalInt.of(bytes.getInt(at + 4));
            }
        }
        return OptionalInt.empty();
    }

    private boolean isRecord(int offset) {
        return kind(offset) == KIND_STRUCT || kind(offset) == KIND_UNION;
    }

    /** The type without typedefs and modifiers such as const; 0 for void. */
    private int bare(int type) {
        int bare = type;
        for (int depth = 0; bare != 0; depth++) {
            if (depth > MAX_DEPTH) {
                throw new BtfException("invalid BTF: type " + type + " refers to itself");
            }
            switch (kind(offset(bare))) {
                case KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_TYPE_TAG ->
                    bare = bytes.getInt(offset(bare) + 8);
                default -> {
                    return bare;
                }
            }
        }
        return 0;
    }
}
