package dev.aioscope.probe.bcc;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The compiled programs.
 *
 * <pre>
 *   magic number and version: 8 bytes
 *   libbcc
 *   programs: count | for each: name, number of instructions, 8 bytes each
 *   maps:     count | for each: name
 *   functions: count | for each: name, number
 *   CRC of all before
 * </pre>
 *
 * @param libbcc the library that compiled them, as {@link LibBcc#identity}
 * @param programs instructions by program name, with a {@link MapConstant} for each map
 * @param maps names of the maps by number
 * @param functions BTF numbers of the functions to which programs attach
 */
record Bytecode(String libbcc, Map<String, long[]> programs, List<String> maps, Map<String, Integer> functions) {
    private static final long MAGIC = 0x61696f62_63630002L;
    private static final int MAX_ENTRIES = 1000;
    private static final int MAX_INSTRUCTIONS = 1_000_000;

    /** Encodes it. */
    byte[] bytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeLong(MAGIC);
            out.writeUTF(libbcc);
            out.writeInt(programs.size());
            for (Map.Entry<String, long[]> program : programs.entrySet()) {
                out.writeUTF(program.getKey());
                out.writeInt(program.getValue().length);
                for (long instruction : program.getValue()) {
                    out.writeLong(instruction);
                }
            }
            out.writeInt(maps.size());
            for (String map : maps) {
                out.writeUTF(map);
            }
            out.writeInt(functions.size());
            for (Map.Entry<String, Integer> function : functions.entrySet()) {
                out.writeUTF(function.getKey());
                out.writeInt(function.getValue());
            }
            out.writeLong(crc(bytes.toByteArray(), bytes.size()));
        } catch (IOException e) {
            throw new IllegalStateException("cannot write to memory", e);
        }
        return bytes.toByteArray();
    }

    /**
     * Decodes it.
     *
     * @throws IOException if it is damaged or of another version
     */
    static Bytecode of(byte[] bytes) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            if (in.readLong() != MAGIC) {
                throw new IOException("not bytecode of this version");
            }
            String libbcc = in.readUTF();
            Map<String, long[]> programs = new LinkedHashMap<>();
            for (int left = atMost(in.readInt(), MAX_ENTRIES); left > 0; left--) {
                String name = in.readUTF();
                long[] instructions = new long[atMost(in.readInt(), Math.min(MAX_INSTRUCTIONS, in.available() / 8))];
                for (int k = 0; k < instructions.length; k++) {
                    instructions[k] = in.readLong();
                }
                programs.put(name, instructions);
            }
            List<String> maps = new ArrayList<>();
            for (int left = atMost(in.readInt(), MAX_ENTRIES); left > 0; left--) {
                maps.add(in.readUTF());
            }
            Map<String, Integer> functions = new LinkedHashMap<>();
            for (int left = atMost(in.readInt(), MAX_ENTRIES); left > 0; left--) {
                functions.put(in.readUTF(), in.readInt());
            }
            int end = bytes.length - in.available();
            if (in.readLong() != crc(bytes, end) || in.available() > 0) {
                throw new IOException("damaged bytecode");
            }
            return new Bytecode(libbcc, programs, maps, functions);
        } catch (EOFException e) {
            throw new IOException("truncated bytecode", e);
        }
    }

    private static int atMost(int count, int most) throws IOException {
        if (count < 0 || count > most) {
            throw new IOException("damaged bytecode");
        }
        return count;
    }

    private static long crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return crc.getValue();
    }
}
