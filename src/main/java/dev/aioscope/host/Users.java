package dev.aioscope.host;

import dev.aioscope.kernel.Host;
import dev.aioscope.kernel.Libc;
import dev.aioscope.worker.Worker;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * The names of users. The accounts of /etc/passwd are known at once. Others can be in a directory service that answers
 * late: until a worker has the name, their number replaces it. Thread-safe.
 */
final class Users {
    private static final int MAX_USERS = 4096;

    private final Path accounts;
    private final BiConsumer<String, String> onLateName;
    private final Map<Integer, String> names = new ConcurrentHashMap<>();

    /**
     * Knows no name yet.
     *
     * @param accounts a file in the format of /etc/passwd
     * @param onLateName gets the number and the name of a user whose number {@link #name} returned, on a worker
     */
    Users(Path accounts, BiConsumer<String, String> onLateName) {
        this.accounts = accounts;
        this.onLateName = onLateName;
    }

    /** The name of a user, or its number. Never waits for a directory service. */
    String name(int uid) {
        String known = names.get(uid);
        return known == null ? find(uid) : known;
    }

    private String find(int uid) {
        readAccounts();
        String number = Integer.toUnsignedString(uid);
        String name = names.putIfAbsent(uid, number);
        if (name == null) {
            Worker.startOnce("user-names", self -> ask(uid, number));
        }
        return name == null ? number : name;
    }

    private void ask(int uid, String number) {
        Libc.userName(uid).ifPresent(name -> {
            names.put(uid, name);
            onLateName.accept(number, name);
        });
    }

    private void readAccounts() {
        if (names.size() >= MAX_USERS) {
            names.clear();
        }
        Host.read(accounts.toString()).stream()
                .flatMap(String::lines)
                .map(line -> line.split(":", 4))
                .filter(fields -> fields.length == 4 && fields[2].matches("\\d{1,9}"))
                .limit(MAX_USERS)
                .forEach(fields -> names.putIfAbsent(Integer.parseInt(fields[2]), fields[0]));
    }
}
