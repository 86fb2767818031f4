package dev.aioscope.output;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TableTest {
    private static Table table() {
        Table table = new Table(1, "CHARGE", "USER", "COMMAND");
        table.row(7, "mysql", "/usr/sbin/mariadbd --datadir=/var/lib/mysql");
        table.row(65536, null, "fio");
        return table;
    }

    @Test
    void alignsColumnsToWidestCell() {
        assertThat(table().lines(Screen.FILE))
                .containsExactly(
                        "CHARGE  USER   COMMAND",
                        "     7  mysql  /usr/sbin/mariadbd --datadir=/var/lib/mysql",
                        " 65536  –      fio");
    }

    @Test
    void replacesControlCharacters() {
        Table table = new Table(0, "COMMAND");
        table.row("a\u001b[2Jb\nc");
        assertThat(table.lines(Screen.FILE)).containsExactly("COMMAND", "a?[2Jb?c");
    }

    @Test
    void cutsLinesAtScreenWidth() {
        assertThat(table().lines(new Screen(false, 30, 24)).get(1))
                .hasSize(30)
                .isEqualTo("     7  mysql  /usr/sbin/mari…");
    }
}
