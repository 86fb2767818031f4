package dev.aioscope.testing;

import dev.aioscope.kernel.Host;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The compiled probes with features that no kernel has, which the running kernel rejects as an old one does. */
public final class AlteredProbes {
    private static final String OBJECT = "bpf/" + Host.architecture() + "/aioscope.bpf.o";
    private static final int UNKNOWN_MAP = 99;
    private static final int RING_BUFFER = 27;
    private static final int BTF_HEADER = 24;
    private static final int ARRAY = 3;

    private AlteredProbes() {}

    /**
     * Writes probes with another type of map instead of ring buffers.
     *
     * @return a folder of resources, for {@link Aioscope#commandWithResources}
     */
    public static Path withoutRingBuffer(Path folder) throws IOException {
        ByteBuffer object = ByteBuffer.wrap(
                        Files.readAllBytes(Path.of("target/classes").resolve(OBJECT)))
                .order(ByteOrder.nativeOrder());
        int types = section(object, ".BTF");
        int changed = 0;
        int end = types + BTF_HEADER + object.getInt(types + 12);
        for (int at = types + BTF_HEADER; at < end; at += size(object, at)) {
            // The declaration of a map has the type of the map as the length of an array.
            if (kind(object, at) == ARRAY && object.getInt(at + 20) == RING_BUFFER) {
                object.putInt(at + 20, UNKNOWN_MAP);
                changed++;
            }
        }
        if (changed != 1) {
            throw new IllegalStateException("found " + changed + " ring buffers in the probes");
        }
        Files.createDirectories(folder.resolve(OBJECT).getParent());
        Files.write(folder.resolve(OBJECT), object.array());
        return folder;
    }

    private static int kind(ByteBuffer object, int at) {
        return object.getInt(at + 4) >>> 24 & 0x1f;
    }

    private static int size(ByteBuffer object, int at) {
        int length = object.getInt(at + 4) & 0xffff;
        return 12
                + switch (kind(object, at)) {
                    case 1, 14, 17 -> 4;
                    case ARRAY -> 12;
                    case 4, 5, 15, 19 -> 12 * length;
                    case 6, 13 -> 8 * length;
                    default -> 0;
                };
    }

    /** The offset of a section in an ELF file of 64 bits. */
    private static int section(ByteBuffer elf, String name) {
        int headers = (int) elf.getLong(40);
        int names = (int) elf.getLong(headers + elf.getShort(62) * 64 + 24);
        for (int i = 0; i < elf.getShort(60); i++) {
            int header = headers + i * 64;
            byte[] found = new byte[name.length() + 1];
            elf.get(
                    names + elf.getInt(header),
                    found,
                    0,
                    Math.min(found.length, elf.capacity() - names - elf.getInt(header)));
            if (new String(found, StandardCharsets.US_ASCII).equals(name + '\0')) {
                return (int) elf.getLong(header + 24);
            }
        }
        throw new IllegalStateException("no section " + name);
    }
}
