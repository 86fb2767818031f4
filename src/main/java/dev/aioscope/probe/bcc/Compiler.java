package dev.aioscope.probe.bcc;

import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import dev.aioscope.kernel.Btf;
import dev.aioscope.kernel.BtfException;
import dev.aioscope.kernel.ChildPatience;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.AttachTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Compiles the probes with libbcc for the running kernel, without kernel headers. libbcc and its LLVM stay in memory once
 * loaded, so a separate process does this and exits.
 */
final class Compiler {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int USEFUL_LINES = 8;
    private static final String RESULT = "bytecode";

    private Compiler() {}

    /**
     * Compiles in a separate process.
     *
     * @throws ProbeException if libbcc, BTF or disk space is missing, or the source does not compile
     */
    static Bytecode compile() {
        Path directory = directory();
        try {
            Path output = directory.resolve("output");
            Process compiler = start(directory, output);
            Boolean exited = ChildPatience.await(
                    compiler.pid(), LIMIT, nanos -> compiler.waitFor(nanos, TimeUnit.NANOSECONDS) ? true : null);
            compiler.destroyForcibly();
            int status = compiler.waitFor();
            if (exited == null || status != 0) {
                throw failed(exited != null ? messages(output, status) : "timeout after " + LIMIT.toSeconds() + " s");
            }
            return Bytecode.of(Files.readAllBytes(directory.resolve(RESULT)));
        } catch (IOException e) {
            throw failed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("interrupted");
        } finally {
            delete(directory);
        }
    }

    private static ProbeException failed(String why) {
        String[] reasonAndHint = why.split("\nhint: ", 2);
        return new ProbeException(
                "cannot compile the probes with libbcc: " + reasonAndHint[0].strip(),
                reasonAndHint.length > 1 ? reasonAndHint[1].strip() : "use --engine core, and report this error");
    }

    private static Path directory() {
        try {
            return Files.createTempDirectory(
                    "aioscope-bcc", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw failed("cannot create a temporary directory: " + e.getMessage() + "\nhint: free space in "
                    + System.getProperty("java.io.tmpdir"));
        }
    }

    private static Process start(Path directory, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(JavaCommand.command(Compiler.class, 128, directory.toString()))
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile());
        // libbcc reads the kernel headers from here.
        builder.environment().put("BCC_KERNEL_SOURCE", directory.resolve("bcc").toString());
        return builder.start();
    }

    /** The first errors of the compiler, or else its first lines. */
    private static String messages(Path output, int status) throws IOException {
        List<String> lines =
                Files.readString(output, StandardCharsets.UTF_8).lines().toList();
        List<String> errors =
                lines.stream().filter(line -> line.contains("error:")).toList();
        List<String> useful = errors.isEmpty() ? lines : errors;
        return useful.isEmpty()
                ? "the compiler exited with status " + status
                : String.join("\n", useful.subList(0, Math.min(USEFUL_LINES, useful.size())));
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // The system cleans its temporary directory.
        }
    }

    /** Compiles in this process, into the directory in the argument. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        try {
            LibBcc.load();
            Files.write(directory.resolve(RESULT), compileHere(directory).bytes());
        } catch (ProbeException e) {
            System.out.println(e.getMessage() + "\nhint: " + e.hint());
            System.exit(1);
        } catch (BtfException e) {
            System.out.println(e.getMessage() + "\nhint: use a kernel with CONFIG_DEBUG_INFO_BTF=y");
            System.exit(1);
        }
    }

    private static Bytecode compileHere(Path directory) throws IOException {
        SourceCode source = new SourceCode();
        Btf btf = Btf.ofKernel();
        source.writeTo(directory, btf);
        // libbcc enables debugging information, which takes a tenth of the time and has no use. A helper that an old
        // libbcc
        // does not declare would become a call of nothing, which the verifier rejects without its name.
        String[] options = {
            "-DAIOSCOPE_BCC",
            "-D__TARGET_ARCH_" + SourceCode.target(),
            "-I" + directory,
            "-g0",
            "-Werror=implicit-function-declaration"
        };
        Pointer module = LibBcc.bpf_module_create_c_from_string(
                source.main(), 0, new StringArray(options), options.length, true, Pointer.NULL);
        if (module == null) {
            throw new ProbeException("the source does not compile", "report the errors above");
        }
        Map<String, long[]> programs = new LinkedHashMap<>();
        for (long i = 0; i < LibBcc.bpf_num_functions(module); i++) {
            String name = LibBcc.bpf_function_name(module, i);
            int instructions = (int) (LibBcc.bpf_function_size_id(module, i) / 8);
            programs.put(
                    name.substring(SourceCode.PREFIX.length()),
                    KernelCall.complete(LibBcc.bpf_function_start_id(module, i).getLongArray(0, instructions)));
        }
        return new Bytecode(LibBcc.identity(LibBcc.path()), programs, source.maps(), functions(btf));
    }

    private static Map<String, Integer> functions(Btf btf) {
        Map<String, Integer> functions = new LinkedHashMap<>();
        Stream.of(AttachTarget.values())
                .map(AttachTarget::symbol)
                .distinct()
                .forEach(name -> btf.function(name).ifPresent(number -> functions.put(name, number)));
        return functions;
    }
}
