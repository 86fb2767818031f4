package dev.aioscope.config;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A setting of the daemon. A flag {@code --name}, a variable, or a line of the settings file sets it.
 *
 * @param name as in the file
 * @param parameter the type of its value, such as {@code TIME}
 * @param initial its default; null if there is none
 * @param isList whether it takes several values
 * @param reloads whether a running daemon can reload it
 * @param isEverywhere whether it applies to every command, not only to the daemon
 * @param meaning a description in a few sentences
 * @param check returns what is wrong with a value; empty if it is valid
 */
public record Setting(
        String name,
        String parameter,
        @Nullable String initial,
        boolean isList,
        boolean reloads,
        boolean isEverywhere,
        String meaning,
        Function<String, Optional<String>> check) {

    /** The prefix of all variables. */
    static final String PREFIX = "AIOSCOPE_";

    /** The flag on the command line. */
    public String flag() {
        return "--" + name;
    }

    /** The name of the variable. */
    public String variable() {
        return PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }
}
