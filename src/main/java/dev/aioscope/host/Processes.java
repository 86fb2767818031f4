package dev.aioscope.host;

import dev.aioscope.kernel.HelperProcess;
import dev.aioscope.lifecycle.Task;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The identities of processes, each looked at once and remembered after its end. To read the command line of a process
 * that dies meanwhile can make the reader wait for that process's requests: so a {@link ProcessReader} does it, which is
 * left behind if it hangs. Bounded.
 */
public final class Processes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Processes.class);
    private static final int MOST = 16_384;
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration PATIENCE_AT_START = Duration.ofSeconds(60);

    private record Key(int pid, long start) {}

    private final Map<Key, Identity> known = new LinkedHashMap<>(16, 0.75f, true);
    private @Nullable HelperProcess helper;
    private boolean isBroken;

    /**
     * The identity of the process of this thread.
     *
     * @return with nothing in it if it has ended before it was looked at, or cannot be looked at
     */
    public synchronized Identity of(Task task) {
        Key key = new Key(task.pid(), task.processStart());
        Identity identity = known.get(key);
        if (identity == null) {
            identity = ask(key.pid, key.start);
            known.put(key, identity);
            if (known.size() > MOST) {
                known.remove(known.keySet().iterator().next());
            }
        }
        return identity;
    }

    private Identity ask(int pid, long start) {
        if (isBroken) {
            return Identity.UNKNOWN;
        }
        try {
            HelperProcess asked = helper;
            if (asked == null) {
                asked = new HelperProcess(ProcessReader.class, PATIENCE_AT_START);
                helper = asked;
            }
            return parse(asked.ask(pid + " " + start, PATIENCE));
        } catch (IOException e) {
            LOG.warn("Process {} stays without executable and container: {}", pid, e.getMessage());
            // One that hangs cannot be killed; the next question gets another. One that does not even start never will.
            isBroken = helper == null;
            close();
            return Identity.UNKNOWN;
        }
    }

    /** Reads an answer of {@link ProcessReader}; one that is not as it should be tells nothing. */
    static Identity parse(String answer) {
        List<String> fields = new ArrayList<>();
        for (String field : answer.split("\t", -1)) {
            fields.add(ProcessReader.unescape(field));
        }
        if (fields.size() < 3) {
            return Identity.UNKNOWN;
        }
        return new Identity(
                presence(fields.get(0)),
                fields.subList(3, fields.size()),
                presence(fields.get(1)),
                ControlGroup.path(fields.get(2)).orElse(null));
    }

    private static @Nullable String presence(String text) {
        return text.isEmpty() ? null : text;
    }

    /** Ends the helper. What is known stays. */
    @Override
    public synchronized void close() {
        if (helper != null) {
            helper.close();
            helper = null;
        }
    }
}
