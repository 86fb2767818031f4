package dev.aioscope.agent;

import dev.aioscope.lifecycle.ForwardingListener;
import dev.aioscope.lifecycle.LifecycleListener;
import dev.aioscope.lifecycle.UserStack;
import dev.aioscope.probe.ProbeException;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.UserSymbols;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Resolves the names of a user stack as soon as the probes report it, while its process still exists. */
public final class StackSymbolizer implements AutoCloseable {
    private final UserSymbols symbols;

    private StackSymbolizer(UserSymbols symbols) {
        this.symbols = symbols;
    }

    /**
     * Starts the helper process.
     *
     * @throws ProbeException if libbcc is not available
     */
    public static StackSymbolizer start() {
        return new StackSymbolizer(UserSymbols.start());
    }

    /** Forwards all events and resolves the names of stacks. */
    public LifecycleListener before(LifecycleListener next) {
        return new ForwardingListener() {
            @Override
            public void forward(Consumer<LifecycleListener> delivery) {
                delivery.accept(next);
            }

            @Override
            public void onStack(UserStack stack) {
                CompletableFuture<List<String>> names = symbols.resolve(stack.pid(), stack.addresses());
                stack.nameBy(() -> symbols.await(names));
                next.onStack(stack);
            }
        };
    }

    /** Why stacks are unavailable in this tier; empty if they are available. */
    public static Optional<String> unavailable(Tier tier) {
        return tier == Tier.FULL || tier == Tier.SYSCALL
                ? Optional.empty()
                : Optional.of("No stacks: the tier " + tier.label() + " has no probe on io_setup and io_destroy");
    }

    /** Stops the helper. Stacks without names keep their addresses. */
    @Override
    public void close() {
        symbols.close();
    }
}
