package dev.aioscope.agent;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.bcc.UserSymbols;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Has the names of user stacks looked up as soon as a stack is seen, while its process is still there. */
public final class StackSymbolizer implements AutoCloseable {
    /** The helper gives up a little earlier. */
    private static final int PATIENCE_SECONDS = 12;

    private final UserSymbols symbols;

    private StackSymbolizer(UserSymbols symbols) {
        this.symbols = symbols;
    }

    /**
     * Starts the helper process that does it.
     *
     * @throws ProbeException if libbcc is not there
     */
    public static StackSymbolizer start() {
        return new StackSymbolizer(UserSymbols.start());
    }

    /** Hands all news on, and looks up the stacks among it. */
    public LifecycleListener before(LifecycleListener next) {
        return new ForwardingListener() {
            @Override
            public void tell(Consumer<LifecycleListener> news) {
                news.accept(next);
            }

            @Override
            public void onStack(UserStack stack) {
                CompletableFuture<List<String>> names = symbols.lookUp(stack.pid(), stack.addresses());
                stack.nameBy(() -> await(names));
                next.onStack(stack);
            }
        };
    }

    private static List<String> await(CompletableFuture<List<String>> names) {
        try {
            return names.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    /** Ends the helper; stacks that have no names by then keep their addresses. */
    @Override
    public void close() {
        symbols.close();
    }
}
