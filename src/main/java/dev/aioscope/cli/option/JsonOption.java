package dev.aioscope.cli.option;

import picocli.CommandLine.Option;

/** The option that selects JSON output. */
public final class JsonOption {
    @Option(names = "--json", description = "Print JSON, one object per line (agent/json.md).")
    private boolean enabled;

    public boolean isEnabled() {
        return enabled;
    }
}
