package dev.aioscope.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A real Apache Kafka with one broker and without ZooKeeper. It creates a topic when a client first uses it. */
final class Kafka implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private final ServerProcess server;
    private final int port;

    private Kafka(ServerProcess server, int port) {
        this.server = server;
        this.port = port;
    }

    /**
     * Starts a broker.
     *
     * @param folder for its data and its log
     * @param partitions of each topic
     */
    static Kafka start(Path folder, int partitions) throws InterruptedException {
        int port = ServerProcess.freePort();
        int controller = ServerProcess.freePort();
        Path config = folder.resolve("kafka.properties");
        try {
            Files.writeString(config, """
                    process.roles=broker,controller
                    node.id=1
                    controller.quorum.voters=1@127.0.0.1:%2$d
                    controller.listener.names=CONTROLLER
                    listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                    log.dirs=%3$s
                    num.partitions=%4$d
                    offsets.topic.num.partitions=1
                    offsets.topic.replication.factor=1
                    group.initial.rebalance.delay.ms=0
                    """.formatted(port, controller, folder.resolve("kafka"), partitions));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> format = java("kafka.tools.StorageTool");
        format.addAll(List.of("format", "--cluster-id", "aioscopeAAAAAAAAAAAAAA", "--config", config.toString()));
        try (ServerProcess tool = ServerProcess.start("kafka-format", folder, format)) {
            tool.awaitEnd(START_LIMIT);
        }
        List<String> run = java("kafka.Kafka");
        run.add(config.toString());
        ServerProcess server = ServerProcess.start("kafka", folder, run);
        server.awaitReady(START_LIMIT, () -> ServerProcess.listens(port));
        return new Kafka(server, port);
    }

    private static List<String> java(String mainClass) {
        return new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                BuiltProgram.KAFKA.path() + "/*",
                mainClass));
    }

    /** The address of the broker, for clients. */
    String broker() {
        return "127.0.0.1:" + port;
    }

    ServerProcess server() {
        return server;
    }

    @Override
    public void close() {
        server.close();
    }
}
