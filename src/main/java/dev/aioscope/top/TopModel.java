package dev.aioscope.top;

import dev.aioscope.host.GroupBy;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The state of the view. Only frames and keys change it. Immutable.
 *
 * @param latest the latest frame; null before the first
 * @param shown the frame on the screen: the latest, or the one at which the view was paused
 * @param usage of the quota at the latest scans, oldest first; scans without it are absent
 * @param groupBy how the list is grouped
 * @param sort order of the list
 * @param filter text that the rows must match; empty for all
 * @param page the page on the screen
 * @param isTyping whether keys edit the filter
 * @param isPaused whether new frames are not shown
 * @param isOver whether the user has quit
 * @param selectedKey key of the selected row; null for the row at {@code selectedIndex}
 * @param selectedIndex latest index of the selected row
 * @param scroll lines scrolled on a page other than the list
 */
public record TopModel(
        @Nullable Frame latest,
        @Nullable Frame shown,
        List<Double> usage,
        GroupBy groupBy,
        Sort sort,
        String filter,
        TopPage page,
        boolean isTyping,
        boolean isPaused,
        boolean isOver,
        @Nullable String selectedKey,
        int selectedIndex,
        int scroll) {

    /** The pages of the view. */
    public enum TopPage {
        LIST,
        /** The selected row alone. */
        DETAIL,
        HELP
    }

    private static final int PAGE_LINES = 10;
    private static final int MAX_FILTER_LENGTH = 64;
    private static final int MAX_USAGE = 60;

    /** The state before the first frame. */
    public static final TopModel START = new TopModel(
            null, null, List.of(), GroupBy.PROCESS, Sort.CHARGE, "", TopPage.LIST, false, false, false, null, 0, 0);

    /** The rows of the list. */
    List<HolderRow> rows() {
        return shown == null
                ? List.of()
                : HolderRow.of(shown, groupBy).stream()
                        .filter(row -> row.matches(filter))
                        .sorted(sort.order())
                        .toList();
    }

    /** The index of the selected row; -1 if there are no rows. */
    int selectedIndex(List<HolderRow> rows) {
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).key().equals(selectedKey)) {
                return i;
            }
        }
        return Math.min(selectedIndex, rows.size() - 1);
    }

    /** The row on the detail page; empty if it is no longer in the frame. */
    Optional<HolderRow> detailRow() {
        return shown == null
                ? Optional.empty()
                : HolderRow.of(shown, groupBy).stream()
                        .filter(row -> row.key().equals(selectedKey))
                        .findFirst();
    }

    /** Shows a new frame, unless paused. */
    public TopModel show(Frame newest) {
        TopModel next = new Change(this).latest(newest).done();
        return next.page == TopPage.LIST ? next.select(next.selectedIndex(next.rows())) : next;
    }

    /**
     * Handles a key.
     *
     * @param text the character of {@link KeyCode#TYPED}
     */
    public TopModel press(KeyCode key, String text) {
        return isTyping ? editFilter(key, text) : page == TopPage.LIST ? onList(key, text) : onPage(key, text);
    }

    private TopModel editFilter(KeyCode key, String text) {
        return switch (key) {
            case TYPED -> filter.length() < MAX_FILTER_LENGTH ? withFilter(filter + text) : this;
            case ERASE ->
                withFilter(filter.substring(0, filter.offsetByCodePoints(filter.length(), filter.isEmpty() ? 0 : -1)));
            case ENTER -> new Change(this).typing(false).done();
            case ESCAPE -> new Change(withFilter("")).typing(false).done();
            default -> this;
        };
    }

    private TopModel withFilter(String text) {
        TopModel next = new Change(this).filter(text).done();
        return next.select(next.selectedIndex(next.rows()));
    }

    private TopModel onList(KeyCode key, String text) {
        return switch (key) {
            case UP -> move(-1);
            case DOWN -> move(1);
            case PAGE_UP -> move(-PAGE_LINES);
            case PAGE_DOWN -> move(PAGE_LINES);
            case FIRST -> move(-rows().size());
            case LAST -> move(rows().size());
            case ENTER -> rows().isEmpty() ? this : open(TopPage.DETAIL);
            case ESCAPE -> withFilter("");
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
            case "g" -> nextGroup();
            default -> common(text);
        };
    }

    private TopModel common(String text) {
        return switch (text) {
            case "p" -> new Change(this).paused(!isPaused).done();
            case "?" -> open(page == TopPage.HELP ? TopPage.LIST : TopPage.HELP);
            case "q" -> new Change(this).over().done();
            default -> this;
        };
    }

    private TopModel onPage(KeyCode key, String text) {
        return switch (key) {
            case UP -> scroll(-1);
            case DOWN -> scroll(1);
            case PAGE_UP -> scroll(-PAGE_LINES);
            case PAGE_DOWN -> scroll(PAGE_LINES);
            case FIRST -> scroll(-scroll);
            case ESCAPE -> open(TopPage.LIST);
            case TYPED -> text.equals("k") ? scroll(-1) : text.equals("j") ? scroll(1) : common(text);
            default -> this;
        };
    }

    private TopModel nextGroup() {
        List<GroupBy> all = List.of(GroupBy.values());
        TopModel next = new Change(this)
                .groupBy(all.get((all.indexOf(groupBy) + 1) % all.size()))
                .done();
        return next.select(next.rows().isEmpty() ? -1 : 0);
    }

    private TopModel move(int rowCount) {
        List<HolderRow> rows = rows();
        return select(Math.max(0, Math.min(rows.size() - 1, selectedIndex(rows) + rowCount)));
    }

    /** Selects the row at an index and follows it when the order changes. */
    private TopModel select(int index) {
        List<HolderRow> rows = rows();
        return index < 0 || rows.isEmpty()
                ? new Change(this).selected(null, 0).done()
                : new Change(this).selected(rows.get(index).key(), index).done();
    }

    private TopModel open(TopPage next) {
        return new Change(this).page(next).done();
    }

    /** The renderer limits the scrolling, with {@link #withScrollAtMost}. */
    private TopModel scroll(int lines) {
        return new Change(this).scroll(Math.max(0, scroll + lines)).done();
    }

    /** A copy with the scroll position limited to this many lines. */
    TopModel withScrollAtMost(int max) {
        return scroll <= max ? this : new Change(this).scroll(max).done();
    }

    /** Builds a changed copy. */
    private static final class Change {
        private @Nullable Frame latest;
        private @Nullable Frame shown;
        private List<Double> usage;
        private GroupBy groupBy;
        private Sort sort;
        private String filter;
        private TopPage page;
        private boolean isTyping;
        private boolean isPaused;
        private boolean isOver;
        private @Nullable String selectedKey;
        private int selectedIndex;
        private int scroll;

        Change(TopModel from) {
            latest = from.latest;
            shown = from.shown;
            usage = from.usage;
            groupBy = from.groupBy;
            sort = from.sort;
            filter = from.filter;
            page = from.page;
            isTyping = from.isTyping;
            isPaused = from.isPaused;
            isOver = from.isOver;
            selectedKey = from.selectedKey;
            selectedIndex = from.selectedIndex;
            scroll = from.scroll;
        }

        Change latest(Frame newest) {
            latest = newest;
            boolean isShown = !isPaused || shown == null;
            shown = isShown ? newest : shown;
            BigInteger used = newest.scan().inventory().quota().aioNr();
            if (used != null && isShown) {
                List<Double> all = new ArrayList<>(usage);
                all.add(used.doubleValue());
                usage = List.copyOf(all.subList(Math.max(0, all.size() - MAX_USAGE), all.size()));
            }
            return this;
        }

        Change groupBy(GroupBy value) {
            groupBy = value;
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

        Change page(TopPage value) {
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
            shown = value ? shown : latest;
            return this;
        }

        Change over() {
            isOver = true;
            return this;
        }

        Change selected(@Nullable String key, int index) {
            selectedKey = key;
            selectedIndex = index;
            return this;
        }

        Change scroll(int value) {
            scroll = value;
            return this;
        }

        TopModel done() {
            return new TopModel(
                    latest,
                    shown,
                    usage,
                    groupBy,
                    sort,
                    filter,
                    page,
                    isTyping,
                    isPaused,
                    isOver,
                    selectedKey,
                    selectedIndex,
                    scroll);
        }
    }
}
