package dev.aioscope.guest;

import dev.aioscope.testing.Commands;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A FUSE file system whose server never answers a read while it lives. */
final class BlockingFileSystem implements RequestBlocker {
    private final Path file;
    private final AioWork server;

    private BlockingFileSystem(Path file, AioWork server) {
        this.file = file;
        this.server = server;
    }

    /** Starts the server; it exits with this process at the latest. */
    static BlockingFileSystem mount() throws IOException {
        if (!Files.exists(Path.of("/dev/fuse"))) {
            Commands.run("modprobe", "fuse");
        }
        Path file = Files.createTempFile("silent", "");
        BlockingFileSystem fileSystem =
                new BlockingFileSystem(file, AioWork.start("blocking-fuse", "--device", file.toString()));
        try {
            fileSystem.server.await("mounted");
            return fileSystem;
        } catch (IOException e) {
            fileSystem.server.close();
            Files.delete(file);
            throw e;
        }
    }

    @Override
    public String path() {
        return file.toString();
    }

    /** Kills the server: its requests fail. */
    @Override
    public void release() {
        server.kill();
    }

    @Override
    public void close() throws IOException {
        release();
        Commands.run("umount", "--lazy", path());
        Files.delete(file);
    }
}
