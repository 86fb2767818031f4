package dev.aioscope.top;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.host.GroupBy;
import dev.aioscope.top.TopModel.TopPage;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopModelTest {
    private static final String DOCKER = "/docker/" + "ab".repeat(32);

    /** Sorted by charge: 3 oracle 300, 1 mysqld 110, 2 qemu 50. */
    private static Frames host() {
        return new Frames()
                .holds(1, "mysqld", 100, 1)
                .holds(1, "mysqld", 10, 1)
                .holds(2, "qemu", 50, 9)
                .holds(3, "oracle", 300, null)
                .is(1, "mysql", DOCKER, "/usr/sbin/mysqld", "--port=3306")
                .is(2, "root", DOCKER, "qemu-system-x86_64")
                .is(3, "oracle", "/system.slice/oracle.service", "ora_dbw0");
    }

    private static TopModel press(TopModel model, String keys) {
        for (String key : keys.split(" ", -1)) {
            model = Stream.of(KeyCode.values()).anyMatch(it -> it.name().equals(key))
                    ? model.press(KeyCode.valueOf(key), "\u001b")
                    : model.press(KeyCode.TYPED, key);
        }
        return model;
    }

    private static List<String> names(TopModel model) {
        return model.rows().stream().map(HolderRow::name).toList();
    }

    private static String selected(TopModel model) {
        List<HolderRow> rows = model.rows();
        return rows.get(model.selectedIndex(rows)).name();
    }

    @ParameterizedTest
    @CsvSource({
        "0, oracle mysqld qemu", "1, mysqld oracle qemu", "2, qemu mysqld oracle", "3, mysqld oracle qemu",
        "4, qemu mysqld oracle", "5, mysqld qemu oracle", "6, mysqld qemu oracle", "7, oracle mysqld qemu",
        "8, oracle mysqld qemu"
    })
    void sSelectsNextSortColumn(int times, String order) {
        Frames host = host().destroys(2, "qemu", 1_000_000)
                .destroys(2, "qemu", 1_000_000)
                .destroys(1, "mysqld", 30_000_000)
                .waits(3, "oracle", Frames.BEGAN - Frames.SECOND);
        host.now += Frames.SECOND;
        TopModel model = host.model();
        for (int i = 0; i < times; i++) {
            model = press(model, "s");
        }

        assertThat(String.join(" ", names(model))).isEqualTo(order);
    }

    @Test
    void gSelectsNextGrouping() {
        TopModel model = host().model();

        model = press(model, "g");
        assertThat(model.groupBy()).isEqualTo(GroupBy.CONTAINER);
        assertThat(names(model)).containsExactly("systemd:oracle.service", "docker:abababababab");
        assertThat(model.rows().get(1).charge()).isEqualTo(160);
        assertThat(model.rows().get(1).outstanding()).isEqualTo(11);
        model = press(model, "g");
        assertThat(names(model)).containsExactly("/system.slice/oracle.service", DOCKER);
        model = press(model, "g");
        assertThat(names(model)).containsExactly("oracle", "mysql", "root");
        assertThat(press(model, "g").groupBy()).isEqualTo(GroupBy.PROCESS);
    }

    @ParameterizedTest
    @CsvSource({
        "j, mysqld",
        "DOWN, mysqld",
        "j j, qemu",
        "j j j j, qemu",
        "j j k, mysqld",
        "DOWN UP, oracle",
        "UP, oracle",
        "PAGE_DOWN, qemu",
        "PAGE_DOWN PAGE_UP, oracle",
        "LAST, qemu",
        "LAST FIRST, oracle",
        "x, oracle",
        "ERASE, oracle"
    })
    void movesSelection(String keys, String expected) {
        assertThat(selected(press(host().model(), keys))).isEqualTo(expected);
    }

    @Test
    void selectionFollowsRow() {
        Frames host = host();
        TopModel model = press(host.model(), "j");
        host.holds(1, "mysqld", 500, 0);
        model = model.show(host.take());

        assertThat(names(model)).startsWith("mysqld");
        assertThat(selected(model)).isEqualTo("mysqld");
        host.contexts.removeIf(context -> context.owner().pid() == 1);
        assertThat(selected(model.show(host.take()))).isEqualTo("oracle");
    }

    @Test
    void toleratesKeysOnEmptyList() {
        TopModel model = press(new Frames().model(), "j k DOWN UP LAST FIRST ENTER s g f x ENTER ESCAPE p ?");

        assertThat(model.page()).isEqualTo(TopPage.HELP);
        assertThat(model.rows()).isEmpty();
        assertThat(press(TopModel.START, "j ENTER p").rows()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "f m y s q, mysqld", "/ M Y, mysqld", "f 3 3 0 6, mysqld", "f 2, qemu", "f d o c k e r, mysqld qemu",
        "f . s e r v i c e, oracle", "f r o o t, qemu", "f q e x ERASE, qemu", "f ö, ''",
                "f ö ERASE ERASE, oracle mysqld qemu"
    })
    void filtersWhileTyping(String keys, String expected) {
        TopModel model = press(host().model(), keys);

        assertThat(model.isTyping()).isTrue();
        assertThat(String.join(" ", names(model))).isEqualTo(expected);
        assertThat(press(model, "ENTER").isTyping()).isFalse();
        assertThat(names(press(model, "ENTER"))).isEqualTo(names(model));
        assertThat(names(press(model, "ESCAPE"))).hasSize(3);
        assertThat(press(model, "ESCAPE").isTyping()).isFalse();
        assertThat(names(press(model, "ENTER ESCAPE"))).hasSize(3);
    }

    @Test
    void typesCommandLettersIntoFilter() {
        TopModel model = press(host().model(), "f q p s g ? j");

        assertThat(model.filter()).isEqualTo("qpsg?j");
        assertThat(model.isOver()).isFalse();
        assertThat(model.isPaused()).isFalse();
    }

    @Test
    void limitsFilterLength() {
        TopModel model = press(host().model(), "f" + " x".repeat(1000));

        assertThat(model.filter()).hasSize(64);
    }

    @Test
    void keepsFrameWhilePausedAndHandlesKeys() {
        Frames host = host();
        TopModel model = press(host.model(), "p");
        host.holds(4, "new", 500, 0);
        model = press(model.show(host.take()), "j");

        assertThat(names(model)).containsExactly("oracle", "mysqld", "qemu");
        assertThat(selected(model)).isEqualTo("mysqld");
        assertThat(names(press(model, "p"))).startsWith("new");
    }

    @Test
    void enterOpensSelectedRowAndEscapeGoesBack() {
        Frames host = host();
        TopModel model = press(host.model(), "j ENTER");

        assertThat(model.page()).isEqualTo(TopPage.DETAIL);
        assertThat(model.detailRow()).get().extracting(HolderRow::name).isEqualTo("mysqld");
        model = press(model, "j DOWN PAGE_DOWN k UP");
        assertThat(model.scroll()).isEqualTo(10);
        assertThat(press(model, "FIRST").scroll()).isZero();
        host.contexts.clear();
        model = model.show(host.take());
        assertThat(model.detailRow()).isEmpty();
        model = press(model, "ESCAPE");
        assertThat(model.page()).isEqualTo(TopPage.LIST);
    }

    @Test
    void togglesHelp() {
        assertThat(press(host().model(), "?").page()).isEqualTo(TopPage.HELP);
        assertThat(press(host().model(), "? ?").page()).isEqualTo(TopPage.LIST);
        assertThat(press(host().model(), "? ESCAPE").page()).isEqualTo(TopPage.LIST);
        assertThat(press(host().model(), "ENTER ?").page()).isEqualTo(TopPage.HELP);
    }

    @ParameterizedTest
    @CsvSource({"q", "? q", "ENTER q", "p q", "f x ENTER q"})
    void qQuitsFromEveryPage(String keys) {
        assertThat(press(host().model(), keys).isOver()).isTrue();
    }

    @Test
    void listsProcessesWithoutContexts() {
        Frames host = host().waits(7, "stuck", Frames.BEGAN - 5 * Frames.SECOND).destroys(8, "churn", 1000);
        host.now += Frames.SECOND;
        TopModel model = host.model();

        assertThat(names(model)).contains("stuck", "churn");
        HolderRow stuck = model.rows().stream()
                .filter(row -> row.name().equals("stuck"))
                .findFirst()
                .orElseThrow();
        assertThat(stuck.oldest()).isEqualTo(6 * Frames.SECOND);
        assertThat(stuck.charge()).isZero();
        host.now += 10 * Frames.SECOND;
        assertThat(names(model.show(host.take()))).contains("stuck").doesNotContain("churn");
    }
}
