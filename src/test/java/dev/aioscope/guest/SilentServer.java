package dev.aioscope.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file system in user space whose server never answers a read, as long as it lives. */
final class SilentServer implements Hold {
    private final Path file;
    private final AioWork server;

    private SilentServer(Path file, AioWork server) {
        this.file = file;
        this.server = server;
    }

    /** Starts it; it ends with this process at the latest. */
    static SilentServer make() throws IOException {
        if (!Files.exists(Path.of("/dev/fuse"))) {
            Command.run("modprobe", "fuse");
        }
        Path file = Files.createTempFile("silent", "");
        SilentServer made = new SilentServer(file, AioWork.start("silent-server", "--device", file.toString()));
        try {
            made.server.await("mounted");
            return made;
        } catch (IOException e) {
            made.server.close();
            Files.delete(file);
            throw e;
        }
    }

    @Override
    public String path() {
        return file.toString();
    }

    /** Its requests fail. */
    @Override
    public void release() {
        server.kill();
    }

    @Override
    public void close() throws IOException {
        release();
        Command.run("umount", "--lazy", path());
        Files.delete(file);
    }
}
