package dev.aioscope.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * Draws a dashboard file as a page without scripts, with panels placed as in Grafana and with data from Prometheus. It
 * shows queries, legends, units and thresholds, not what Grafana itself would draw.
 */
final class DashboardPage {
    /** The width of one of Grafana's 24 columns, and the height of a row, in pixels. */
    static final int COLUMN = 60;

    static final int ROW = 34;
    private static final int TITLE = 44;
    private static final String[] COLOURS = {
        "#3274d9", "#e0752d", "#37872d", "#8f3bb8", "#c4162a", "#0f8a8a", "#b58900", "#705da0", "#555555", "#d683ce"
    };
    private static final String STYLE = """
            body { margin: 0; font: 13px sans-serif; color: #222; background: #fff }
            h1 { font-size: 18px; margin: 10px 14px }
            .panel { position: absolute; box-sizing: border-box; padding: 6px; overflow: hidden }
            .panel > div { height: 100%; border: 1px solid #ccc; border-radius: 3px; padding: 5px 8px;
              box-sizing: border-box; overflow: hidden }
            h2 { font-size: 13px; margin: 0 } .why { color: #777 } svg { display: block }
            .value { font-size: 24px; margin: 6px 14px 0 0; display: inline-block }
            .legend { font-size: 11px; margin-right: 10px; white-space: nowrap } small { color: #666 }
            """;

    /** Runs a query and returns its series; see {@link Prometheus#query}. */
    @FunctionalInterface
    interface QuerySource {
        List<JsonNode> query(String expression) throws Exception;
    }

    private final QuerySource source;
    private final Map<String, String> reasons;
    private final StringBuilder html = new StringBuilder();

    private record PlottedSeries(String legend, NavigableMap<Double, Double> values) {
        double last() {
            return values.lastEntry().getValue();
        }
    }

    private DashboardPage(QuerySource source, Map<String, String> reasons) {
        this.source = source;
        this.reasons = reasons;
    }

    /**
     * Draws the page as HTML.
     *
     * @param dashboard the JSON model that Grafana reads
     * @param reasons why a panel may be empty, by its title
     * @throws AssertionError if a panel is empty without a reason
     */
    static String draw(JsonNode dashboard, QuerySource source, Map<String, String> reasons) throws Exception {
        DashboardPage page = new DashboardPage(source, reasons);
        page.html
                .append("<!doctype html><meta charset=utf-8><style>" + STYLE + "</style><h1>")
                .append(escape(dashboard.path("title").asString()))
                .append("</h1>");
        for (JsonNode panel : dashboard.path("panels")) {
            page.panel(panel);
        }
        return page.html.toString();
    }

    /** The height of the page in pixels. */
    static int height(JsonNode dashboard) {
        return TITLE
                + ROW
                        * dashboard
                                .path("panels")
                                .valueStream()
                                .map(panel -> panel.path("gridPos"))
                                .mapToInt(place -> place.path("y").asInt()
                                        + place.path("h").asInt())
                                .max()
                                .orElse(0);
    }

    /** The position of a panel on the page: x, y, width, height in pixels. */
    static int[] place(JsonNode panel) {
        JsonNode place = panel.path("gridPos");
        return new int[] {
            COLUMN * place.path("x").asInt(),
            TITLE + ROW * place.path("y").asInt(),
            COLUMN * place.path("w").asInt(),
            ROW * place.path("h").asInt()
        };
    }

    private void panel(JsonNode panel) throws Exception {
        int[] place = place(panel);
        html.append("<div class=panel style='left:%dpx;top:%dpx;width:%dpx;height:%dpx'><div><h2>%s</h2>"
                .formatted(
                        place[0],
                        place[1],
                        place[2],
                        place[3],
                        escape(panel.path("title").asString())));
        List<PlottedSeries> all = new ArrayList<>();
        for (JsonNode target : panel.path("targets")) {
            for (JsonNode series : source.query(target.path("expr").asString())) {
                all.add(read(series, target.path("legendFormat").asString()));
            }
        }
        String type = panel.path("type").asString();
        if (all.isEmpty()) {
            String reason = reasons.get(panel.path("title").asString());
            if (reason == null) {
                throw new AssertionError("no data for " + panel.path("title").asString());
            }
            html.append("<p class=why>No data: ").append(escape(reason)).append("</p>");
        } else if (type.equals("stat")) {
            all.forEach(series -> stat(panel, series));
        } else if (type.equals("bargauge")) {
            bars(panel, all, place[2] - 30);
        } else if (type.equals("heatmap")) {
            heatmap(panel, all, place[2] - 90, place[3] - 60);
        } else {
            lines(panel, all, place[2] - 100, place[3] - 84);
        }
        html.append("</div></div>");
    }

    private static PlottedSeries read(JsonNode series, String legend) {
        NavigableMap<Double, Double> values = new TreeMap<>();
        for (JsonNode value : series.path("values")) {
            values.put(
                    value.path(0).asDouble(), Double.parseDouble(value.path(1).asString()));
        }
        Matcher label = Pattern.compile("\\{\\{(\\w+)}}").matcher(legend);
        String name = label.replaceAll(found -> Matcher.quoteReplacement(
                series.path("metric").path(found.group(1)).asString("")));
        return new PlottedSeries(name.strip(), values);
    }

    private void stat(JsonNode panel, PlottedSeries series) {
        html.append("<span class=value style='color:%s'>%s <small>%s</small></span>"
                .formatted(colour(panel, series.last()), format(series.last(), unit(panel)), escape(series.legend)));
    }

    private void bars(JsonNode panel, List<PlottedSeries> all, int width) {
        double most =
                Math.max(1, all.stream().mapToDouble(PlottedSeries::last).max().orElse(1));
        for (PlottedSeries series : all) {
            html.append("<div>%s</div><div style='background:%s;height:16px;width:%dpx'></div><small>%s</small>"
                    .formatted(
                            escape(series.legend),
                            colour(panel, series.last()),
                            5 + (int) (series.last() / most * width),
                            format(series.last(), unit(panel))));
        }
    }

    private void lines(JsonNode panel, List<PlottedSeries> all, int width, int height) {
        boolean isStacked =
                panel.path("fieldConfig").path("defaults").path("custom").has("stacking");
        List<NavigableMap<Double, Double>> drawn = new ArrayList<>();
        NavigableMap<Double, Double> below = new TreeMap<>();
        for (PlottedSeries series : all) {
            NavigableMap<Double, Double> sums = new TreeMap<>(series.values);
            if (isStacked) {
                sums.replaceAll((time, value) -> value + below.getOrDefault(time, 0.0));
                below.putAll(sums);
            }
            drawn.add(sums);
        }
        double most = drawn.stream()
                .flatMap(values -> values.values().stream())
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(0);
        most = most > 0 ? most : 1;
        double first = all.stream()
                .mapToDouble(series -> series.values.firstKey())
                .min()
                .orElse(0);
        double last = all.stream()
                .mapToDouble(series -> series.values.lastKey())
                .max()
                .orElse(1);
        axis(width, height, format(most, unit(panel)), format(0, unit(panel)));
        for (int i = 0; i < drawn.size(); i++) {
            double top = most;
            String points = drawn.get(i).entrySet().stream()
                    .map(point -> "%.1f,%.1f"
                            .formatted(
                                    (point.getKey() - first) / Math.max(1, last - first) * width,
                                    height * (1 - point.getValue() / top)))
                    .collect(Collectors.joining(" "));
            html.append("<polyline fill=none stroke='%s' stroke-width=2 points='%s'/>".formatted(colour(i), points));
        }
        html.append("</g></svg>");
        for (int i = 0; i < all.size(); i++) {
            html.append("<span class=legend style='color:%s'>&#9632; %s: %s</span>"
                    .formatted(
                            colour(i),
                            escape(all.get(i).legend),
                            format(all.get(i).last(), unit(panel))));
        }
    }

    private void heatmap(JsonNode panel, List<PlottedSeries> all, int width, int height) {
        List<PlottedSeries> buckets = all.stream()
                .sorted((one, other) -> Double.compare(bound(one), bound(other)))
                .toList();
        List<Double> times = List.copyOf(buckets.get(0).values.keySet());
        double most = buckets.get(buckets.size() - 1).values.values().stream()
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(0);
        axis(width, height, "&#8734;", format(0, unit(panel)));
        double cell = (double) height / buckets.size();
        for (int row = 0; row < buckets.size(); row++) {
            double y = height - (row + 1) * cell;
            if (row % 3 == 1 && row < buckets.size() - 1) {
                html.append("<text x=-4 y=%.1f text-anchor=end font-size=10>%s</text>"
                        .formatted(y + 4, format(bound(buckets.get(row)), unit(panel))));
            }
            for (int column = 0; column < times.size(); column++) {
                Double time = times.get(column);
                double lower = row == 0 ? 0 : buckets.get(row - 1).values.getOrDefault(time, 0.0);
                double count = buckets.get(row).values.getOrDefault(time, 0.0) - lower;
                if (count > 1e-9) {
                    html.append("<rect x=%.1f y=%.1f width=%.1f height=%.1f fill='#c4162a' opacity=%.2f />"
                            .formatted(
                                    (double) column * width / times.size(),
                                    y,
                                    (double) width / times.size(),
                                    cell,
                                    0.15 + 0.85 * count / Math.max(count, most)));
                }
            }
        }
        html.append("</g></svg>");
    }

    private static double bound(PlottedSeries bucket) {
        return bucket.legend.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bucket.legend);
    }

    private void axis(int width, int height, String top, String bottom) {
        html.append(
                ("<svg width=%d height=%d><g transform='translate(70,8)'><path d='M0 0V%dH%d' fill=none stroke='#999'/>"
                                + "<text x=-4 y=6 text-anchor=end font-size=10>%s</text>"
                                + "<text x=-4 y=%d text-anchor=end font-size=10>%s</text>")
                        .formatted(width + 80, height + 14, height, width, top, height, bottom));
    }

    private static String colour(int series) {
        return COLOURS[series % COLOURS.length];
    }

    /** The color of the highest threshold that is reached. */
    private static String colour(JsonNode panel, double value) {
        String colour = "green";
        for (JsonNode step :
                panel.path("fieldConfig").path("defaults").path("thresholds").path("steps")) {
            if (step.path("value").isNumber() && value >= step.path("value").asDouble()) {
                colour = step.path("color").asString();
            }
        }
        return colour.equals("yellow") ? "#c99700" : colour;
    }

    private static String unit(JsonNode panel) {
        return panel.path("fieldConfig").path("defaults").path("unit").asString();
    }

    private static String format(double value, String unit) {
        return switch (unit) {
            case "percentunit" -> number(100 * value) + " %";
            case "s" -> value == 0 || value >= 1 ? number(value) + " s" : number(1000 * value) + " ms";
            case "bytes" -> number(value / (1 << 20)) + " MiB";
            case "ops" -> number(value) + "/s";
            default -> number(value);
        };
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.3g", value);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;");
    }
}
