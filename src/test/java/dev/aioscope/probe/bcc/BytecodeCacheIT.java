package dev.aioscope.probe.bcc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The cache returns kept bytecode, unless another user can write to it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BytecodeCacheIT {
    private final SourceCode source = new SourceCode();
    private Bytecode compiled;

    @TempDir
    private Path temporary;

    /** Distinguishable from newly compiled bytecode. */
    private Bytecode marked;

    @BeforeAll
    void compile() {
        compiled = Compiler.compile();
        marked = new Bytecode(compiled.libbcc(), Map.of("kept", new long[] {0x95}), List.of(), Map.of());
    }

    private Path folder() {
        return temporary.resolve("cache");
    }

    private Path keep(Bytecode bytecode) throws IOException {
        Files.createDirectories(
                folder(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path file = folder().resolve(BytecodeCache.key(source) + ".bytecode");
        Files.write(file, bytecode.bytes());
        return file;
    }

    private Bytecode get() {
        return new BytecodeCache(folder()).get(source);
    }

    private void assertCompiledAgain() {
        assertThat(get().programs()).hasSameSizeAs(compiled.programs()).doesNotContainKey("kept");
    }

    @Test
    void compilesNothingAtSecondStart() throws IOException {
        Bytecode first = get();
        assertThat(first.bytes()).isEqualTo(compiled.bytes());
        try (Stream<Path> files = Files.list(folder())) {
            assertThat(files)
                    .singleElement()
                    .satisfies(file -> assertThat(Files.getPosixFilePermissions(file))
                            .isEqualTo(PosixFilePermissions.fromString("rw-------")));
        }
        keep(marked);
        assertThat(get().programs()).containsOnlyKeys("kept");
    }

    @Test
    void compilesAgainForOtherLibbcc() throws IOException {
        keep(new Bytecode(compiled.libbcc() + "0", marked.programs(), List.of(), Map.of()));
        assertCompiledAgain();
        keep(new Bytecode("/usr/lib/libbcc.so.0.1\n1\n2", marked.programs(), List.of(), Map.of()));
        assertCompiledAgain();
    }

    @Test
    void compilesAgainWhenFileIsDamaged() throws IOException {
        Path file = keep(marked);
        Files.write(file, new byte[] {1, 2, 3});
        assertCompiledAgain();
        keep(marked);
        assertThat(get().programs()).containsOnlyKeys("kept");
    }

    @Test
    void ignoresFilesThatOthersCanWrite() throws IOException {
        Path file = keep(marked);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
        assertCompiledAgain();

        file = keep(marked);
        Files.setAttribute(file, "unix:uid", 65534);
        assertCompiledAgain();

        file = keep(marked);
        Path elsewhere = temporary.resolve("elsewhere");
        Files.move(file, elsewhere);
        Files.createSymbolicLink(file, elsewhere);
        assertCompiledAgain();

        keep(marked);
        Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertCompiledAgain();
    }

    @Test
    void compilesEachTimeWithoutWritableDirectory() throws IOException {
        Files.writeString(folder(), "not a directory");
        assertCompiledAgain();
        assertCompiledAgain();
    }

    @Test
    void deletesOldestFiles() throws IOException {
        Path file = keep(compiled);
        for (int i = 0; i < 9; i++) {
            Path old = Files.copy(file, folder().resolve(i + ".bytecode"));
            Files.setLastModifiedTime(old, FileTime.fromMillis(i));
        }
        Files.delete(file);
        get();
        try (Stream<Path> files = Files.list(folder())) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder(file.getFileName().toString(), "6.bytecode", "7.bytecode", "8.bytecode");
        }
    }

    @Test
    void returnsBytecodeToConcurrentStarts() throws IOException {
        List<CompletableFuture<Bytecode>> starts = IntStream.range(0, 3)
                .mapToObj(i -> CompletableFuture.supplyAsync(this::get))
                .toList();
        assertThat(starts).allSatisfy(start -> assertThat(start.join().bytes()).isEqualTo(compiled.bytes()));
        try (Stream<Path> files = Files.list(folder())) {
            assertThat(files).hasSize(1);
        }
    }
}
