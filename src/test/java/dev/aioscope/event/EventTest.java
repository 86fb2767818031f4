package dev.aioscope.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EventTest {
    private final ByteBuffer record =
            EventBuilder.setup().kioctx(1).task(2, 3, "a").build();

    private final int length = record.remaining();

    @Test
    void readsRecordAtAnyOffset() {
        ByteBuffer moved = ByteBuffer.allocate(length + 4).order(record.order()).put(4, record, 0, length);
        Event event = Event.of(moved, 4, length);
        assertThat(event.type()).isEqualTo(EventType.SETUP);
        assertThat(event.kioctx()).isEqualTo(1);
        assertThat(event.pid()).isEqualTo(2);
        assertThat(event.tid()).isEqualTo(3);
        assertThat(event.comm()).isEqualTo("a");
    }

    @Test
    void readsNumbersOfQuotaAsUnsigned() {
        SetupEvent setup = (SetupEvent)
                Event.of(EventBuilder.setup().aioNr(Long.MIN_VALUE).aioMaxNr(-1).build(), 0, EventLayout.SETUP_SIZE);

        assertThat(setup.aioNr()).isEqualTo("9223372036854775808");
        assertThat(setup.aioMaxNr()).isEqualTo("18446744073709551615");
    }

    @Test
    void omitsQuotaThatProbesDidNotRead() {
        SetupEvent setup = (SetupEvent) Event.of(EventBuilder.setup().build(), 0, EventLayout.SETUP_SIZE);

        assertThat(setup.aioNr()).isNull();
        assertThat(setup.aioMaxNr()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, EventLayout.HEADER_SIZE - 1, EventLayout.HEADER_SIZE, 0xffff})
    void rejectsRecordWithWrongSize(int size) {
        record.putShort(EventLayout.SIZE, (short) size);
        assertThatThrownBy(() -> Event.of(record, 0, length))
                .isInstanceOf(CorruptEventException.class)
                .hasMessageContaining("SETUP of " + size + " bytes");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, EventLayout.HEADER_SIZE - 1})
    void rejectsRecordTruncatedInHeader(int most) {
        assertThatThrownBy(() -> Event.of(record, 0, most))
                .isInstanceOf(CorruptEventException.class)
                .hasMessageContaining(most + " bytes is shorter than its header");
    }

    @Test
    void rejectsRecordTruncatedAfterHeader() {
        assertThatThrownBy(() -> Event.of(record, 0, length - 1)).isInstanceOf(CorruptEventException.class);
    }

    @Test
    void rejectsRecordOfUnknownType() {
        record.putShort(EventLayout.TYPE, (short) 999);
        assertThatThrownBy(() -> Event.of(record, 0, length))
                .isInstanceOf(CorruptEventException.class)
                .hasMessageContaining("type 999");
    }
}
