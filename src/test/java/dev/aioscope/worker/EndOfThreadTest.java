package dev.aioscope.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.aioscope.kernel.JavaCommand;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a failure does that nothing in its thread catches, in another JVM because it can end it. */
class EndOfThreadTest {
    @TempDir
    private Path folder;

    /** Kinds of threads, with how each is started. */
    enum Place {
        WORKER {
            @Override
            void start(Callable<Void> work) {
                Worker.start("test", self -> work.call());
            }
        },
        ONCE {
            @Override
            void start(Callable<Void> work) {
                Worker.startOnce("test", self -> work.call());
            }
        },
        SUPPLIER {
            @Override
            void start(Callable<Void> work) {
                CompletableFuture<Void> unused = Worker.supply("test", work);
            }
        },
        CALLER {
            @Override
            void start(Callable<Void> work) {
                Worker.run("test", () -> true, self -> work.call());
            }
        },
        BOUNDARY {
            @Override
            void start(Callable<Void> work) {
                ErrorBoundary.of("test").run(() -> unchecked(work));
            }
        },
        POOL {
            @Override
            void start(Callable<Void> work) {
                pool(Worker.factory("test")).execute(() -> unchecked(work));
            }
        },
        LIBRARY {
            @Override
            void start(Callable<Void> work) {
                new Thread(() -> unchecked(work), "library-thread").start();
            }
        },
        POOL_OF_LIBRARY {
            @Override
            void start(Callable<Void> work) {
                pool(task -> new Thread(task, "pool-thread")).execute(() -> unchecked(work));
            }
        };

        abstract void start(Callable<Void> work);

        private static ThreadPoolExecutor pool(ThreadFactory factory) {
            return new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        }

        private static void unchecked(Callable<Void> work) {
            try {
                work.call();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Starts work that fails in the place of the first argument, in the way of the second; prints faults and counts. */
    static final class FailingProgram {
        public static void main(String[] arguments) throws Exception {
            Worker.watchLibraries();
            CompletableFuture<Thread> failing = new CompletableFuture<>();
            Place.valueOf(arguments[0]).start(() -> {
                failing.complete(Thread.currentThread());
                return fail(arguments[1]);
            });
            failing.get().join(); // Does not return while the work of a worker repeats: only memory ends that.
            System.out.println(Worker.faults() + " " + ErrorBoundary.failures());
            System.exit(0);
        }

        private static Void fail(String way) throws Exception {
            if (way.equals("memory")) {
                Object[] chain = {};
                while (true) {
                    chain = new Object[] {chain, new byte[1 << 20]};
                }
            }
            if (way.equals("wrapped")) {
                throw new InvocationTargetException(new OutOfMemoryError("injected"));
            }
            throw new StackOverflowError("injected");
        }
    }

    private record Result(int status, String output) {}

    private Result run(Place place, String failure) throws Exception {
        Path output = folder.resolve("output");
        Process program = new ProcessBuilder(JavaCommand.command(FailingProgram.class, 32, place.name(), failure))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            program.destroyForcibly();
        }
        return new Result(program.exitValue(), Files.readString(output));
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void outOfMemoryErrorEndsProcess(Place place) throws Exception {
        Result result = run(place, "memory");
        assertThat(result.output()).contains("aioscope: out of memory");
        assertThat(result.status()).isEqualTo(1);
    }

    @Test
    void outOfMemoryErrorInsideAnotherEndsProcess() throws Exception {
        assertThat(run(Place.WORKER, "wrapped").status()).isEqualTo(1);
    }

    @Test
    void endOfThreadOfLibraryIsFault() throws Exception {
        Result result = run(Place.LIBRARY, "error");
        assertThat(result.status()).isZero();
        assertThat(result.output())
                .contains("Worker library failed; failures so far: 1")
                .endsWith("[worker library-thread has ended: java.lang.StackOverflowError: injected] {library=1}\n");
    }

    @ParameterizedTest
    @CsvSource({"POOL, test=1", "POOL_OF_LIBRARY, library=1"})
    void threadThatPoolReplacesIsNoFault(Place place, String count) throws Exception {
        Result result = run(place, "error");
        assertThat(result.status()).isZero();
        assertThat(result.output()).containsPattern("(?m)^\\[] \\{.*" + count + "}$");
    }

    /** systemd starts the daemon again after status 1, and not after 2 and 3. */
    @Test
    void unitRestartsDaemonAfterLackOfMemory() throws Exception {
        assertThat(Files.readAllLines(Path.of("agent/aioscope.service")))
                .contains("Restart=on-failure", "RestartPreventExitStatus=2 3")
                .noneMatch(line -> line.startsWith("SuccessExitStatus=1 "));
        assertThat(Files.readString(Path.of("agent/jvm.options"))).doesNotContain("OnOutOfMemoryError");
    }
}
