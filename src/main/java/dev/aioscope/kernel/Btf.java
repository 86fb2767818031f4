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
 * The kernel's own description of its types (BTF): where a struct has a field, how large it is, which number a function
 * has.
 *
 * <pre>
 *   header   magic eb9f, version, flags, header length, then where types and strings begin and how long they are
 *   types    one after the other, numbered from 1: name, info (kind, number of members), size or type; then by kind
 *            what belongs to it, for a struct 12 bytes for each member: name, type, offset in bits
 *   strings  each ends with a 0
 * </pre>
 *
 * <p>Nothing in it is trusted: whatever leads outside of it, or round in a circle, is a {@link BtfException}. A lookup
 * goes through all types, some 100,000; nothing but the place of each is kept beside the bytes.
 */
public final class Btf {
    private static final Path VMLINUX = Path.of("/sys/kernel/btf/vmlinux");
    private static final long LARGEST = 256 << 20;

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

    /** Structs inside of structs without a name, and modifiers of modifiers; the kernel has a handful. */
    private static final int DEEPEST = 32;

    private static final int MOST_LOOKS = 1 << 17;
    private static final byte[] NO_NAME = {};

    private final ByteBuffer bytes;
    private final int strings;
    private final int stringsEnd;
    /** Where type i begins; 0 is void, which stands nowhere. */
    private final int[] places;

    /**
     * A field of a struct.
     *
     * @param offset from the begin of the struct, bytes
     * @param type number of its type
     */
    public record Field(int offset, int type) {
        private Field shifted(int by) {
            long shifted = (long) offset + by;
            if (shifted > LARGEST) {
                throw new BtfException("BTF has a field " + shifted + " bytes from the begin of its struct");
            }
            return new Field((int) shifted, type);
        }
    }

    private Btf(ByteBuffer bytes, int types, int typesEnd, int strings, int stringsEnd) {
        this.bytes = bytes;
        this.strings = strings;
        this.stringsEnd = stringsEnd;
        this.places = places(types, typesEnd);
    }

    /**
     * The types of the running kernel.
     *
     * @throws BtfException if there are none, or they are not what they should be
     */
    public static Btf ofKernel() {
        try {
            if (Files.size(VMLINUX) > LARGEST) {
                throw new BtfException(VMLINUX + " is larger than " + LARGEST + " bytes");
            }
            return of(ByteBuffer.wrap(Files.readAllBytes(VMLINUX)));
        } catch (IOException e) {
            throw new BtfException(VMLINUX + " cannot be read: " + e);
        }
    }

    /**
     * The types in these bytes, in the byte order of this machine.
     *
     * @throws BtfException if they are not what they should be
     */
    static Btf of(ByteBuffer source) {
        ByteBuffer bytes = source.slice().order(ByteOrder.nativeOrder());
        if (bytes.limit() < HEADER) {
            throw new BtfException("BTF of " + bytes.limit() + " bytes has no header");
        }
        if ((bytes.getShort(0) & 0xffff) != MAGIC) {
            throw new BtfException("BTF does not begin with its mark in this machine's byte order");
        }
        if (bytes.get(2) != 1) {
            throw new BtfException("BTF of version " + bytes.get(2) + " is not known");
        }
        long header = bytes.getInt(4) & 0xffffffffL;
        int types = within(bytes, "types", header + (bytes.getInt(8) & 0xffffffffL));
        int typesEnd = within(bytes, "types", types + (bytes.getInt(12) & 0xffffffffL));
        int strings = within(bytes, "strings", header + (bytes.getInt(16) & 0xffffffffL));
        int stringsEnd = within(bytes, "strings", strings + (bytes.getInt(20) & 0xffffffffL));
        if (header < HEADER || stringsEnd == strings || bytes.get(stringsEnd - 1) != 0) {
            throw new BtfException("BTF has no strings, or the last of them has no end");
        }
        return new Btf(bytes, types, typesEnd, strings, stringsEnd);
    }

    private static int within(ByteBuffer bytes, String what, long place) {
        if (place > bytes.limit()) {
            throw new BtfException("BTF has " + bytes.limit() + " bytes, its " + what + " reach to " + place);
        }
        return (int) place;
    }

    private int[] places(int from, int end) {
        int[] found = new int[1024];
        int count = 1;
        for (int at = from; at < end; count++) {
            if (end - at < TYPE) {
                throw new BtfException("BTF type " + count + " is cut off");
            }
            int size = TYPE + bodySize(at);
            if (end - at < size) {
                throw new BtfException("BTF type " + count + " is cut off");
            }
            if (count == found.length) {
                found = Arrays.copyOf(found, 2 * count);
            }
            found[count] = at;
            at += size;
        }
        return Arrays.copyOf(found, count);
    }

    private int bodySize(int place) {
        int kind = kind(place);
        return switch (kind) {
            case KIND_INT, KIND_VAR, KIND_DECL_TAG -> 4;
            case KIND_ARRAY -> 12;
            case KIND_STRUCT, KIND_UNION, KIND_DATASEC, KIND_ENUM64 -> 12 * length(place);
            case KIND_ENUM, KIND_FUNC_PROTO -> 8 * length(place);
            default -> {
                if (kind == 0 || kind > KIND_ENUM64) {
                    throw new BtfException("BTF has a type of kind " + kind + ", which is not known");
                }
                yield 0;
            }
        };
    }

    private int kind(int place) {
        return bytes.getInt(place + 4) >>> 24 & 0x1f;
    }

    /** How many members. */
    private int length(int place) {
        return bytes.getInt(place + 4) & 0xffff;
    }

    /** Of a struct whose members can be bit fields: then an offset has their width in its upper 8 bits. */
    private boolean hasBitFields(int place) {
        return bytes.getInt(place + 4) < 0;
    }

    private int place(int type) {
        if (type <= 0 || type >= places.length) {
            throw new BtfException("BTF has types up to " + (places.length - 1) + ", and one refers to " + type);
        }
        return places[type];
    }

    /** Whether the string at this offset is this one. */
    private boolean isNamed(int offset, byte[] name) {
        long begin = strings + (offset & 0xffffffffL);
        if (begin >= stringsEnd) {
            throw new BtfException("BTF has a name beyond its strings");
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

    /** How many types there are, void included. */
    public int count() {
        return places.length;
    }

    /** The number of the struct with this name. */
    public OptionalInt struct(String name) {
        return find(KIND_STRUCT, name);
    }

    /** The number of the function with this name, as fentry wants it. */
    public OptionalInt function(String name) {
        return find(KIND_FUNC, name);
    }

    private OptionalInt find(int kind, String text) {
        byte[] name = text.getBytes(StandardCharsets.UTF_8);
        for (int type = 1; type < places.length; type++) {
            if (kind(places[type]) == kind && isNamed(bytes.getInt(places[type]), name)) {
                return OptionalInt.of(type);
            }
        }
        return OptionalInt.empty();
    }

    /** How large a struct or union is, bytes. */
    public int size(int type) {
        int place = place(bare(type));
        if (!isRecord(place)) {
            throw new BtfException("BTF type " + type + " is no struct");
        }
        return bytes.getInt(place + 8);
    }

    /**
     * Where a struct has a field.
     *
     * @param type number of the struct
     * @param path the field's name, or the names of fields inside of fields with dots between them
     * @return empty if there is no such field, or it is a bit field
     */
    public Optional<Field> field(int type, String path) {
        Field field = new Field(0, type);
        int[] looks = {0};
        for (String name : path.split("\\.", -1)) {
            Field inner = member(field.type(), name.getBytes(StandardCharsets.UTF_8), 0, looks);
            if (inner == null) {
                return Optional.empty();
            }
            field = inner.shifted(field.offset());
        }
        return Optional.of(field);
    }

    private @Nullable Field member(int type, byte[] name, int depth, int[] looks) {
        int bare = bare(type);
        if (bare == 0 || !isRecord(place(bare))) {
            return null;
        }
        int record = place(bare);
        for (int i = 0; i < length(record); i++) {
            int member = record + TYPE + MEMBER * i;
            int bits = bytes.getInt(member + 8);
            // A struct within itself would lead to ever more members.
            if (depth > DEEPEST || ++looks[0] > MOST_LOOKS) {
                throw new BtfException("BTF type " + type + " has no end");
            }
            if (hasBitFields(record) && bits >>> 24 != 0) {
                continue;
            }
            Field field = new Field(bits >>> 3, bytes.getInt(member + 4));
            if (isNamed(bytes.getInt(member), name)) {
                return bits % 8 == 0 ? field : null;
            }
            if (isNamed(bytes.getInt(member), NO_NAME)) {
                Field inner = member(field.type(), name, depth + 1, looks);
                if (inner != null) {
                    return inner.shifted(field.offset());
                }
            }
        }
        return null;
    }

    /** Whether an enum, such as that of the helper functions of BPF, has this value. */
    public boolean hasEnumerator(String enumeration, String value) {
        int type = find(KIND_ENUM, enumeration).orElse(0);
        byte[] name = value.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; type != 0 && i < length(place(type)); i++) {
            if (isNamed(bytes.getInt(place(type) + TYPE + 8 * i), name)) {
                return true;
            }
        }
        return false;
    }

    private boolean isRecord(int place) {
        return kind(place) == KIND_STRUCT || kind(place) == KIND_UNION;
    }

    /** The type without typedef, const and the like; 0 for void. */
    private int bare(int type) {
        int bare = type;
        for (int depth = 0; bare != 0; depth++) {
            if (depth > DEEPEST) {
                throw new BtfException("BTF type " + type + " refers to itself");
            }
            switch (kind(place(bare))) {
                case KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_TYPE_TAG ->
                    bare = bytes.getInt(place(bare) + 8);
                default -> {
                    return bare;
                }
            }
        }
        return 0;
    }
}
