package dev.aioscope.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.aioscope.kernel.Btf.Field;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BtfTest {
    private static final int INT = 1 << 24;
    private static final int ARRAY = 3 << 24;
    private static final int STRUCT = 4 << 24;
    private static final int UNION = 5 << 24;
    private static final int ENUM = 6 << 24;
    private static final int TYPEDEF = 8 << 24;
    private static final int CONST = 10 << 24;
    private static final int FUNC = 12 << 24;
    private static final int BIT_FIELDS = 1 << 31;

    /** Writes types as the compiler does. */
    private static final class Writer {
        private final List<Integer> types = new ArrayList<>();
        private final ByteArrayOutputStream strings = new ByteArrayOutputStream();

        Writer() {
            strings.write(0);
        }

        int name(String text) {
            if (text.isEmpty()) {
                return 0;
            }
            int offset = strings.size();
            strings.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            strings.write(0);
            return offset;
        }

        Writer words(int... words) {
            for (int word : words) {
                types.add(word);
            }
            return this;
        }

        byte[] bytes() {
            ByteBuffer bytes =
                    ByteBuffer.allocate(24 + 4 * types.size() + strings.size()).order(ByteOrder.nativeOrder());
            bytes.putShort((short) 0xeb9f).put((byte) 1).put((byte) 0).putInt(24);
            bytes.putInt(0).putInt(4 * types.size()).putInt(4 * types.size()).putInt(strings.size());
            types.forEach(bytes::putInt);
            return bytes.put(strings.toByteArray()).array();
        }
    }

    /**
     * {@code struct ctx { int id; const inner_t in; union { int a; struct { int pad; int deep; }; }; int flag:3; }},
     * where {@code inner_t} is {@code struct inner { int first; int second; }}.
     */
    static byte[] example() {
        Writer w = new Writer();
        w.words(w.name("int"), INT, 4, 32); // 1
        w.words(w.name("inner"), STRUCT | 2, 8, w.name("first"), 1, 0, w.name("second"), 1, 32); // 2
        w.words(w.name("inner_t"), TYPEDEF, 2); // 3
        w.words(0, CONST, 3); // 4
        w.words(0, STRUCT | 2, 8, w.name("pad"), 1, 0, w.name("deep"), 1, 32); // 5
        w.words(0, UNION | 2, 8, w.name("a"), 1, 0, 0, 5, 0); // 6
        w.words(w.name("ctx"), BIT_FIELDS | STRUCT | 4, 24, w.name("id"), 1, 0, w.name("in"), 4, 32);
        w.words(0, 6, 96, w.name("flag"), 1, 3 << 24 | 160); // 7
        w.words(w.name("helpers"), ENUM | 1, 4, w.name("BPF_FUNC_one"), 1); // 8
        w.words(w.name("kill_it"), FUNC, 1); // 9
        w.words(w.name(""), ARRAY, 0, 1, 1, 4); // 10
        return w.bytes();
    }

    private static Btf btf(byte[] bytes) {
        return Btf.of(ByteBuffer.wrap(bytes));
    }

    @Test
    void findsFieldsAtAnyDepth() {
        Btf btf = btf(example());
        int ctx = btf.struct("ctx").orElseThrow();

        assertThat(btf.count()).isEqualTo(11);
        assertThat(btf.size(ctx)).isEqualTo(24);
        assertThat(btf.field(ctx, "id")).contains(new Field(0, 1));
        assertThat(btf.field(ctx, "in.second")).contains(new Field(8, 1));
        assertThat(btf.field(ctx, "a")).contains(new Field(12, 1));
        assertThat(btf.field(ctx, "deep")).contains(new Field(16, 1));
        assertThat(btf.size(btf.field(ctx, "in").orElseThrow().type())).isEqualTo(8);
        assertThat(btf.function("kill_it")).hasValue(9);
        assertThat(btf.enumerator("helpers", "BPF_FUNC_one")).isPresent();
    }

    @Test
    void findsNoMissingTypeOrField() {
        Btf btf = btf(example());
        int ctx = btf.struct("ctx").orElseThrow();

        assertThat(btf.field(ctx, "ide")).isEmpty();
        assertThat(btf.field(ctx, "i")).isEmpty();
        assertThat(btf.field(ctx, "in.third")).isEmpty();
        assertThat(btf.field(ctx, "id.x")).isEmpty();
        assertThat(btf.field(ctx, "flag")).as("a bit field has no address").isEmpty();
        assertThat(btf.struct("ct")).isEmpty();
        assertThat(btf.struct("int")).isEmpty();
        assertThat(btf.function("ctx")).isEmpty();
        assertThat(btf.enumerator("helpers", "BPF_FUNC_two")).isEmpty();
        assertThat(btf.enumerator("none", "BPF_FUNC_one")).isEmpty();
    }

    @Test
    void rejectsTypeThatContainsItself() {
        Writer w = new Writer();
        w.words(w.name("round"), TYPEDEF, 1); // 1
        w.words(w.name("s"), STRUCT | 3, 8, 0, 2, 0, 0, 2, 0, 0, 1, 0); // 2
        Btf btf = btf(w.bytes());

        assertThatThrownBy(() -> btf.field(2, "x"))
                .isInstanceOf(BtfException.class)
                .hasMessage("invalid BTF: type 2 contains itself");
        assertThatThrownBy(() -> btf.field(1, "x"))
                .isInstanceOf(BtfException.class)
                .hasMessage("invalid BTF: type 1 refers to itself");
        assertThatThrownBy(() -> btf.size(7)).isInstanceOf(BtfException.class);
    }

    @Test
    void rejectsEachTruncation() {
        byte[] whole = example();
        for (int length = 0; length < whole.length; length++) {
            ByteBuffer cut = ByteBuffer.wrap(whole, 0, length);
            assertThatThrownBy(() -> Btf.of(cut)).as("%d bytes", length).isInstanceOf(BtfException.class);
        }
    }

    /** Each byte at random, several at once: an answer or a BtfException, nothing else, and soon. */
    @Test
    void throwsOnlyBtfExceptionForDamagedData() {
        byte[] whole = example();
        int refused = 0;
        for (int seed = 0; seed < 200_000; seed++) {
            Random random = new Random(seed);
            byte[] bytes = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                askEverything(btf(bytes));
            } catch (BtfException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(10_000, 190_000);
    }

    static void askEverything(Btf btf) {
        for (String name : List.of("ctx", "inner", "none")) {
            if (btf.struct(name).isPresent()) {
                int type = btf.struct(name).getAsInt();
                btf.size(type);
                for (String path : List.of("id", "in.second", "deep", "flag", "nothing.at.all")) {
                    btf.field(type, path);
                }
            }
        }
        btf.function("kill_it");
        btf.enumerator("helpers", "BPF_FUNC_one");
    }

    @Test
    void rejectsOtherByteOrder() {
        byte[] bytes = example();
        byte first = bytes[0];
        bytes[0] = bytes[1];
        bytes[1] = first;

        assertThatThrownBy(() -> btf(bytes)).hasMessageContaining("byte order");
    }
}
