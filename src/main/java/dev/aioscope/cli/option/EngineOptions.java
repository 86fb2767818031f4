package dev.aioscope.cli.option;

import dev.aioscope.config.Configurable;
import dev.aioscope.probe.Tier;
import dev.aioscope.probe.bcc.BccEngine;
import dev.aioscope.probe.bpf.Engine;
import dev.aioscope.probe.core.CoreEngine;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The engine option, and the settings file that can set it. */
final class EngineOptions {
    enum EngineOption {
        AUTO,
        CORE,
        BCC;

        private List<Engine> engines() {
            return switch (this) {
                case AUTO -> List.of(new CoreEngine(), new BccEngine());
                case CORE -> List.of(new CoreEngine());
                case BCC -> List.of(new BccEngine());
            };
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Mixin
    @SuppressWarnings("UnusedVariable") // SettingsModel finds it by name.
    private ConfigOption config;

    @Configurable(everywhere = true)
    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "auto",
            description = {
                "Select the BPF engine (default: ${DEFAULT-VALUE}).",
                "auto: core, else bcc. core: load precompiled programs with libbpf. bcc: compile them on this host with"
                        + " libbcc, without kernel headers. The tier proc uses neither."
            })
    private EngineOption engine = EngineOption.AUTO;

    /** The engines to try, the preferred one first. */
    List<Engine> all() {
        return engine.engines();
    }

    /**
     * The tiers to try.
     *
     * @param wanted named like a tier; AUTO selects {@code tiers}, without {@code proc} if an engine is set
     */
    List<Tier> tiers(Enum<?> wanted, List<Tier> tiers) {
        if (!wanted.name().equals("AUTO")) {
            return List.of(Tier.valueOf(wanted.name()));
        }
        return engine == EngineOption.AUTO
                ? tiers
                : tiers.stream().filter(tier -> tier != Tier.PROC).toList();
    }
}
