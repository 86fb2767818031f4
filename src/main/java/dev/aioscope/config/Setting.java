package dev.aioscope.config;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something that the operator can set: by a flag {@code --name}, by a variable, or by a line of the settings file.
 *
 * @param name as in the file
 * @param parameter what kind of value it takes, such as {@code TIME}
 * @param initial its value if nobody sets it; null if there is none then
 * @param isList whether it takes several values
 * @param reloads whether it can change while the daemon runs
 * @param isEverywhere whether it holds for every command, and not for the daemon only
 * @param meaning in a few sentences
 * @param check what is wrong with a value; empty if nothing is
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

    /** What the name of each variable begins with. */
    static final String PREFIX = "AIOSCOPE_";

    /** The flag of the command line. */
    public String flag() {
        return "--" + name;
    }

    /** The name of the variable. */
    public String variable() {
        return PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_');
    }
}
