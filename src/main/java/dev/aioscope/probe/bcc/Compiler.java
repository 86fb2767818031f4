package dev.aioscope.probe.bcc;

import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import dev.aioscope.kernel.Btf;
import dev.aioscope.kernel.BtfException;
import dev.aioscope.kernel.JavaCommand;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bpf.AttachTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Compiles the probes with libbcc, for the running kernel and without its headers. libbcc and the LLVM inside of it never
 * leave memory once they are there, so that this is done in a process that ends.
 */
final class Compiler {
    private static final int SECONDS = 120;
    private static final int USEFUL_LINES = 8;
    private static final String RESULT = "bytecode";

    private Compiler() {}

    /**
     * Compiles in a process of its own.
     *
     * @throws ProbeException if libbcc, the kernel's types or the room for it are missing, or the source does not compile
     */
    static Bytecode compile() {
        Path folder = folder();
        try {
            Path output = folder.resolve("output");
            Process compiler = start(folder, output);
            boolean ended = compiler.waitFor(SECONDS, TimeUnit.SECONDS);
            compiler.destroyForcibly();
            int status = compiler.waitFor();
            if (!ended || status != 0) {
                throw failed(ended ? said(output, status) : "not done after " + SECONDS + " s");
            }
            return Bytecode.of(Files.readAllBytes(folder.resolve(RESULT)));
        } catch (IOException e) {
            throw failed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("it was interrupted");
        } finally {
            delete(folder);
        }
    }

    private static ProbeException failed(String why) {
        String[] reasonAndHint = why.split("\nhint: ", 2);
        return new ProbeException(
                "the probes cannot be compiled by libbcc: " + reasonAndHint[0].strip(),
                reasonAndHint.length > 1
                        ? reasonAndHint[1].strip()
                        : "use --engine core, or report this with the lines above");
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory(
                    "aioscope-bcc", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw failed("there is no room for its files: " + e.getMessage() + "\nhint: free space in "
                    + System.getProperty("java.io.tmpdir"));
        }
    }

    private static Process start(Path folder, Path output) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(JavaCommand.command(Compiler.class, 128, folder.toString()))
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile());
        // libbcc takes this for the headers of the kernel.
        builder.environment().put("BCC_KERNEL_SOURCE", folder.resolve("bcc").toString());
        return builder.start();
    }

    /** The first errors of the compiler, or what else it said at the end. */
    private static String said(Path output, int status) throws IOException {
        List<String> lines =
                Files.readString(output, StandardCharsets.UTF_8).lines().toList();
        List<String> errors =
                lines.stream().filter(line -> line.contains("error:")).toList();
        List<String> useful = errors.isEmpty() ? lines : errors;
        return useful.isEmpty()
                ? "its process ended with the status " + status
                : String.join("\n", useful.subList(0, Math.min(USEFUL_LINES, useful.size())));
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // It is in the folder for temporary files, which is emptied in time.
        }
    }

    /** Compiles in this process, into the folder in the argument. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        try {
            LibBcc.load();
            Files.write(folder.resolve(RESULT), compileHere(folder).bytes());
        } catch (ProbeException e) {
            System.out.println(e.getMessage() + "\nhint: " + e.hint());
            System.exit(1);
        } catch (BtfException e) {
            System.out.println(e.getMessage() + "\nhint: a kernel with CONFIG_DEBUG_INFO_BTF=y");
            System.exit(1);
        }
    }

    private static Bytecode compileHere(Path folder) throws IOException {
        SourceCode source = new SourceCode();
        Btf btf = Btf.ofKernel();
        source.writeTo(folder, btf);
        // libbcc has debugging information made, which takes a tenth of the time and is not used.
        String[] options = {"-DAIOSCOPE_BCC", "-D__TARGET_ARCH_" + SourceCode.target(), "-I" + folder, "-g0"};
        Pointer module = LibBcc.bpf_module_create_c_from_string(
                source.main(), 0, new StringArray(options), options.length, true, Pointer.NULL);
        if (module == null) {
            throw new ProbeException("the source does not compile", "see the errors");
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
