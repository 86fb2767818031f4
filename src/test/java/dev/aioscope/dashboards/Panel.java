package dev.aioscope.dashboards;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A panel of a dashboard. Built by its methods, each of which returns the panel. */
public final class Panel {
    private static final String RED = "red";

    enum Kind {
        ROW("row", 1, false, ""),
        STAT("stat", 4, true, "time_series"),
        TABLE("table", 8, true, "table"),
        LINES("timeseries", 8, false, "time_series"),
        STACKED("timeseries", 8, false, "time_series"),
        HEATMAP("heatmap", 8, false, "heatmap");

        final String type;
        final int height;
        final boolean isInstant;
        final String format;

        Kind(String type, int height, boolean isInstant, String format) {
            this.type = type;
            this.height = height;
            this.isInstant = isInstant;
            this.format = format;
        }
    }

    private final Kind kind;
    private final String title;
    private final String description;
    private final int width;
    private final List<Query> queries = new ArrayList<>();
    private final Map<String, Object> defaults = new LinkedHashMap<>();
    private final Map<String, Object> custom = new LinkedHashMap<>();
    private final List<Object> steps = new ArrayList<>();
    private final List<Object> overrides = new ArrayList<>();
    private String sortBy = "";

    private Panel(Kind kind, String title, String description, int width) {
        this.kind = kind;
        this.title = title;
        this.description = description;
        this.width = width;
        defaults.put("unit", "none");
        steps.add(step("green", null));
    }

    /** The heading of the panels below it. */
    static Panel row(String title) {
        return new Panel(Kind.ROW, title, "", 24);
    }

    /** A number, which a width of 4 columns shows well. */
    static Panel stat(String title, String description) {
        return new Panel(Kind.STAT, title, description, 4);
    }

    /** A table; {@link #column} describes its columns. */
    static Panel table(String title, String description, int width) {
        return new Panel(Kind.TABLE, title, description, width);
    }

    static Panel lines(String title, String description) {
        return new Panel(Kind.LINES, title, description, 12).custom("showPoints", "auto");
    }

    static Panel stacked(String title, String description) {
        return new Panel(Kind.STACKED, title, description, 12)
                .custom("fillOpacity", 30)
                .custom("stacking", Json.object("mode", "normal", "group", "A"));
    }

    static Panel heatmap(String title, String description) {
        return new Panel(Kind.HEATMAP, title, description, 12);
    }

    Panel query(String expression, String legend) {
        queries.add(new Query(expression, legend));
        return this;
    }

    /** The unit, by its ID in Grafana. */
    Panel unit(String unit) {
        defaults.put("unit", unit);
        return this;
    }

    /** Fixes the axis or the color scale: a line then looks the same on each host. */
    Panel range(double min, double max) {
        defaults.put("min", min);
        defaults.put("max", max);
        return this;
    }

    Panel fromZero() {
        defaults.put("min", 0);
        return this;
    }

    /** For counts: an axis up to 1, if all values are 0. */
    Panel count() {
        return fromZero().custom("axisSoftMax", 1).noValue("none");
    }

    /** Yellow from {@code warn}, red from {@code bad}. A graph draws them as lines. */
    Panel thresholds(double warn, double bad) {
        return warn(warn).bad(bad);
    }

    Panel warn(double value) {
        steps.add(step("yellow", value));
        return drawThresholds();
    }

    Panel bad(double value) {
        steps.add(step(RED, value));
        return drawThresholds();
    }

    /** For a value that is bad when it is small: red, then yellow from {@code warn}, green from {@code good}. */
    Panel lowIsBad(double warn, double good) {
        steps.clear();
        steps.add(step(RED, null));
        steps.add(step("yellow", warn));
        steps.add(step("green", good));
        return this;
    }

    private Panel drawThresholds() {
        return kind == Kind.LINES ? custom("thresholdsStyle", Json.object("mode", "dashed")) : this;
    }

    /** The text instead of "No data", where absence means something. */
    Panel noValue(String text) {
        defaults.put("noValue", text);
        return this;
    }

    /** Shows {@code none} for 0. */
    Panel noneForZero() {
        return mapping(Map.of("0", "none"));
    }

    /** Shows texts for values. */
    Panel mapping(Map<String, String> texts) {
        defaults.put("mappings", mappings(texts));
        return this;
    }

    /**
     * A column of a table, in the order of the calls. Columns without a call are hidden.
     *
     * @param field the label, or {@code Value #A} for the value of the first query
     */
    Panel column(String field, String header, Object... namesAndValues) {
        Map<String, Object> properties = Json.object(namesAndValues);
        List<Object> list = new ArrayList<>();
        list.add(Json.object("id", "displayName", "value", header));
        properties.forEach((id, value) -> list.add(Json.object("id", id, "value", value)));
        overrides.add(Json.object("matcher", Json.object("id", "byName", "options", field), "properties", list));
        return this;
    }

    /** A column of numbers without decimals, colored yellow from {@code warn} and red from {@code bad}. */
    Panel coloredColumn(String field, String header, String unit, double warn, double bad) {
        return column(
                field,
                header,
                "unit",
                unit,
                "decimals",
                0,
                "thresholds",
                columnThresholds(warn, bad),
                "custom.cellOptions",
                Json.object("type", "color-text"));
    }

    /** The column whose largest value comes first; by its header. */
    Panel sortedBy(String header) {
        sortBy = header;
        return this;
    }

    private Panel custom(String name, Object value) {
        custom.put(name, value);
        return this;
    }

    public String title() {
        return title;
    }

    String description() {
        return description;
    }

    Kind kind() {
        return kind;
    }

    int width() {
        return width;
    }

    public List<Query> queries() {
        return queries;
    }

    /** Colors for a column: yellow from {@code warn}, red from {@code bad}. */
    static Map<String, Object> columnThresholds(double warn, double bad) {
        return Json.object(
                "mode", "absolute", "steps", List.of(step("green", null), step("yellow", warn), step(RED, bad)));
    }

    private static List<Object> mappings(Map<String, String> texts) {
        Map<String, Object> options = new LinkedHashMap<>();
        texts.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry ->
                        options.put(entry.getKey(), Json.object("text", entry.getValue(), "index", options.size())));
        return List.of(Json.object("type", "value", "options", options));
    }

    private static Map<String, Object> step(String color, Double value) {
        return Json.object("color", color, "value", value);
    }

    Map<String, Object> json(int id, int x, int y) {
        Map<String, Object> place = Json.object("h", kind.height, "w", width, "x", x, "y", y);
        if (kind == Kind.ROW) {
            return Json.object(
                    "id",
                    id,
                    "type",
                    kind.type,
                    "title",
                    title,
                    "collapsed",
                    false,
                    "gridPos",
                    place,
                    "panels",
                    List.of());
        }
        List<Object> targets = new ArrayList<>();
        for (Query query : queries) {
            targets.add(query.json(String.valueOf((char) ('A' + targets.size())), kind));
        }
        Map<String, Object> json = Json.object(
                "id",
                id,
                "title",
                title,
                "description",
                description,
                "type",
                kind.type,
                "datasource",
                Json.prometheus(),
                "gridPos",
                place,
                "fieldConfig",
                fieldConfig(),
                "options",
                options(),
                "targets",
                targets);
        if (kind == Kind.TABLE) {
            json.put("transformations", transformations());
        }
        return json;
    }

    private Map<String, Object> fieldConfig() {
        Map<String, Object> all = new LinkedHashMap<>(defaults);
        all.put("thresholds", Json.object("mode", "absolute", "steps", steps));
        if (!custom.isEmpty()) {
            all.put("custom", custom);
        }
        return Json.object("defaults", all, "overrides", overrides);
    }

    /** Merges the answers by their labels, and keeps the described columns in order. */
    private List<Object> transformations() {
        List<String> fields = overrides.stream()
                .map(override -> (Map<?, ?>) ((Map<?, ?>) override).get("matcher"))
                .map(matcher -> (String) matcher.get("options"))
                .toList();
        Map<String, Object> order = new LinkedHashMap<>();
        fields.forEach(field -> order.put(field, order.size()));
        return List.of(
                Json.object("id", "merge", "options", Map.of()),
                Json.object(
                        "id",
                        "organize",
                        "options",
                        Json.object(
                                "indexByName",
                                order,
                                "includeByName",
                                fields.stream()
                                        .collect(
                                                LinkedHashMap::new,
                                                (map, field) -> map.put(field, true),
                                                Map::putAll))));
    }

    private Map<String, Object> options() {
        return switch (kind) {
            case STAT ->
                Json.object(
                        "reduceOptions",
                        Json.object("calcs", List.of("lastNotNull"), "fields", "", "values", false),
                        "colorMode",
                        "value",
                        "graphMode",
                        "none",
                        "justifyMode",
                        "auto",
                        "textMode",
                        "auto",
                        "orientation",
                        "auto",
                        "wideLayout",
                        true,
                        "showPercentChange",
                        false,
                        "percentChangeColorMode",
                        "standard");
            case TABLE ->
                Json.object(
                        "showHeader",
                        true,
                        "frameIndex",
                        0,
                        "cellHeight",
                        "sm",
                        "sortBy",
                        List.of(Json.object("displayName", sortBy, "desc", true)));
            case HEATMAP ->
                Json.object(
                        "calculate",
                        false,
                        "color",
                        Json.object(
                                "mode",
                                "scheme",
                                "scheme",
                                "Oranges",
                                "fill",
                                "dark-orange",
                                "exponent",
                                0.5,
                                "steps",
                                64,
                                "reverse",
                                false,
                                "scale",
                                "exponential"),
                        "showValue",
                        "never",
                        "cellGap",
                        1,
                        "yAxis",
                        Json.object("unit", defaults.get("unit"), "axisPlacement", "left", "reverse", false),
                        "rowsFrame",
                        Json.object("layout", "auto"),
                        "filterValues",
                        Json.object("le", 1e-9),
                        "legend",
                        Json.object("show", true),
                        "tooltip",
                        Json.object("mode", "single", "yHistogram", false, "showColorScale", false),
                        "exemplars",
                        Json.object("color", "rgba(51,102,204,0.9)"));
            default ->
                Json.object(
                        "legend",
                        Json.object(
                                "displayMode", "list", "placement", "bottom", "showLegend", true, "calcs", List.of()),
                        "tooltip",
                        Json.object("mode", "multi", "sort", "desc"));
        };
    }
}
