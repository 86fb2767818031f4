package dev.aioscope.host;

import dev.aioscope.kernel.Host;
import dev.aioscope.worker.Worker;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.IntFunction;

/**
 * The names of users, or of groups. The accounts of a file of this host are known at once. Others can be in a directory
 * service that answers late: until a worker has the name, their number replaces it. Thread-safe.
 */
final class AccountNames {
    private static final int MAX_ACCOUNTS = 4096;
    private static final Path NO_ACCOUNTS = Path.of("/dev/null");
    private static final boolean ARE_OF_HOST = Host.hasRootOfHost();

    private final Path accounts;
    private final IntFunction<Optional<String>> directory;
    private final BiConsumer<String, String> onLateName;
    private final Map<Integer, String> names = new ConcurrentHashMap<>();

    /**
     * Knows no name yet.
     *
     * @param accounts a file in the format of /etc/passwd or /etc/group
     * @param directory the name of any account, or empty; can wait
     * @param onLateName gets the number and the name of an account whose number {@link #name} returned, on a worker
     */
    AccountNames(Path accounts, IntFunction<Optional<String>> directory, BiConsumer<String, String> onLateName) {
        this.accounts = accounts;
        this.directory = directory;
        this.onLateName = onLateName;
    }

    /** In a container, where the names are those of an image, it knows only numbers. */
    static AccountNames ofHost(
            Path accounts, IntFunction<Optional<String>> directory, BiConsumer<String, String> onLateName) {
        return new AccountNames(ARE_OF_HOST ? accounts : NO_ACCOUNTS, ofHost(directory), onLateName);
    }

    /** The same for a directory of accounts. */
    static IntFunction<Optional<String>> ofHost(IntFunction<Optional<String>> directory) {
        return ARE_OF_HOST ? directory : id -> Optional.empty();
    }

    /** The name of an account, or its number. Never waits for a directory service. */
    String name(int id) {
        String known = names.get(id);
        return known == null ? find(id) : known;
    }

    private String find(int id) {
        readAccounts();
        String number = Integer.toUnsignedString(id);
        String name = names.putIfAbsent(id, number);
        if (name == null) {
            Worker.startOnce("account-names", self -> ask(id, number));
        }
        return name == null ? number : name;
    }

    private void ask(int id, String number) {
        directory.apply(id).ifPresent(name -> {
            names.put(id, name);
            onLateName.accept(number, name);
        });
    }

    private void readAccounts() {
        if (names.size() >= MAX_ACCOUNTS) {
            names.clear();
        }
        Host.read(accounts.toString()).stream()
                .flatMap(String::lines)
                .map(line -> line.split(":", 4))
                .filter(fields -> fields.length == 4 && fields[2].matches("\\d{1,9}"))
                .limit(MAX_ACCOUNTS)
                .forEach(fields -> names.putIfAbsent(Integer.parseInt(fields[2]), fields[0]));
    }
}
