package dev.aioscope.top;

import dev.aioscope.host.GroupBy;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the view shows: pictures and keys change it, nothing else does. It knows no clock, no terminal and no size.
 * Immutable.
 *
 * @param latest the newest picture; null before the first
 * @param picture the one that is shown: the newest, or the one at which it was paused
 * @param by what the main list adds up by
 * @param sort its order
 * @param filter what its rows must match; empty for all
 * @param page what fills the screen
 * @param isTyping whether keys go into the filter
 * @param isPaused whether the picture stands still
 * @param isOver whether the user wants to leave
 * @param selected the key of the selected row; null for the one at {@code at}
 * @param at its place in the list when it was last there
 * @param scroll how many lines of a page other than the list are above the screen
 */
public record TopModel(
        @Nullable Frame latest,
        @Nullable Frame picture,
        GroupBy by,
        Sort sort,
        String filter,
        Page page,
        boolean isTyping,
        boolean isPaused,
        boolean isOver,
        @Nullable String selected,
        int at,
        int scroll) {

    /** What fills the screen. */
    public enum Page {
        LIST,
        /** The selected row alone. */
        DETAIL,
        HELP
    }

    private static final int PAGE_OF_ROWS = 10;
    private static final int LONGEST_FILTER = 64;

    /** Before the first picture. */
    public static final TopModel START =
            new TopModel(null, null, GroupBy.PROCESS, Sort.CHARGE, "", Page.LIST, false, false, false, null, 0, 0);

    /** The rows of the main list. */
    List<HolderRow> rows() {
        return picture == null
                ? List.of()
                : HolderRow.of(picture, by).stream()
                        .filter(row -> row.matches(filter))
                        .sorted(sort.order())
                        .toList();
    }

    /** The place of the selected row among these; -1 if there are none. */
    int place(List<HolderRow> rows) {
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).key().equals(selected)) {
                return i;
            }
        }
        return Math.min(at, rows.size() - 1);
    }

    /** The row that the detail page is about; empty once it is gone. */
    Optional<HolderRow> open() {
        return picture == null
                ? Optional.empty()
                : HolderRow.of(picture, by).stream()
                        .filter(row -> row.key().equals(selected))
                        .findFirst();
    }

    /** A new picture has come. */
    public TopModel show(Frame newest) {
        TopModel next = new Change(this).latest(newest).done();
        return next.page == Page.LIST ? next.select(next.place(next.rows())) : next;
    }

    /**
     * A key was pressed.
     *
     * @param text what a {@link Key#TYPED} one stands for
     */
    public TopModel press(Key key, String text) {
        return isTyping ? type(key, text) : page == Page.LIST ? list(key, text) : aside(key, text);
    }

    private TopModel type(Key key, String text) {
        return switch (key) {
            case TYPED -> filter.length() < LONGEST_FILTER ? filter(filter + text) : this;
            case ERASE ->
                filter(filter.substring(0, filter.offsetByCodePoints(filter.length(), filter.isEmpty() ? 0 : -1)));
            case ENTER -> new Change(this).typing(false).done();
            case ESCAPE -> new Change(filter("")).typing(false).done();
            default -> this;
        };
    }

    private TopModel filter(String text) {
        TopModel next = new Change(this).filter(text).done();
        return next.select(next.place(next.rows()));
    }

    private TopModel list(Key key, String text) {
        return switch (key) {
            case UP -> move(-1);
            case DOWN -> move(1);
            case PAGE_UP -> move(-PAGE_OF_ROWS);
            case PAGE_DOWN -> move(PAGE_OF_ROWS);
            case FIRST -> move(-rows().size());
            case LAST -> move(rows().size());
            case ENTER -> rows().isEmpty() ? this : turn(Page.DETAIL);
            case ESCAPE -> filter("");
            case ERASE -> this;
            case TYPED -> command(text);
        };
    }

    private TopModel command(String text) {
        return switch (text) {
            case "k" -> move(-1);
            case "j" -> move(1);
            case "f", "/" -> new Change(this).typing(true).done();
            case "s" -> new Change(this).sort(sort.next()).done();
            case "g" -> group();
            default -> common(text);
        };
    }

    private TopModel common(String text) {
        return switch (text) {
            case "p" -> new Change(this).paused(!isPaused).done();
            case "?" -> turn(page == Page.HELP ? Page.LIST : Page.HELP);
            case "q" -> new Change(this).over().done();
            default -> this;
        };
    }

    private TopModel aside(Key key, String text) {
        return switch (key) {
            case UP -> scroll(-1);
            case DOWN -> scroll(1);
            case PAGE_UP -> scroll(-PAGE_OF_ROWS);
            case PAGE_DOWN -> scroll(PAGE_OF_ROWS);
            case FIRST -> scroll(-scroll);
            case ESCAPE -> turn(Page.LIST);
            case TYPED -> text.equals("k") ? scroll(-1) : text.equals("j") ? scroll(1) : common(text);
            default -> this;
        };
    }

    private TopModel group() {
        List<GroupBy> all = List.of(GroupBy.values());
        TopModel next =
                new Change(this).by(all.get((all.indexOf(by) + 1) % all.size())).done();
        return next.select(next.rows().isEmpty() ? -1 : 0);
    }

    private TopModel move(int by) {
        List<HolderRow> rows = rows();
        return select(Math.max(0, Math.min(rows.size() - 1, place(rows) + by)));
    }

    /** Follows the row at this place, wherever it goes. */
    private TopModel select(int place) {
        List<HolderRow> rows = rows();
        return place < 0 || rows.isEmpty()
                ? new Change(this).selected(null, 0).done()
                : new Change(this).selected(rows.get(place).key(), place).done();
    }

    private TopModel turn(Page to) {
        return new Change(this).page(to).done();
    }

    /** The last line that there is to scroll to, only the drawing knows. */
    private TopModel scroll(int by) {
        return new Change(this).scroll(Math.max(0, scroll + by)).done();
    }

    /** The same when no more than so many lines can be scrolled by. */
    TopModel withScrollAtMost(int most) {
        return scroll <= most ? this : new Change(this).scroll(most).done();
    }

    /** A copy in the making. */
    private static final class Change {
        private @Nullable Frame latest;
        private @Nullable Frame picture;
        private GroupBy by;
        private Sort sort;
        private String filter;
        private Page page;
        private boolean isTyping;
        private boolean isPaused;
        private boolean isOver;
        private @Nullable String selected;
        private int at;
        private int scroll;

        Change(TopModel from) {
            latest = from.latest;
            picture = from.picture;
            by = from.by;
            sort = from.sort;
            filter = from.filter;
            page = from.page;
            isTyping = from.isTyping;
            isPaused = from.isPaused;
            isOver = from.isOver;
            selected = from.selected;
            at = from.at;
            scroll = from.scroll;
        }

        Change latest(Frame newest) {
            latest = newest;
            picture = isPaused && picture != null ? picture : newest;
            return this;
        }

        Change by(GroupBy value) {
            by = value;
            return this;
        }

        Change sort(Sort value) {
            sort = value;
            return this;
        }

        Change filter(String value) {
            filter = value;
            return this;
        }

        Change page(Page value) {
            page = value;
            scroll = 0;
            return this;
        }

        Change typing(boolean value) {
            isTyping = value;
            return this;
        }

        Change paused(boolean value) {
            isPaused = value;
            picture = value ? picture : latest;
            return this;
        }

        Change over() {
            isOver = true;
            return this;
        }

        Change selected(@Nullable String key, int place) {
            selected = key;
            at = place;
            return this;
        }

        Change scroll(int value) {
            scroll = value;
            return this;
        }

        TopModel done() {
            return new TopModel(
                    latest, picture, by, sort, filter, page, isTyping, isPaused, isOver, selected, at, scroll);
        }
    }
}
