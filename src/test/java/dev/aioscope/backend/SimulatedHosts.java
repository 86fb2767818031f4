package dev.aioscope.backend;

import dev.aioscope.telemetry.Metric;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes an hour of metrics of several hosts as OpenMetrics with timestamps, for promtool. Teardowns and their phases are
 * those of a recording; the rest is simulated.
 */
final class SimulatedHosts implements Closeable {
    static final int MINUTES = 60;
    private static final int LIMIT = 65_536;
    private static final List<String> LOSSES = List.of("ring_full", "map_full", "queue_full");

    private final BufferedWriter out;
    private final long begin;

    /** The behavior of a host. */
    enum Kind {
        /** Contexts come and go, a program leaks contexts, and traces are exported. */
        BUSY,
        /** A database holds its contexts, and nothing happens. */
        IDLE,
        /** The quota is used up, and two teardowns wait for a device. */
        STUCK
    }

    /**
     * Opens the file.
     *
     * @param begin of the metrics, in seconds since the epoch
     */
    SimulatedHosts(Path file, long begin) throws IOException {
        this.out = Files.newBufferedWriter(file);
        this.begin = begin;
    }

    /** Writes all metrics of a host that is scraped, or pushes, every {@code interval} seconds. */
    void full(String host, Kind kind, int interval) throws IOException {
        RecordedMetrics recorded = kind == Kind.IDLE ? null : new RecordedMetrics();
        for (int second = 0; second <= 60 * MINUTES; second += interval) {
            Moment moment = new Moment("cluster=\"lab\",job=\"aioscope\",instance=\"" + host + '"', second);
            if (recorded != null) {
                moment.copy(recorded.scrape("").body());
            } else {
                moment.add(Metric.SETUP, "", 12);
                moment.add(Metric.TEARDOWN, "aio_trigger=\"destroy\",aio_teardown_end=\"complete\"", 3);
            }
            moment.quota(kind);
            moment.holders(kind);
            moment.waits(kind);
            moment.agent(kind);
            moment.info(host);
        }
    }

    /** Writes what the fleet's dashboard needs of many hosts. One in 250 is in trouble, and a trace store fails. */
    void fleet(int hosts) throws IOException {
        collectors();
        for (int host = 0; host < hosts; host++) {
            String name = "node-%04d".formatted(host);
            String labels =
                    "cluster=\"%s\",job=\"aioscope\",instance=\"%s\"".formatted(host % 2 == 0 ? "east" : "west", name);
            Kind kind = host % 250 == 17 ? Kind.STUCK : Kind.IDLE;
            int last = host == 42 ? MINUTES / 2 : MINUTES;
            for (int minute = 0; minute <= last; minute++) {
                Moment moment = new Moment(labels, 60 * minute);
                moment.quota(kind);
                moment.waits(kind);
                moment.losses(host == 99 ? minute : 0);
                moment.info(name);
            }
        }
    }

    private void collectors() throws IOException {
        for (int minute = 0; minute <= MINUTES; minute++) {
            int failing = Math.max(0, minute - MINUTES / 2);
            collector("gateways", minute, "otelcol_receiver_accepted_spans", "", 60_000 * minute);
            collector("gateways", minute, "otelcol_receiver_refused_spans", "", 0);
            collector("readers", minute, "otelcol_receiver_accepted_spans", "", 60_000 * (minute - failing));
            collector("readers", minute, "otelcol_receiver_refused_spans", "", 900 * failing);
            collector(
                    "readers",
                    minute,
                    "otelcol_exporter_send_failed_spans",
                    "exporter=\"otlp_http/traces\"",
                    900 * failing);
            for (String signal : List.of("traces", "metrics")) {
                String queue = "exporter=\"otlp_http\",data_type=\"" + signal + '"';
                collector("hosts", minute, "otelcol_exporter_queue_size", queue, 1e6 * minute);
                collector("hosts", minute, "otelcol_exporter_queue_capacity", queue, 256e6);
                String topic = "topic=\"aioscope-" + signal + "\",partition=\"0\"";
                collector("readers", minute, "otelcol_kafka_receiver_offset_lag", topic, minute % 5);
            }
        }
    }

    private void collector(String job, int minute, String name, String own, double value) throws IOException {
        out.write("%s{cluster=\"east\",job=\"aioscope-%s\",instance=\"%s-1:8888\"%s} %s %d%n"
                .formatted(name, job, job, own.isEmpty() ? "" : "," + own, value, begin + 60L * minute));
    }

    @Override
    public void close() throws IOException {
        out.write("# EOF\n");
        out.close();
    }

    /** The metrics of a host at one time. */
    private final class Moment {
        private final String labels;
        private final int second;

        Moment(String labels, int second) {
            this.labels = labels;
            this.second = second;
        }

        void add(Metric metric, String own, double value) throws IOException {
            out.write(metric.prometheusName() + '{' + labels + (own.isEmpty() ? "" : "," + own) + "} " + value + ' '
                    + (begin + second) + '\n');
        }

        /** Copies a scrape, except for refusals. */
        void copy(String scrape) throws IOException {
            for (String line : scrape.lines().toList()) {
                if (!line.startsWith("#") && !line.contains("error_type=\"EAGAIN\"") && !line.isBlank()) {
                    int value = line.lastIndexOf(' ');
                    int brace = line.indexOf('{');
                    String name = brace < 0 ? line.substring(0, value) + "{}" : line.substring(0, value);
                    String separator = name.endsWith("{}") ? "" : ",";
                    out.write(name.replaceFirst("\\{", "{" + labels + separator)
                            + line.substring(value)
                            + ' '
                            + (begin + second)
                            + '\n');
                }
            }
        }

        void quota(Kind kind) throws IOException {
            double usage = switch (kind) {
                case BUSY -> 30_000 + 4 * second;
                case IDLE -> 4096;
                case STUCK -> Math.min(LIMIT, 50_000 + 10 * second);
            };
            add(Metric.EVENT_USAGE, "", usage);
            add(Metric.EVENT_LIMIT, "", LIMIT);
            add(Metric.EVENT_UTILIZATION, "", usage / LIMIT);
            add(Metric.EVENT_UNATTRIBUTED, "", kind == Kind.STUCK ? 2048 : 0);
            add(Metric.SETUP, "error_type=\"EAGAIN\"", kind == Kind.STUCK ? Math.max(0, second / 60 - 26) : 0);
        }

        void holders(Kind kind) throws IOException {
            holder("process_executable_name=\"mariadbd\",systemd_unit_name=\"mariadb.service\"", 4096, 4);
            if (kind != Kind.IDLE) {
                holder(
                        "process_executable_name=\"leaky\",k8s_pod_name=\"web-7d9f\",container_id=\"3f1c0a9e8b77\"",
                        20_000 + 4 * second,
                        20 + second / 60);
                holder("process_executable_name=\"qemu-system-x86_64\"", 5_900, 46);
            }
        }

        private void holder(String own, double events, double contexts) throws IOException {
            add(Metric.HOLDER_USAGE, own, events);
            add(Metric.CONTEXT_ACTIVE, own, contexts);
        }

        void waits(Kind kind) throws IOException {
            boolean isStuck = kind == Kind.STUCK && second >= 40 * 60;
            add(Metric.UNINTERRUPTIBLE_ACTIVE, "aio_trigger=\"destroy\"", isStuck ? 2 : 0);
            if (isStuck) {
                add(Metric.UNINTERRUPTIBLE_OLDEST, "aio_trigger=\"destroy\"", second - 40 * 60 + 5);
                add(
                        Metric.TEARDOWN_STUCK,
                        "process_executable_name=\"leaky\",k8s_pod_name=\"web-7d9f\",container_id=\"3f1c0a9e8b77\",aio_waits_for=\"requests\"",
                        2);
            }
        }

        void losses(double ringFull) throws IOException {
            for (String reason : LOSSES) {
                add(Metric.EVENT_LOST, "aioscope_reason=\"" + reason + '"', reason.equals("ring_full") ? ringFull : 0);
            }
        }

        void agent(Kind kind) throws IOException {
            losses(0);
            add(Metric.PROBE_ATTACHED, "aioscope_probe=\"kill_ioctx return\",aioscope_probe_mode=\"fexit\"", 1);
            add(Metric.PROBE_ATTACHED, "aioscope_probe=\"io_setup\",aioscope_probe_mode=\"tracepoint\"", 1);
            add(Metric.PROBE_SILENT, "", 0);
            add(Metric.EVENT_READ, "", kind == Kind.IDLE ? 15 : 40 * second);
            add(Metric.EVENT_ORPHAN, "", 0);
            add(Metric.SNAPSHOT, "", kind == Kind.STUCK && second > 41 * 60 ? 1 : 0);
            add(Metric.SCAN_AGE, "", 2.5);
            for (String reason : List.of("unreadable", "partial")) {
                add(Metric.SCAN_SKIPPED, "aioscope_reason=\"" + reason + '"', 0);
            }
            add(Metric.UNIDENTIFIED, "", Math.floorDiv(second, 600));
            add(Metric.HELPER_FAILURE, "", 0);
            for (String outcome : List.of("exported", "failed")) {
                add(Metric.SPAN, "aioscope_outcome=\"" + outcome + '"', outcome.equals("exported") ? 3 * second : 0);
            }
            for (String finding : List.of("true", "false")) {
                add(Metric.SPAN, "aioscope_outcome=\"dropped\",aioscope_finding=\"" + finding + '"', 0);
            }
            add(Metric.SPAN_QUEUED, "", second % 7);
            for (String outcome : List.of("exported", "failed")) {
                add(
                        Metric.PUSH,
                        "aioscope_outcome=\"" + outcome + '"',
                        outcome.equals("exported") ? Math.floorDiv(second, 60) : 0);
            }
            add(Metric.WORKER_FAILURES, "aioscope_worker=\"spans\"", 0);
            add(Metric.CPU_TIME, "cpu_mode=\"user\"", 5 + 0.004 * second);
            add(Metric.CPU_TIME, "cpu_mode=\"system\"", 1 + 0.001 * second);
            add(Metric.MEMORY_USAGE, "", 120e6);
        }

        void info(String host) throws IOException {
            add(Metric.TIER_LEVEL, "aioscope_tier=\"full\",aioscope_engine=\"core\"", 3);
            add(Metric.BUILD_INFO, "version=\"0.1.0\",java_version=\"17.0.19\"", 1);
            add(Metric.HOST_INFO, "host_name=\"" + host + "\",host_arch=\"amd64\",os_build_id=\"6.1.0-44-amd64\"", 1);
            add(Metric.START_TIME, "", (double) (begin - 86_400));
        }
    }
}
